/**
 * A proxy in front of a router that tells every message of every connection, in both directions. It speaks WebSocket and RawSocket with any
 * serializer to clients, and to the router as its URL says, with the client's serializer; messages are passed on unchanged.
 */
import type { ClosedHow, MessageHandler, Transport } from "../../router/ports.ts";
import type { ClientTlsOptions } from "../../transports/endpoint.ts";
import { dial } from "../../transports/dial.ts";
import { newStats, TransportHost } from "../../transports/host.ts";
import { listen } from "../../transports/listen.ts";
import { serveRawSocket } from "../../transports/rawsocket.ts";
import { serveStream } from "../../transports/sniff.ts";
import { serveWebSocket } from "../../transports/websocket.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
} from "../../transports/websocket_options.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { writeMessage, writeValue } from "../../wamp/codec/json_text.ts";
import { keptMessage } from "../../wamp/message_ring.ts";
import { type Message, Type } from "../../wamp/message.ts";
import { type Entry, MASK, messageText, type Side } from "./recording.ts";

export interface RecorderOptions {
  /** Of the router. */
  readonly url: string;
  readonly tls?: ClientTlsOptions | undefined;
  /** Where to listen. */
  readonly host: string;
  readonly port: number;
  /** What clients prove themselves by is told, too. */
  readonly keepsSecrets: boolean;
  /** Gets each line of the recording behind the first. */
  readonly write: (line: string) => void;
  /** A bug of ours: the connection ends. */
  readonly onFault: (error: unknown) => void;
}

export interface Recorder {
  readonly port: number;
  /** Connections and messages so far. */
  readonly counts: { sessions: number; messages: number };
  close(): Promise<void>;
}

const QUIET_MS = 10_000;

/** Rejects with a ListenError. */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const host = new TransportHost({
    onFault: options.onFault,
    // A recording that lacks events would say what is not so.
    slowConsumers: { policy: "close", limitBytes: 2 ** 26, hardLimitBytes: 2 ** 27 },
  });
  const began = performance.now();
  const counts = { sessions: 0, messages: 0 };
  const open = new Set<Relay>();
  const attach = (near: Transport): MessageHandler => {
    const session = ++counts.sessions;
    const tell = (from: Side, what: Message | Told) => {
      const ms = Math.round((performance.now() - began) * 1000) / 1000;
      const head = { ms, session, from };
      if (!("type" in what)) return options.write(writeValue({ ...head, ...what }));
      counts.messages++;
      const shown = options.keepsSecrets ? what : withoutSecrets(what);
      options.write(messageText(head, writeMessage(shown)));
    };
    const relay = new Relay(near, options, host, tell, () => open.delete(relay));
    open.add(relay);
    return relay;
  };
  const service = { host, stats: newStats(), codecs, attach };
  const listener = await listen(
    { kind: "tcp", host: options.host, port: options.port },
    (stream) => {
      serveStream(stream, {
        rawsocket: (one, first) =>
          serveRawSocket(one, first, { ...service, options: DEFAULT_RAWSOCKET_OPTIONS }),
        upgrade: (one, request, rest) => {
          const upgrade = { request, first: rest, end: 0 };
          serveWebSocket(one, upgrade, { ...service, options: DEFAULT_WEBSOCKET_OPTIONS });
          return true;
        },
        timeouts: { firstByteMs: QUIET_MS, headMs: QUIET_MS },
        wheel: host.deadlines,
      });
    },
  );
  return {
    port: "port" in listener.address ? listener.address.port : 0,
    counts,
    close: async () => {
      await listener.close();
      for (const relay of open) relay.end("The recording ends");
    },
  };
}

type Told = Pick<Entry, "connected" | "broken" | "closed">;

/** Tickets and tokens stand in AUTHENTICATE as they are; whoever has that of a session can take it up. */
function withoutSecrets(message: Message): Message {
  if (message.type === Type.AUTHENTICATE) return { ...message, signature: MASK };
  if (message.type !== Type.HELLO && message.type !== Type.WELCOME) return message;
  const details = Object.entries(message.details)
    .map(([name, value]) => [name, RESUME_TOKENS.includes(name) ? MASK : value]);
  return { ...message, details: Object.fromEntries(details) };
}

const RESUME_TOKENS = ["resume-token", "resume_token"];

/** One connection of a client, and the one to the router that it has led to. Handles what the client sends. */
class Relay implements MessageHandler {
  readonly #near: Transport;
  readonly #tell: (from: Side, what: Message | Told) => void;
  readonly #over: () => void;
  #far: Transport | undefined = undefined;
  /** What the client has sent before the router was there. */
  #waiting: Message[] = [];
  #isOver = false;

  constructor(
    near: Transport,
    options: RecorderOptions,
    host: TransportHost,
    tell: (from: Side, what: Message | Told) => void,
    over: () => void,
  ) {
    this.#near = near;
    this.#tell = tell;
    this.#over = over;
    const { kind, serializer } = near.details;
    tell("client", { connected: { kind, serializer } });
    const codec = codecs.filter(({ name }) => name === serializer.split(".")[0]);
    const { url, tls } = options;
    dial({ url, codecs: codec, host, ...(tls && { tls }) }, (far) => this.#reached(far))
      .catch((error) =>
        this.#lost({ broken: error instanceof Error ? error.message : String(error) })
      );
  }

  receive(message: Message): void {
    this.#tell("client", message);
    if (this.#far === undefined) this.#waiting.push(keptMessage(message));
    else this.#far.send(message);
  }

  fail(error: Error): void {
    this.#tell("client", { broken: error.message });
    this.end("The client broke the protocol");
  }

  closed(how: ClosedHow): void {
    this.#finish("client", { closed: how });
    this.#far?.end("The client has closed its connection");
  }

  end(reason: string): void {
    this.#near.end(reason);
    this.#far?.end(reason);
  }

  #reached(far: Transport): MessageHandler {
    this.#far = far;
    if (this.#isOver) far.end("The client has gone");
    for (const message of this.#waiting.splice(0)) far.send(message);
    return {
      receive: (message) => {
        this.#tell("router", message);
        this.#near.send(message);
      },
      fail: (error) => this.#lost({ broken: error.message }),
      closed: (how) => this.#lost({ closed: how }),
    };
  }

  /** The router has gone, or was not reached. */
  #lost(what: Told): void {
    this.#finish("router", what);
    this.#near.end("The router has closed its connection");
  }

  /** Only what ended it is told, not what followed. */
  #finish(from: Side, what: Told): void {
    if (!this.#isOver) this.#tell(from, what);
    this.#isOver = true;
    this.#over();
  }
}
