/**
 * All that the router asks of the world. `transports/`, `node/` and tests implement it; `router/` knows nothing else of them.
 */
import type { ChannelBinding } from "../auth/authmethod.ts";
import type { Message } from "../wamp/message.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import type { Payload } from "../wamp/payload.ts";
import type { ProtocolError } from "../wamp/protocol_error.ts";
import type { HistoryFilter, Recorded } from "./history.ts";
import type { Retained } from "./retention.ts";

/** One peer's connection, seen from the router (or from a client's session). */
export interface Transport {
  readonly details: TransportDetails;
  /** Messages that it was given and will never send, as the peer does not read or cannot take them: the peer's count of messages goes
   * without them. Absent where there are none. */
  readonly omitted?: number;
  /** Sends to this peer alone. The payload is copied out before it returns. Never throws, never re-enters the caller, never closes
   * in place: a full or broken transport tells its `MessageHandler` on a later turn. */
  send(message: Message): void;
  /** As `send`, but throws what encoding throws: then nothing was sent. Absent where nothing is encoded. */
  sendOrThrow?(message: Message): void;
  /** As `send`, for a message that other peers receive too: encoded and framed once. */
  deliver(outgoing: Outgoing): void;
  /** For who keeps messages to send them again: encodes arguments that were made in this process, so that what is done to them later
   * does not matter. Throws what encoding throws. Absent where nothing is encoded. */
  seal?(payload: Payload): void;
  /** Closes the connection once what was sent has gone; nothing is received any more. `reason` is for logs and the close frame. */
  end(reason: string): void;
  /** Bytes that the peer has not taken yet. Absent where nothing ever waits. */
  readonly waiting?: number;
  /** Calls `run` once, on a later turn, when at most `bytes` wait. A second call takes the place of the first. */
  whenRoom?(bytes: number, run: () => void): void;
  /** Ends the connection now, as its peer does not read. */
  drop?(): void;
  /** Stops reading from the peer, while its inbox is parked. Messages already read may still arrive. */
  pause(): void;
  resume(): void;
}

/** Who receives what a transport reads. `Session` of the router is one, the client's session another. */
export interface MessageHandler {
  /** A message, in order. Its payload is valid until this returns. */
  receive(message: Message): void;
  /** As `receive`, for an answer that the transport gives in the peer's place, as the request did not fit the peer. For who counts what
   * the peer sends; the others' `receive` is called. */
  answered?(message: Message): void;
  /** The bytes were no message, or the peer broke the framing's rules. The transport sends what this leads to, then ends. */
  fail(error: ProtocolError): void;
  /** The connection is gone; nothing can be sent any more. Called exactly once, last. */
  closed(how: ClosedHow): void;
}

export type ClosedHow = "clean" | "reset" | "timeout" | "slow";

/** What a session may know of its connection: for session details, authenticators and logs. */
export interface TransportDetails {
  readonly kind: "websocket" | "rawsocket" | "longpoll" | "local";
  /** "json", "msgpack.batched", ... */
  readonly serializer: string;
  /** "tcp4:127.0.0.1:50122", "unix:/run/x.sock", "local". */
  readonly peer: string;
  /** Id of the configured transport that accepted the connection. */
  readonly listener?: string;
  readonly isSecure: boolean;
  /** Lower-case request headers and path of a WebSocket handshake. */
  readonly http?: {
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly protocol: string;
  };
  readonly certificate?: PeerCertificate;
  /** A name for the cookie of the handshake, which does not give it away. */
  readonly cookie?: string;
  /** What both ends of a TLS connection see and nobody between them can make the same, where the runtime tells. */
  channelBinding?(type: ChannelBinding): Uint8Array | undefined;
}

export interface PeerCertificate {
  readonly subject: Readonly<Record<string, string>>;
  /** Upper-case hexadecimal pairs with colons. */
  readonly sha256: string;
  /** The same of SHA-1. */
  readonly sha1?: string;
  /** It chains to an authority that the listener was told to trust. */
  readonly isTrusted?: boolean;
}

/** A cancellable moment. */
export interface Timer {
  cancel(): void;
}

/** The time. Tests hand in their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  after(ms: number, run: () => void): Timer;
}

export interface Random {
  /** Uniform over 1..2^53, not predictable. [WAMP ids] */
  sessionId(): number;
  /** Uniform over 1..2^53. [WAMP ids] */
  publicationId(): number;
  /** Uniform over 0..below-1. */
  index(below: number): number;
  /** A name that nobody can guess, for sessions without one. */
  authid(): string;
}

/** Structured, lazy log lines: `text` has {placeholders} for `properties`. */
export interface Log {
  /** Messages of the library's sessions. Absent where nobody looks at that level; asked for when a session connects. */
  readonly trace?:
    | ((text: string, properties: () => Readonly<Record<string, unknown>>) => void)
    | undefined;
  debug(text: string, properties: () => Readonly<Record<string, unknown>>): void;
  info(text: string, properties: Readonly<Record<string, unknown>>): void;
  warn(text: string, properties: Readonly<Record<string, unknown>>): void;
  error(text: string, properties: Readonly<Record<string, unknown>>): void;
}

/**
 * Where a realm keeps what must outlive its process: recorded events and retained ones. What it is given it takes within the call, payloads
 * included; what it answers comes on a later turn. Its faults are its own: it never throws, and says by `failure` that it cannot keep up.
 */
export interface Store {
  /** Why nothing can be stored now; undefined while all is well. */
  readonly failure: string | undefined;
  /** Counts what it has taken: whether a publication left something to wait for. */
  readonly taken: number;
  /** An event of a history, which is named by its place in `RealmOptions.eventHistory`. */
  append(history: number, event: Recorded): void;
  /** All that the topic retains from now on, latest first. */
  retain(topic: string, entries: readonly Retained[]): void;
  /** Calls back once all that was taken so far is safe, or with the reason why it is not. */
  committed(done: (failure: string | undefined) => void): void;
  /** Some events of a history that pass the filter, from its first on, or behind the last of an earlier page. */
  read(query: HistoryQuery, done: (page: HistoryPage | undefined) => void): void;
  /** What is retained from earlier; asked for once, when the realm starts. */
  retained(done: (entries: readonly Retained[]) => void): void;
}

export interface HistoryQuery {
  readonly history: number;
  readonly filter: HistoryFilter;
  /** `next` of the page before. */
  readonly behind: number | undefined;
}

export interface HistoryPage {
  readonly events: readonly Recorded[];
  /** Where the next page begins; undefined when this is the last. */
  readonly next: number | undefined;
}
