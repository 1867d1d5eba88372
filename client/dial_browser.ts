/**
 * The browser's WebSocket as a Transport. JSON comes with it, as text by the browser's own parser; other serializers are loaded when asked
 * for (`binary_frames.ts`).
 * A browser's socket does the framing, the pings and the closing; it has no back-pressure for what it receives and tells nobody why
 * a connection failed.
 */
import { SPECIAL } from "../wamp/codec/is_special_json.ts";
import { readMessage, writeMessage, writePayload } from "../wamp/codec/json_text.ts";
import type { Message } from "../wamp/message.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import type { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { InOrder } from "./in_order.ts";
import type { Dial, MessageHandler, SerializerName, Transport } from "./transport.ts";

/** A serializer as the browser's WebSocket wants it. */
export interface Frames {
  readonly name: SerializerName;
  write(message: Message): string | Uint8Array<ArrayBuffer>;
  /** Throws ProtocolError. */
  read(data: unknown): Message;
  /** What must be loaded before `data` is read. Never rejects. */
  ready?(data: unknown): Promise<void> | undefined;
  /** See `Transport.seal`. */
  seal(payload: Payload): void;
}

/** By the browser's own parser, until a message comes that it would read wrong. */
function jsonFrames(): Frames {
  let parse: (text: string) => unknown = JSON.parse;
  return {
    name: "json",
    write: writeMessage,
    read(data) {
      if (typeof data === "string") return readMessage(data, parse);
      throw new ProtocolError("Cannot read a message: found a binary frame, expected text");
    },
    ready(data) {
      if (parse !== JSON.parse || typeof data !== "string" || !SPECIAL.test(data)) return undefined;
      return import("../wamp/codec/json_special.ts").then(
        ({ readValue }) => void (parse = readValue),
        (cause) =>
          void (parse = () => {
            throw cause;
          }),
      );
    },
    seal: writePayload,
  };
}

/** Longest reason of a close frame, in bytes. */
const MAX_REASON_BYTES = 123;

export const dial: Dial = async ({ url, serializers, signal, native }, attach) => {
  const [choice] = Object.keys(native ?? {});
  if (choice !== undefined) throw new Error(`found "${choice}", which no browser lets one choose`);
  const known = await Promise.all(serializers.map(load));
  signal.throwIfAborted();
  const socket = new WebSocket(url, serializers.map((name) => `wamp.2.${name}`));
  socket.binaryType = "arraybuffer";
  await opened(socket, signal);
  const frames = known.find((one) => socket.protocol === `wamp.2.${one.name}`);
  if (frames === undefined) {
    socket.close();
    throw new Error(
      `found subprotocol "${socket.protocol}", expected one for ${serializers.join(", ")}`,
    );
  }
  const transport = new BrowserTransport(socket, frames);
  transport.deliverTo(attach(transport));
  return transport;
};

async function load(name: SerializerName): Promise<Frames> {
  return name === "json" ? jsonFrames() : (await import("./binary_frames.ts")).binaryFrames(name);
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      socket.close();
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp);
    const settle = () => signal.removeEventListener("abort", giveUp);
    socket.onopen = () => resolve(settle());
    socket.onclose = ({ code }) => {
      settle();
      reject(new Error(`found the connection refused or cut off (code ${code})`));
    };
  });
}

class BrowserTransport implements Transport {
  readonly details: Transport["details"];
  readonly #socket: WebSocket;
  readonly #frames: Frames;

  constructor(socket: WebSocket, frames: Frames) {
    this.#socket = socket;
    this.#frames = frames;
    this.details = {
      kind: "websocket",
      serializer: frames.name,
      peer: socket.url,
      isSecure: socket.url.startsWith("wss:"),
    };
  }

  /** From now on messages go to `handler`. To be called in the turn in which the socket opened. */
  deliverTo(handler: MessageHandler): void {
    const socket = this.#socket;
    const order = new InOrder();
    socket.onmessage = ({ data }: MessageEvent<unknown>) =>
      order.do(this.#frames.ready?.(data), () => this.#read(data, handler));
    socket.onclose = ({ wasClean }) =>
      order.do(undefined, () => handler.closed(wasClean ? "clean" : "reset"));
  }

  send(message: Message): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(this.#frames.write(message));
  }

  seal(payload: Payload): void {
    this.#frames.seal(payload);
  }

  deliver(outgoing: Outgoing): void {
    this.send(outgoing.message);
  }

  end(reason: string): void {
    this.#socket.close(1000, reason.length * 3 <= MAX_REASON_BYTES ? reason : "");
  }

  /** Nothing in client/ pauses a transport: a browser's socket could not. */
  pause(): void {}

  resume(): void {}

  #read(data: unknown, handler: MessageHandler): void {
    try {
      handler.receive(this.#frames.read(data));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      handler.fail(error);
    }
  }
}
