/**
 * WAMP over long-polling, for networks that let no WebSocket through: a client POSTs to `open`, then messages to `<id>/send`, and asks
 * `<id>/receive`, which answers when there is one. Each connection is one end of a local pair, whose other end the router has; here messages
 * become bytes and back. [WAMP longpoll]
 */
import { randomBytes, toHex } from "../../auth/bytes.ts";
import type { Clock, MessageHandler, Timer, Transport } from "../../router/ports.ts";
import { appendItem, SEPARATOR, separatorOf, splitBatch } from "../../transports/batch.ts";
import type { TransportHost, TransportStats } from "../../transports/host.ts";
import { createLocalPair, type LocalEnd } from "../../transports/local.ts";
import { chooseSubprotocol, serializerOf, type Subprotocol } from "../../transports/subprotocol.ts";
import { substituteOf } from "../../transports/unsendable.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import type { Message } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { parse } from "../../wamp/parse.ts";
import { ProtocolError } from "../../wamp/protocol_error.ts";
import { serialize } from "../../wamp/serialize.ts";
import type { LongPollConfig } from "../config/schema_longpoll.ts";
import type { WebPeer } from "./bridge.ts";
import { bodyOf, Refusal } from "./bridge_guard.ts";
import { preflight, withOrigin } from "./cross_origin.ts";
import type { WebPath } from "./web_path.ts";

export interface LongPollParts {
  readonly attach: (transport: Transport) => MessageHandler;
  readonly host: TransportHost;
  readonly stats: TransportStats;
  /** Id of the configured transport. */
  readonly listener: string;
  readonly clock: Clock;
  /** Connections that are open, to be ended with the transport. */
  readonly open: Set<{ end(): void }>;
}

/** What answers a service's requests. */
export function longPoll(
  { options }: LongPollConfig,
  parts: LongPollParts,
): (request: Request, path: WebPath, peer: WebPeer) => Promise<Response> {
  const connections = new Map<string, Connection>();
  const open = (body: Uint8Array, peer: WebPeer): Response => {
    const subprotocol = chosen(body);
    if (subprotocol instanceof Refusal) return refused(subprotocol);
    const id = toHex(randomBytes(16));
    const onEnd = () => connections.delete(id);
    connections.set(id, new Connection(subprotocol, options, parts, peer, onEnd));
    const { name } = subprotocol;
    return Response.json({ "protocol": name, "transport": id }, { headers: FRESH });
  };
  const answer = async (request: Request, path: WebPath, peer: WebPeer): Promise<Response> => {
    if (request.method !== "POST") return refused(new Refusal(405, "Only POST works here"));
    const body = await bodyOf(request, options.max_message_size);
    if (body instanceof Refusal) return refused(body);
    const [id = "", action, ...more] = path.names;
    if (id === "open" && action === undefined) return open(body, peer);
    const connection = connections.get(id);
    if (connection === undefined || more.length > 0) {
      return refused(new Refusal(404, "There is no such connection"));
    }
    connection.touch();
    switch (action) {
      case "send":
        return connection.take(body);
      case "receive":
        return await connection.poll(request.signal);
      case "close":
        connection.end();
        return nothing();
      default:
        return refused(new Refusal(404, 'Expected "send", "receive" or "close"'));
    }
  };
  return async (request, path, peer) =>
    request.method === "OPTIONS"
      ? preflight(request)
      : withOrigin(request, await answer(request, path, peer));
}

const FRESH = { "cache-control": "no-store" };

function refused({ status, text }: Refusal): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...FRESH, "content-type": "text/plain; charset=utf-8" },
  });
}

function chosen(body: Uint8Array): Subprotocol | Refusal {
  let wish: unknown;
  try {
    wish = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return new Refusal(400, "The body must be JSON");
  }
  const protocols = isDict(wish) ? wish["protocols"] : undefined;
  if (!Array.isArray(protocols)) return new Refusal(400, 'The body must have "protocols", a list');
  const names = protocols.filter((name) => typeof name === "string");
  return chooseSubprotocol(names, codecs) ??
    new Refusal(400, `Expected one of ${codecs.map(({ name }) => `wamp.2.${name}`).join(", ")}`);
}

const LAST_WORDS_MS = 30_000;

class Connection implements MessageHandler {
  readonly #subprotocol: Subprotocol;
  readonly #options: LongPollConfig["options"];
  readonly #parts: LongPollParts;
  readonly #onEnd: () => void;
  readonly #end: LocalEnd;
  #queue: Uint8Array<ArrayBuffer>[] = [];
  #queuedBytes = 0;
  #poll: ((response: Response) => void) | undefined;
  #pollTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  /** What the client ends its JSON messages with. */
  #separator = SEPARATOR;
  /** The router has ended the session. */
  #isClosed = false;
  /** Nothing more can be fetched. */
  #isGone = false;
  /** As a socket would, it keeps the process alive: timers of the clock do not. */
  readonly #alive = setInterval(() => {}, 60_000);

  constructor(
    subprotocol: Subprotocol,
    options: LongPollConfig["options"],
    parts: LongPollParts,
    peer: WebPeer,
    onEnd: () => void,
  ) {
    this.#subprotocol = subprotocol;
    this.#options = options;
    this.#parts = parts;
    this.#onEnd = onEnd;
    const pair = createLocalPair(parts.host.onFault, {
      kind: "longpoll",
      serializer: serializerOf(subprotocol),
      peer: peer.name,
      isSecure: peer.isSecure,
      listener: parts.listener,
    });
    this.#end = pair.client;
    parts.open.add(this);
    pair.client.attach(this);
    pair.router.attach(parts.attach(pair.router));
    this.touch();
  }

  /** The client is there. */
  touch(): void {
    this.#idleTimer?.cancel();
    if (this.#isGone) return;
    // What the router said last is kept for a while in any case.
    const ms = this.#options.session_timeout * 1000 || (this.#isClosed ? LAST_WORDS_MS : 0);
    if (ms === 0) return;
    this.#idleTimer = this.#parts.clock.after(ms, () => {
      if (this.#poll === undefined) this.end();
      else this.touch();
    });
  }

  /** Messages of the client. */
  take(body: Uint8Array): Response {
    const { codec, isBatched } = this.#subprotocol;
    try {
      if (!codec.isBinary) new TextDecoder("utf-8", { fatal: true }).decode(body);
      if (!isBatched) this.#received(body, 0, body.length);
      else {
        const each = (start: number, end: number) => this.#received(body, start, end);
        this.#separator = separatorOf(body, body.length);
        const problem = splitBatch(body, 0, body.length, codec, this.#separator, each);
        if (problem !== undefined) throw new ProtocolError(problem);
      }
      return nothing();
    } catch (error) {
      if (!(error instanceof ProtocolError) && !(error instanceof TypeError)) throw error;
      this.end();
      return refused(new Refusal(400, error.message));
    }
  }

  #received(bytes: Uint8Array, start: number, end: number): void {
    const { host, stats } = this.#parts;
    stats.receivedMessages++;
    stats.receivedBytes += end - start;
    this.#end.send(parse(host.decoder(this.#subprotocol.codec), bytes, start, end));
  }

  /** Answers when there is a message, or when it has waited long enough. A second one takes the place of the first. */
  poll(signal: AbortSignal): Promise<Response> {
    this.#answer(nothing());
    return new Promise((resolve) => {
      this.#poll = resolve;
      const ms = this.#options.request_timeout * 1000;
      if (ms > 0) {
        this.#pollTimer = this.#parts.clock.after(ms, () => {
          this.#answer(nothing());
          this.touch();
        });
      }
      // Who has gone shall not take a message along.
      signal.addEventListener("abort", () => {
        if (this.#poll === resolve) this.#answer(nothing());
      });
      this.#flush();
    });
  }

  /** A message of the router's. */
  receive(message: Message): void {
    const { stats, host } = this.#parts;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = this.#encoded(message);
    } catch (cause) {
      host.onFault(cause);
      const substitute = substituteOf(message, cause);
      if (substitute.kind === "send" || substitute.kind === "end") this.receive(substitute.message);
      if (substitute.kind === "receive") this.#end.send(substitute.message);
      if (substitute.kind === "end") this.end();
      return;
    }
    stats.sentMessages++;
    stats.sentBytes += bytes.length;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    const { queue_limit_bytes: most, queue_limit_messages: mostMessages } = this.#options;
    if (
      this.#poll === undefined &&
      (this.#queuedBytes > most || this.#queue.length > mostMessages)
    ) {
      stats.closedSlowConsumers++;
      return this.end();
    }
    this.#flush();
  }

  fail(): void {
    this.end();
  }

  /** The router has ended the session; what it said before is still to be fetched. */
  closed(): void {
    this.#isClosed = true;
    this.touch();
    if (this.#queue.length === 0) this.#gone();
    else this.#flush();
  }

  /** Ends the connection, whatever waits. */
  end(): void {
    this.#end.end("");
    this.#gone();
  }

  #encoded(message: Message): Uint8Array<ArrayBuffer> {
    const { codec } = this.#subprotocol;
    const writer = codec.newWriter(256);
    serialize(writer, codec, message);
    return writer.bytes.slice(0, writer.length);
  }

  #flush(): void {
    if (this.#poll === undefined || this.#queue.length === 0) return;
    const { codec, isBatched } = this.#subprotocol;
    const messages = isBatched ? this.#queue.splice(0) : this.#queue.splice(0, 1);
    const writer = codec.newWriter(256);
    for (const message of messages) {
      if (isBatched) appendItem(writer, codec, message, this.#separator);
      else writer.range(message, 0, message.length);
      this.#queuedBytes -= message.length;
    }
    const type = codec.isBinary ? `application/x-${codec.name}` : "application/json";
    const headers = { ...FRESH, "content-type": type };
    this.#answer(new Response(writer.bytes.slice(0, writer.length), { headers }));
    if (this.#isClosed && this.#queue.length === 0) this.#gone();
  }

  #answer(response: Response): void {
    this.#pollTimer?.cancel();
    this.#pollTimer = undefined;
    const poll = this.#poll;
    this.#poll = undefined;
    poll?.(response);
  }

  #gone(): void {
    this.#isGone = true;
    clearInterval(this.#alive);
    this.#parts.open.delete(this);
    this.#queue = [];
    this.#answer(nothing());
    this.touch();
    this.#onEnd();
  }
}

/** AutobahnJS takes no other status for messages that were sent, and for the end. */
function nothing(): Response {
  return new Response(null, { status: 204, headers: FRESH });
}
