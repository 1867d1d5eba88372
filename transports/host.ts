/**
 * What the connections of a process share: turns, buffers, decoders, frames, deadlines, limits. One is enough for all listeners
 * and clients of a router; tests make their own. No connection's state is here.
 */
import { setImmediate } from "node:timers";
import type { Clock, TransportDetails } from "../router/ports.ts";
import type { Codec, Decoder } from "../wamp/codec/codec.ts";
import type { Framing } from "../wamp/outgoing.ts";
import { UriTable } from "../wamp/uri_table.ts";
import type { ByteStream } from "./byte_stream.ts";
import { systemClock } from "./clock.ts";
import { DeadlineWheel } from "./deadline.ts";
import { BareFraming, RawSocketFraming, WebSocketFraming } from "./framing.ts";
import { WriterPool } from "./outbox.ts";
import { runtimeName } from "./runtime/runtime.ts";
import { Turn } from "./turn.ts";
import { MaskKeys } from "./websocket_frame.ts";

/** What to do with a peer that does not read what it is sent. Bytes are those that wait in its outbox. */
export interface SlowConsumerOptions {
  /** "drop-events": events beyond `limitBytes` are dropped, the newest, and the connection closes at `hardLimitBytes`.
   * "close": the connection closes at `limitBytes`. Default "drop-events". */
  readonly policy: "drop-events" | "close";
  /** Default 4 MiB. */
  readonly limitBytes: number;
  /** Default 64 MiB: more than two messages of the largest size, which an idle connection may well be sent. */
  readonly hardLimitBytes: number;
}

export const DEFAULT_SLOW_CONSUMER_OPTIONS: SlowConsumerOptions = Object.freeze({
  policy: "drop-events",
  limitBytes: 4 * 1024 * 1024,
  hardLimitBytes: 64 * 1024 * 1024,
});

/** Counters of a listener, or of a client; never reset. */
export interface TransportStats {
  receivedMessages: number;
  receivedBytes: number;
  sentMessages: number;
  sentBytes: number;
  /** Events that slow consumers did not get. */
  droppedEvents: number;
  /** Messages that were too large for their peer: events dropped, others answered with an ERROR. */
  oversizedMessages: number;
  closedSlowConsumers: number;
  /** Connections that ended because a ping was not answered. */
  missedPings: number;
}

export function newStats(): TransportStats {
  return {
    receivedMessages: 0,
    receivedBytes: 0,
    sentMessages: 0,
    sentBytes: 0,
    droppedEvents: 0,
    oversizedMessages: 0,
    closedSlowConsumers: 0,
    missedPings: 0,
  };
}

/** What happens to a peer that does not read: its events begin to be dropped, or its connection is closed. */
export type SlowConsumerFate = "dropping" | "closed";

export interface HostOptions {
  /** An exception that came out of a message handler: a bug of ours. The connection ends, the process goes on. */
  readonly onFault: (error: unknown) => void;
  readonly slowConsumers?: SlowConsumerOptions;
  /** For logs: told on a later turn, and of "dropping" once until the peer has caught up. */
  readonly onSlowConsumer?: (peer: TransportDetails, fate: SlowConsumerFate) => void;
  /** For tests: payloads that were not kept throw when used later, and read buffers are overwritten. Default false. */
  readonly poisons?: boolean;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** For tests: how to end a turn. Default: as the runtime likes it. */
  readonly defer?: (run: () => void) => void;
}

export class TransportHost {
  readonly onFault: (error: unknown) => void;
  readonly slowConsumers: SlowConsumerOptions;
  readonly onSlowConsumer: (peer: TransportDetails, fate: SlowConsumerFate) => void;
  readonly poisons: boolean;
  readonly deadlines: DeadlineWheel;
  readonly writers: WriterPool = new WriterPool();
  readonly maskKeys: MaskKeys = new MaskKeys();
  /** Flushes once per turn of native streams. Microtasks run after every callback on Bun and Node, and once a read on Deno. */
  readonly #turn: Turn;
  readonly #nodeTurn: Turn;
  readonly #uris: UriTable;
  readonly #decoders = new Map<Codec, Decoder>();
  readonly #framings = new Map<string, Framing>();

  constructor(options: HostOptions) {
    this.onFault = options.onFault;
    this.slowConsumers = options.slowConsumers ?? DEFAULT_SLOW_CONSUMER_OPTIONS;
    this.onSlowConsumer = options.onSlowConsumer ?? (() => {});
    this.poisons = options.poisons ?? false;
    this.deadlines = new DeadlineWheel(options.clock ?? systemClock);
    const immediate = (run: () => void) => void setImmediate(run);
    this.#nodeTurn = new Turn(options.defer ?? immediate, options.onFault);
    this.#turn = runtimeName === "deno" && options.defer === undefined
      ? new Turn(queueMicrotask, options.onFault)
      : this.#nodeTurn;
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
    this.#uris = new UriTable(seed);
  }

  /** Inside callbacks of node:net on Deno, microtasks may run before the callback returns: whatever loads a part of the runtime for
   * the first time runs them. */
  turnOf(stream: ByteStream): Turn {
    return stream.isNative ? this.#turn : this.#nodeTurn;
  }

  /** Runs outside of the stack that asks for it. */
  later(run: () => void): void {
    this.#turn.later(run);
  }

  /** One for all connections: a message is read to its end before the next begins. */
  decoder(codec: Codec): Decoder {
    let decoder = this.#decoders.get(codec);
    if (decoder === undefined) this.#decoders.set(codec, decoder = codec.decoder(this.#uris));
    return decoder;
  }

  /** The shared framing of a kind: the same object for all connections, so that a fan-out is framed once. */
  framing(
    kind: "websocket" | "rawsocket" | "bare",
    codec: Codec,
  ): Framing {
    const name = `${kind} ${codec.name}`;
    let framing = this.#framings.get(name);
    if (framing === undefined) {
      framing = kind === "websocket"
        ? new WebSocketFraming(codec)
        : kind === "rawsocket"
        ? new RawSocketFraming(codec)
        : new BareFraming(codec);
      this.#framings.set(name, framing);
    }
    return framing;
  }
}
