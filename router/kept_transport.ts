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
  #room: { readonly bytes: number; readonly run: () => void } | undefined = undefined;

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

  get waiting(): number {
    return this.isDetached ? 0 : this.connection.waiting ?? 0;
  }

  whenRoom(bytes: number, run: () => void): void {
    this.#room = { bytes, run };
    if (!this.isDetached) this.#awaitRoom();
  }

  drop(): void {
    this.connection.drop?.();
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

  /** Goes on over another connection. What the ring holds goes first. */
  attach(connection: Transport): void {
    this.connection = connection;
    this.isDetached = false;
    // What that connection cannot take counts no more.
    for (const message of this.ring.takeAll()) this.send(message);
    if (this.#isPaused) connection.pause();
    this.#awaitRoom();
  }

  /** Of the connection that it has now: an earlier one says nothing any more. */
  #awaitRoom(): void {
    const room = this.#room;
    if (room === undefined) return;
    const run = () => {
      if (this.#room !== room) return;
      this.#room = undefined;
      room.run();
    };
    if (this.connection.whenRoom === undefined) this.#clock.after(0, run);
    else this.connection.whenRoom(room.bytes, run);
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
