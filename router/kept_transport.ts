/**
 * The transport of a session that can be resumed: counts and keeps what it sends, and goes on keeping while there is no connection.
 * Made by `resumption.ts`; the session sends through it as through any other.
 */
import type { Message } from "../wamp/message.ts";
import { keptMessage, type MessageRing } from "../wamp/message_ring.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import type { Clock, Transport, TransportDetails } from "./ports.ts";

export class KeptTransport implements Transport {
  /** The one that it has, or had last. */
  connection: Transport;
  isDetached = false;
  readonly ring: MessageRing;
  readonly #clock: Clock;
  #isPaused = false;
  /** The number of the last message when the connection broke. */
  #detachedAt = 0;
  #onLost: () => void = () => {};

  constructor(connection: Transport, ring: MessageRing, clock: Clock) {
    this.connection = connection;
    this.ring = ring;
    this.#clock = clock;
  }

  get details(): TransportDetails {
    return this.connection.details;
  }

  send(message: Message): void {
    if (this.isDetached) return this.#keep(keptMessage(message));
    const { connection } = this;
    const omitted = connection.omitted;
    connection.send(message);
    if (connection.omitted === omitted) this.#sent(keptMessage(message));
  }

  deliver(outgoing: Outgoing): void {
    if (this.isDetached) return this.#keep(outgoing.kept());
    const { connection } = this;
    const omitted = connection.omitted;
    connection.deliver(outgoing);
    if (connection.omitted === omitted) this.#sent(outgoing.kept());
  }

  end(reason: string): void {
    this.connection.end(reason);
  }

  pause(): void {
    this.#isPaused = true;
    this.connection.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.connection.resume();
  }

  /** There is no connection. @param onLost called, on a later turn, when more was sent than can be kept. */
  detach(onLost: () => void): void {
    this.isDetached = true;
    this.#detachedAt = this.ring.last;
    this.#onLost = onLost;
  }

  /** Goes on over another connection, which `messages` go first. */
  attach(connection: Transport, messages: readonly Message[]): void {
    this.connection = connection;
    this.isDetached = false;
    for (const message of messages) connection.send(message);
    if (this.#isPaused) connection.pause();
  }

  #keep(message: Message): void {
    const { ring } = this;
    ring.add(message, this.#clock.now());
    if (ring.first <= this.#detachedAt + 1) return;
    this.#clock.after(0, this.#onLost);
    this.#onLost = () => {};
  }

  #sent(message: Message): void {
    const now = this.#clock.now();
    this.ring.expire(now);
    this.ring.add(message, now);
  }
}
