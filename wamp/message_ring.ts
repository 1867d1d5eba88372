/**
 * The last messages of a session in one direction, numbered since WELCOME, so that they can be sent again when the connection broke.
 * Bounded in bytes and age: what falls out cannot be sent again. Owned by `router/kept_transport.ts` and `client/lifeline.ts`, which say
 * when it may forget by age: not while nobody is connected, as that time is bounded by other means.
 */
import type { Message } from "./message.ts";
import { messageWeight } from "./weight.ts";

export interface RingLimits {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

interface Entry {
  readonly message: Message;
  readonly weight: number;
  readonly time: number;
}

/** About what a message takes besides its payload. */
const MESSAGE_BYTES = 100;
/** Free slots at the front, before they are given back. */
const MOST_FREE = 64;

export class MessageRing {
  /** The number of the last message: how many there were. */
  last = 0;
  readonly #limits: RingLimits;
  #entries: (Entry | undefined)[] = [];
  /** Slots at the front that are free. */
  #free = 0;
  #weight = 0;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  /** The number of the oldest message that is still here; `last + 1` when there is none. */
  get first(): number {
    return this.last - (this.#entries.length - this.#free) + 1;
  }

  /** Takes a message as the next one; its payload must be kept already. */
  add(message: Message, now: number): void {
    const weight = MESSAGE_BYTES + messageWeight(message);
    this.last++;
    this.#entries.push({ message, weight, time: now });
    this.#weight += weight;
    while (this.#weight > this.#limits.maxBytes && this.first <= this.last) this.#drop();
  }

  /** Forgets what is too old. */
  expire(now: number): void {
    for (;;) {
      const oldest = this.#entries[this.#free];
      if (oldest === undefined || now - oldest.time <= this.#limits.maxAgeMs) return;
      this.#drop();
    }
  }

  /** Forgets the first `count` messages: the peer has them. */
  received(count: number): void {
    while (this.first <= count && this.first <= this.last) this.#drop();
  }

  /** All but the first `count` messages are here. */
  reachesBackTo(count: number): boolean {
    return count >= this.first - 1 && count <= this.last;
  }

  /** Gives out all messages that are here, to be sent again: each counts when it is added again. */
  takeAll(): Message[] {
    const messages = this.#entries.flatMap((entry) => entry === undefined ? [] : [entry.message]);
    this.last = this.first - 1;
    this.#entries = [];
    this.#free = 0;
    this.#weight = 0;
    return messages;
  }

  #drop(): void {
    this.#weight -= this.#entries[this.#free]?.weight ?? 0;
    this.#entries[this.#free++] = undefined;
    if (this.#free < MOST_FREE || this.#free * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#free);
    this.#free = 0;
  }
}

/** The message with a payload that outlives its receiver. */
export function keptMessage(message: Message): Message {
  if (!("payload" in message) || !message.payload.isBorrowed) return message;
  return { ...message, payload: message.payload.keep() };
}
