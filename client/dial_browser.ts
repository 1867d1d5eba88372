/**
 * The browser's WebSocket as a Transport. JSON comes with it, other serializers are loaded when asked for.
 * A browser's socket does the framing, the pings and the closing; it has no back-pressure for what it receives and tells nobody why
 * a connection failed.
 */
import { ByteWriter } from "../wamp/byte_writer.ts";
import type { Codec, Decoder } from "../wamp/codec/codec.ts";
import { json } from "../wamp/codec/json.ts";
import type { Message } from "../wamp/message.ts";
import type { Payload } from "../wamp/payload.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import { parse } from "../wamp/parse.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { serialize } from "../wamp/serialize.ts";
import { UriTable } from "../wamp/uri_table.ts";
import type { Dial, MessageHandler, SerializerName, Transport } from "./transport.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Longest reason of a close frame, in bytes. */
const MAX_REASON_BYTES = 123;

export const dial: Dial = async ({ url, serializers, signal }, attach) => {
  const codecs = await Promise.all(serializers.map(load));
  signal.throwIfAborted();
  const socket = new WebSocket(url, serializers.map((name) => `wamp.2.${name}`));
  socket.binaryType = "arraybuffer";
  await opened(socket, signal);
  const codec = codecs.find((one) => socket.protocol === `wamp.2.${one.name}`);
  if (codec === undefined) {
    socket.close();
    throw new Error(
      `found subprotocol "${socket.protocol}", expected one for ${serializers.join(", ")}`,
    );
  }
  const transport = new BrowserTransport(socket, codec);
  transport.deliverTo(attach(transport));
  return transport;
};

async function load(name: SerializerName): Promise<Codec> {
  switch (name) {
    case "json":
      return json;
    case "msgpack":
      return (await import("../wamp/codec/msgpack.ts")).msgpack;
    case "cbor":
      return (await import("../wamp/codec/cbor.ts")).cbor;
  }
}

function opened(socket: WebSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      socket.close();
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp);
    socket.onopen = () => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    };
    socket.onclose = ({ code }) => {
      signal.removeEventListener("abort", giveUp);
      reject(new Error(`found the connection refused or cut off (code ${code})`));
    };
  });
}

class BrowserTransport implements Transport {
  readonly details: Transport["details"];
  readonly #socket: WebSocket;
  readonly #codec: Codec;
  readonly #decoder: Decoder;
  readonly #writer = new ByteWriter(1024);

  constructor(socket: WebSocket, codec: Codec) {
    this.#socket = socket;
    this.#codec = codec;
    this.#decoder = codec.decoder(new UriTable(Math.random() * 2 ** 32, 256));
    this.details = {
      kind: "websocket",
      serializer: codec.name,
      peer: socket.url,
      isSecure: socket.url.startsWith("wss:"),
    };
  }

  /** From now on messages go to `handler`. To be called in the turn in which the socket opened. */
  deliverTo(handler: MessageHandler): void {
    const socket = this.#socket;
    socket.onmessage = (event: MessageEvent<unknown>) => this.#read(event.data, handler);
    socket.onclose = ({ wasClean }) => handler.closed(wasClean ? "clean" : "reset");
  }

  send(message: Message): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const writer = this.#writer;
    writer.length = 0;
    serialize(writer, this.#codec, message);
    const bytes = writer.bytes.subarray(0, writer.length);
    this.#socket.send(this.#codec.isBinary ? bytes : DECODER.decode(bytes));
  }

  seal(payload: Payload): void {
    if (payload.count > 0) payload.in(this.#codec);
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
      const bytes = this.#bytesOf(data);
      handler.receive(parse(this.#decoder, bytes, 0, bytes.length));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      handler.fail(error);
    }
  }

  #bytesOf(data: unknown): Uint8Array {
    if (this.#codec.isBinary && data instanceof ArrayBuffer) return new Uint8Array(data);
    if (!this.#codec.isBinary && typeof data === "string") return ENCODER.encode(data);
    const kind = this.#codec.isBinary ? "binary" : "text";
    throw new ProtocolError(
      `Cannot read a message: found the wrong kind of frame, expected ${kind}`,
    );
  }
}
