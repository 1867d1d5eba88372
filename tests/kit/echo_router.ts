/**
 * A listener that speaks WebSocket and RawSocket and answers at the level of messages: CALL with RESULT, PUBLISH with EVENT, and
 * HELLO with WELCOME. What it sends borrows from what it received, as a router's messages do. And a client's end to talk to it.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClosedHow, MessageHandler, Transport } from "../../router/ports.ts";
import type { ByteStream } from "../../transports/byte_stream.ts";
import type { Endpoint, TlsOptions } from "../../transports/endpoint.ts";
import { newStats, TransportHost, type TransportStats } from "../../transports/host.ts";
import { listen } from "../../transports/listen.ts";
import { serveRawSocket } from "../../transports/rawsocket.ts";
import {
  refuseUpgrade,
  serveWebSocket,
  type WebSocketService,
} from "../../transports/websocket.ts";
import { parseUpgrade } from "../../transports/websocket_handshake.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
  type RawSocketOptions,
  type WebSocketOptions,
} from "../../transports/websocket_options.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Outgoing } from "../../wamp/outgoing.ts";
import type { Payload } from "../../wamp/payload.ts";
import type { ProtocolError } from "../../wamp/protocol_error.ts";

/** Answers every message of one peer. */
export class EchoSession implements MessageHandler {
  readonly transport: Transport;
  readonly failures: string[] = [];
  how: ClosedHow | undefined = undefined;

  #resolve: (how: ClosedHow) => void = () => {};
  readonly #closed = new Promise<ClosedHow>((resolve) => this.#resolve = resolve);

  constructor(transport: Transport) {
    this.transport = transport;
  }

  receive(message: Message): void {
    switch (message.type) {
      case Type.HELLO:
        return this.transport.send({ type: Type.WELCOME, session: 1, details: { "roles": {} } });
      case Type.CALL:
        if (message.procedure === "test.crash") throw new Error("Crashed as asked");
        if (message.procedure === "test.end") return this.transport.end("as asked");
        return this.transport.send({
          type: Type.RESULT,
          request: message.request,
          details: EMPTY_DICT,
          payload: message.payload,
        });
      case Type.PUBLISH:
        return this.transport.deliver(
          new Outgoing({
            type: Type.EVENT,
            subscription: 1,
            publication: message.request,
            details: EMPTY_DICT,
            payload: message.payload,
          }),
        );
    }
  }

  fail(error: ProtocolError): void {
    this.failures.push(error.message);
  }

  closed(how: ClosedHow): void {
    this.how = how;
    this.#resolve(how);
  }

  untilClosed(): Promise<ClosedHow> {
    return this.#closed;
  }
}

/** A client: keeps what it receives, and lets a test wait for it. */
export class Receiver implements MessageHandler {
  transport: Transport | undefined = undefined;
  readonly messages: Message[] = [];
  readonly failures: string[] = [];
  how: ClosedHow | undefined = undefined;
  #waiting: (() => void)[] = [];

  /** For `dial`. */
  readonly attach = (transport: Transport): MessageHandler => {
    this.transport = transport;
    return this;
  };

  receive(message: Message): void {
    this.messages.push(
      "payload" in message ? { ...message, payload: message.payload.keep() } as Message : message,
    );
    this.#wake();
  }

  fail(error: ProtocolError): void {
    this.failures.push(error.message);
    this.#wake();
  }

  closed(how: ClosedHow): void {
    this.how = how;
    this.#wake();
  }

  /** Resolves when `isTrue`; what wakes it is a message or the end. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      if (this.how !== undefined) throw new Error(`Closed: ${this.how} ${this.failures}`);
      await this.#next();
    }
  }

  async untilClosed(): Promise<ClosedHow> {
    while (this.how === undefined) await this.#next();
    return this.how;
  }

  /** Payloads received so far. */
  payloads(): Payload[] {
    return this.messages.flatMap((message) => "payload" in message ? [message.payload] : []);
  }

  #next(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

export interface EchoRouter {
  /** "127.0.0.1:4711" or "/tmp/x/socket". */
  readonly where: string;
  readonly stats: TransportStats;
  readonly faults: unknown[];
  readonly sessions: EchoSession[];
  close(): Promise<void>;
}

export interface EchoOptions {
  readonly isUnix?: boolean;
  readonly tls?: TlsOptions;
  readonly websocket?: Partial<WebSocketOptions>;
  readonly rawsocket?: Partial<RawSocketOptions>;
  readonly host?: Partial<ConstructorParameters<typeof TransportHost>[0]>;
  readonly onUpgrade?: WebSocketService["onUpgrade"];
}

export async function startEchoRouter(options: EchoOptions = {}): Promise<EchoRouter> {
  const faults: unknown[] = [];
  const sessions: EchoSession[] = [];
  const streams = new Set<ByteStream>();
  const stats = newStats();
  const host = new TransportHost({
    onFault: (error) => faults.push(error),
    poisons: true,
    ...options.host,
  });
  const attach = (transport: Transport) => {
    const session = new EchoSession(transport);
    sessions.push(session);
    return session;
  };
  const service = { host, stats, codecs, attach, listener: "transport001" };
  const websocket: WebSocketService = {
    ...service,
    serverName: "Echo/1",
    options: { ...DEFAULT_WEBSOCKET_OPTIONS, ...options.websocket },
    ...(options.onUpgrade === undefined ? {} : { onUpgrade: options.onUpgrade }),
  };
  const rawsocket = { ...service, options: { ...DEFAULT_RAWSOCKET_OPTIONS, ...options.rawsocket } };
  const endpoint: Endpoint = options.isUnix
    ? { kind: "unix", path: join(await mkdtemp(join(tmpdir(), "echo-")), "socket") }
    : {
      kind: "tcp",
      host: "127.0.0.1",
      port: 0,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    };
  const listener = await listen(endpoint, (stream) => {
    streams.add(stream);
    let first = new Uint8Array(0);
    stream.onData = (bytes) => {
      const all = new Uint8Array(first.length + bytes.length);
      all.set(first);
      all.set(bytes, first.length);
      first = all;
      if (first[0] === 0x7f) return serveRawSocket(stream, first, rawsocket);
      const parsed = parseUpgrade(first, first.length);
      if (parsed.kind === "upgrade") serveWebSocket(stream, { ...parsed, first }, websocket);
      else if (parsed.kind === "bad") refuseUpgrade(stream, host, parsed);
      else if (parsed.kind === "http") stream.abort();
    };
  });
  return {
    where: "path" in listener.address
      ? listener.address.path
      : `127.0.0.1:${listener.address.port}`,
    stats,
    faults,
    sessions,
    close: async () => {
      for (const stream of streams) stream.abort();
      await listener.close();
    },
  };
}
