/**
 * The transport of a session whose role says what becomes of events that its peer does not read. Lets everything through while the
 * peer keeps up; beyond the role's limit, events wait here and the oldest give way, or are dropped, or end the connection. Only EVENTs are
 * ever dropped; what else is sent keeps its place among them. Made by `slow_consumers.ts`, which is told how it goes. See
 * docs/extensions.md, "Slow consumers".
 */
import { type Message, Type } from "../wamp/message.ts";
import { keptMessage } from "../wamp/message_ring.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import { messageWeight } from "../wamp/weight.ts";
import type { Transport, TransportDetails } from "./ports.ts";

export interface SlowConsumerOptions {
  /** "drop-oldest": events wait, and the oldest are dropped for new ones. "drop-newest": new events are dropped. "close": the
   * connection ends. "pause-publisher": as "drop-oldest", but publishers are not read from for a while first. */
  readonly policy: "drop-oldest" | "drop-newest" | "close" | "pause-publisher";
  /** Bytes that may wait in the connection before the policy holds, and bytes of events that may wait here. */
  readonly limitBytes: number;
  /** Bytes of anything that end the connection. */
  readonly hardLimitBytes: number;
  /** Milliseconds that a publisher is held up at most. */
  readonly pauseMs: number;
}

/** Told when a peer falls behind and when it has caught up. It must do nothing at once that sends or closes. */
export interface SlowObserver {
  fellBehind(): void;
  caughtUp(dropped: number): void;
  closed(dropped: number): void;
  /** The session ended before it had caught up. */
  left(dropped: number): void;
}

interface Entry {
  readonly message: Message;
  readonly weight: number;
}

/** About what a message takes besides its payload. */
const MESSAGE_BYTES = 100;
/** Holes, before they are given back. */
const MOST_HOLES = 1024;

export class SlowTransport implements Transport {
  /** What it sends through. */
  readonly inner: Transport;
  readonly #options: SlowConsumerOptions;
  readonly #observer: SlowObserver;
  /** What waits, in order; what was dropped or sent leaves a hole. */
  #queue: (Entry | undefined)[] = [];
  #head = 0;
  #holes = 0;
  /** No event waits before this place. */
  #oldest = 0;
  #eventBytes = 0;
  #bytes = 0;
  #dropped = 0;
  #isBehind = false;
  #isClosed = false;

  constructor(transport: Transport, options: SlowConsumerOptions, observer: SlowObserver) {
    this.inner = transport;
    this.#options = options;
    this.#observer = observer;
  }

  get details(): TransportDetails {
    return this.inner.details;
  }

  /** In the connection and here. */
  get waiting(): number {
    return (this.inner.waiting ?? 0) + this.#bytes;
  }

  send(message: Message): void {
    if (this.#keepsUp(message)) this.inner.send(message);
    else if (this.#waits(message)) this.#add(keptMessage(message));
    else if (this.#isClosed) this.inner.send(message);
  }

  deliver(outgoing: Outgoing): void {
    const { message } = outgoing;
    if (this.#keepsUp(message)) this.inner.deliver(outgoing);
    else if (this.#waits(message)) this.#add(outgoing.kept());
    else if (this.#isClosed) this.inner.deliver(outgoing);
  }

  end(reason: string): void {
    this.flush();
    this.inner.end(reason);
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }

  /** The session ends: events are of no use any more, and what else waits goes. */
  flush(): void {
    for (const entry of this.#queue) {
      if (entry !== undefined && entry.message.type !== Type.EVENT) {
        this.inner.send(entry.message);
      }
    }
    this.#isClosed = true;
    this.#clear();
    if (this.#dropped > 0) this.#observer.left(this.#dropped);
    this.#dropped = 0;
  }

  #keepsUp(message: Message): boolean {
    if (this.#queue.length > 0) return false;
    const { waiting = 0 } = this.inner;
    if (waiting <= this.#options.limitBytes) {
      // A session that was resumed has another connection.
      this.#isClosed = false;
      return true;
    }
    // What still comes is the transport's to forget, or to keep for when the session is resumed.
    if (this.#isClosed) return true;
    if (!this.#isBehind) this.#fallBehind();
    // Only events wait for a peer that others may still reach.
    return this.#options.policy === "drop-newest" && message.type !== Type.EVENT;
  }

  /** False: the message goes nowhere. */
  #waits(message: Message): boolean {
    const { policy } = this.#options;
    if (policy === "close") {
      this.#close();
      return false;
    }
    if (policy !== "drop-newest") return true;
    this.#dropped++;
    return message.type !== Type.EVENT;
  }

  #fallBehind(): void {
    this.#isBehind = true;
    this.#observer.fellBehind();
    const { limitBytes } = this.#options;
    this.inner.whenRoom?.(limitBytes / 2, () => this.#goOn());
  }

  #add(message: Message): void {
    const weight = MESSAGE_BYTES + messageWeight(message);
    this.#queue.push({ message, weight });
    this.#bytes += weight;
    const { limitBytes, hardLimitBytes } = this.#options;
    if (message.type === Type.EVENT) {
      this.#eventBytes += weight;
      // The latest stays, however large it is and whatever comes after it.
      while (this.#eventBytes > limitBytes && this.#dropOldest());
      this.#compact();
    }
    if (this.#bytes > hardLimitBytes) this.#close();
  }

  /** False: there is none but the latest. */
  #dropOldest(): boolean {
    const queue = this.#queue;
    for (; this.#oldest < queue.length - 1; this.#oldest++) {
      const entry = queue[this.#oldest];
      if (entry?.message.type !== Type.EVENT) continue;
      queue[this.#oldest++] = undefined;
      this.#bytes -= entry.weight;
      this.#eventBytes -= entry.weight;
      this.#dropped++;
      this.#holes++;
      return true;
    }
    return false;
  }

  /** There is room again. */
  #goOn(): void {
    if (this.#isClosed) return;
    const { limitBytes } = this.#options;
    const queue = this.#queue;
    for (; this.#head < queue.length; this.#head++) {
      if ((this.inner.waiting ?? 0) > limitBytes) break;
      const entry = queue[this.#head];
      if (entry === undefined) continue;
      queue[this.#head] = undefined;
      this.#holes++;
      this.#bytes -= entry.weight;
      if (entry.message.type === Type.EVENT) this.#eventBytes -= entry.weight;
      this.inner.send(entry.message);
    }
    if (this.#head < queue.length) {
      this.#compact();
      this.inner.whenRoom?.(limitBytes / 2, () => this.#goOn());
      return;
    }
    this.#clear();
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#isBehind = false;
    this.#observer.caughtUp(dropped);
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isBehind = false;
    this.#observer.closed(this.#dropped);
    this.#dropped = 0;
    this.inner.drop?.();
    // Nothing goes over that connection any more, but a session that can be resumed gets it over the next one.
    for (const entry of this.#queue) if (entry !== undefined) this.inner.send(entry.message);
    this.#clear();
  }

  /** Gives back the places of what has gone, also while the peer takes nothing at all. */
  #compact(): void {
    if (this.#holes < MOST_HOLES || this.#holes * 2 < this.#queue.length) return;
    this.#queue = this.#queue.filter((entry) => entry !== undefined);
    this.#head = 0;
    this.#holes = 0;
    this.#oldest = 0;
  }

  #clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#holes = 0;
    this.#oldest = 0;
    this.#bytes = 0;
    this.#eventBytes = 0;
  }
}
