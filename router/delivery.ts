/**
 * Acknowledged event delivery: a publication that is answered when its subscribers have said EVENT_RECEIVED, as far as they can. Owned by
 * `broker.ts`. See docs/extensions.md, "Acknowledged delivery".
 */
import { type Publish, Type } from "../wamp/message.ts";
import * as uris from "../wamp/uris.ts";
import type { Clock, Timer } from "./ports.ts";
import type { Audience } from "./receivers.ts";
import type { Refusal } from "./refusal.ts";
import type { Session } from "./session.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
/** Publications of one session that wait for their subscribers. */
const MOST_OPEN = 4096;

/** One publication whose EVENTs are waited for. */
export class Delivery {
  readonly publication: number;
  /** Those who can confirm: who of them is sent the event is waited for. */
  readonly confirming: Audience;
  /** All others. */
  readonly others: Audience;
  readonly #owner: Deliveries;
  readonly publisher: Session;
  readonly #request: number;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** EVENTs under way, by session. */
  readonly waiting: Map<Session, number> = new Map();
  #expected = 0;
  #timer: Timer | undefined = undefined;
  #isSent = false;
  #isOver = false;

  constructor(
    owner: Deliveries,
    publisher: Session,
    message: Publish,
    publication: number,
    receivers: Audience | undefined,
    clock: Clock,
  ) {
    this.#owner = owner;
    this.publisher = publisher;
    this.#request = message.request;
    this.publication = publication;
    this.#clock = clock;
    const limit = message.options["x_delivery_timeout_ms"];
    this.#timeoutMs = typeof limit === "number" ? limit : DEFAULT_TIMEOUT_MS;
    this.confirming = { includes: (session) => this.#awaits(session, receivers) };
    this.others = {
      includes: (session) =>
        !session.features.confirmsEvents && receivers?.includes(session) !== false,
    };
  }

  /** All EVENTs are on their way: from now on the publisher may be answered. */
  sent(): void {
    if (this.#isOver) return;
    this.#isSent = true;
    if (this.waiting.size > 0) {
      this.#timer = this.#clock.after(this.#timeoutMs, () => this.#timedOut());
    } else this.#answer();
  }

  /** @param isGone it will not confirm any more, nor need it. */
  confirmed(session: Session, isGone: boolean): void {
    const open = this.waiting.get(session);
    if (open === undefined) return;
    if (open > 1 && !isGone) return void this.waiting.set(session, open - 1);
    this.waiting.delete(session);
    this.#owner.release(session, this);
    if (this.waiting.size === 0 && this.#isSent) this.#answer();
  }

  /** The publication failed, or its publisher has gone: nobody is told of its delivery. */
  abandon(): void {
    for (const session of this.waiting.keys()) this.#owner.release(session, this);
    this.#end();
  }

  #awaits(session: Session, receivers: Audience | undefined): boolean {
    if (!session.features.confirmsEvents || receivers?.includes(session) === false) return false;
    this.waiting.set(session, (this.waiting.get(session) ?? 0) + 1);
    this.#expected++;
    this.#owner.awaits(session, this);
    return true;
  }

  #answer(): void {
    this.#end();
    const { publication } = this;
    this.publisher.send({ type: Type.PUBLISHED, request: this.#request, publication });
  }

  #timedOut(): void {
    this.#end();
    let open = 0;
    for (const [session, events] of this.waiting) {
      open += events;
      this.#owner.release(session, this);
    }
    this.publisher.sendError(
      Type.PUBLISH,
      this.#request,
      uris.TIMEOUT,
      `Published as ${this.publication}, but ${open} of ${this.#expected} events were not confirmed within ${this.#timeoutMs} ms`,
    );
  }

  #end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#owner.forget(this);
  }
}

export class Deliveries {
  readonly #clock: Clock;
  readonly #byPublication = new Map<number, Delivery>();
  readonly #bySession = new Map<Session, Set<Delivery>>();
  readonly #byPublisher = new Map<Session, Set<Delivery>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why a publication cannot be confirmed; undefined when it can, or need not be. */
  refusalOf(publisher: Session, { options, topic }: Publish): Refusal | undefined {
    if (options["x_acknowledged_delivery"] !== true || options["acknowledge"] !== true) {
      return undefined;
    }
    if ((this.#byPublisher.get(publisher)?.size ?? 0) < MOST_OPEN) return undefined;
    const text = `Cannot publish to "${topic}": ${MOST_OPEN} publications wait to be confirmed`;
    return { error: uris.UNAVAILABLE, text };
  }

  /** Undefined when the publisher does not ask for it. */
  begin(
    publisher: Session,
    message: Publish,
    publication: number,
    receivers: Audience | undefined,
  ): Delivery | undefined {
    if (message.options["x_acknowledged_delivery"] !== true) return undefined;
    const delivery = new Delivery(this, publisher, message, publication, receivers, this.#clock);
    this.#byPublication.set(publication, delivery);
    add(this.#byPublisher, publisher, delivery);
    return delivery;
  }

  /** EVENT_RECEIVED. One that comes late, or again, says nothing new. */
  received(session: Session, publication: number): void {
    this.#byPublication.get(publication)?.confirmed(session, false);
  }

  leave(session: Session): void {
    // Nobody is left to be told.
    for (const delivery of [...this.#byPublisher.get(session) ?? []]) delivery.abandon();
    const deliveries = this.#bySession.get(session);
    if (deliveries === undefined) return;
    this.#bySession.delete(session);
    for (const delivery of deliveries) delivery.confirmed(session, true);
  }

  /** For deliveries. */
  awaits(session: Session, delivery: Delivery): void {
    add(this.#bySession, session, delivery);
  }

  forget(delivery: Delivery): void {
    this.#byPublication.delete(delivery.publication);
    remove(this.#byPublisher, delivery.publisher, delivery);
  }

  release(session: Session, delivery: Delivery): void {
    remove(this.#bySession, session, delivery);
  }
}

function add(table: Map<Session, Set<Delivery>>, session: Session, delivery: Delivery): void {
  const deliveries = table.get(session);
  if (deliveries === undefined) table.set(session, new Set([delivery]));
  else deliveries.add(delivery);
}

function remove(table: Map<Session, Set<Delivery>>, session: Session, delivery: Delivery): void {
  const deliveries = table.get(session);
  if (deliveries?.delete(delivery) && deliveries.size === 0) table.delete(session);
}
