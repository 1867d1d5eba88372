/**
 * What a session sends, where something must be settled first: somebody else's leave, or the role's limits. A message that waits holds up
 * those behind it, so all keep their order, and no other session. Only an answer to the router's own process goes past them: it may be
 * what they wait for. Made by `session.ts` for roles that need it; asks `dynamic_role.ts` and `limits.ts`. HOT. [WAMP authorization]
 */
import type { Call, ErrorMessage, Message, Yield } from "../wamp/message.ts";
import { Type } from "../wamp/message.ts";
import * as uris from "../wamp/uris.ts";
import { CallTally } from "./call_tally.ts";
import { deedsOf } from "./deeds.ts";
import type { Deed, DynamicRole } from "./dynamic_role.ts";
import { type Limited, type Limits, TokenBucket } from "./limits.ts";
import type { Permission } from "./permission.ts";
import type { Clock, Timer } from "./ports.ts";
import { isContinued } from "./progressive_call.ts";
import type { Realm } from "./realm.ts";
import type { Session } from "./session.ts";
import { messageWeight, payloadWeight } from "../wamp/weight.ts";

/** Beyond either, no more is read from the peer until half of it went on. */
const MANY_MESSAGES = 256;
const MANY_BYTES = 1024 * 1024;
/** Of a peer that has procedures. */
const FLOOD_BYTES = 8 * 1024 * 1024;
/** What a transport that cannot stop may bring in addition. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Of a message, besides its arguments. */
const MESSAGE_WEIGHT = 256;

export interface InboxSettings {
  readonly session: Session;
  readonly realm: Realm;
  readonly clock: Clock;
  readonly limits: Limits | undefined;
  readonly role: DynamicRole | undefined;
  /** Of the session that the connection carried before: joining anew does not fill the bucket. */
  readonly before: Inbox | undefined;
}

/** What the first message waits for. */
interface Wait {
  readonly answers: (readonly [Deed, Permission])[];
  isComplete: boolean;
}

class Parked {
  readonly message: Message;
  readonly exceeded: Limited | undefined;
  readonly weight: number;
  wait: Wait | undefined;

  constructor(message: Message, exceeded: Limited | undefined, wait?: Wait) {
    this.message = "payload" in message ? { ...message, payload: message.payload.keep() } : message;
    this.exceeded = exceeded;
    this.weight = MESSAGE_WEIGHT + messageWeight(message);
    this.wait = wait;
  }
}

export class Inbox {
  readonly #session: Session;
  readonly #realm: Realm;
  readonly #clock: Clock;
  readonly #limits: Limits | undefined;
  readonly #role: DynamicRole | undefined;
  readonly #bucket: TokenBucket | undefined;
  /** The first one waits for an answer or a token, the others for it. */
  readonly #parked: Parked[] = [];
  #weight = 0;
  #isPaused = false;
  #isOver = false;
  #timer: Timer | undefined = undefined;

  constructor({ session, realm, clock, limits, role, before }: InboxSettings) {
    this.#session = session;
    this.#realm = realm;
    this.#clock = clock;
    this.#limits = limits;
    this.#role = role;
    session.tally = limits?.options.calls === undefined ? undefined : new CallTally(session, clock);
    const rate = limits?.options.messageRate;
    const old = before !== undefined && before.#limits === limits ? before.#bucket : undefined;
    this.#bucket = old ?? (rate && new TokenBucket(rate, clock));
  }

  take(message: Message): void {
    if (this.#parked.length > 0) return this.#takeLater(message);
    const exceeded = this.#limits && this.#exceeded(message, this.#limits);
    if (exceeded !== undefined) return this.#refuse(message, exceeded);
    const wait = this.#pass(message);
    if (wait !== undefined) this.#park(new Parked(message, undefined, wait));
  }

  /** The session leaves: nothing of it waits any more. */
  abandon(): void {
    this.#isOver = true;
    this.#session.tally = undefined;
    this.#timer?.cancel();
    this.#role?.abandon();
    this.#resume();
  }

  /** The session gets another role, and perhaps another inbox. Returns what waits, in order. */
  handOver(): readonly Message[] {
    const waiting = this.#parked.splice(0).map(({ message }) => message);
    this.abandon();
    return waiting;
  }

  /** Undefined: it went on, or was refused. */
  #pass(message: Message): Wait | undefined {
    if (this.#bucket !== undefined && isAnswer(message, this.#session) && !this.#bucket.take()) {
      this.#timer = this.#clock.after(this.#bucket.waitMs, () => this.#goOn());
      return { answers: [], isComplete: false };
    }
    if (message.type === Type.CALL && this.#hasTooManyCalls(message)) return undefined;
    const deeds = this.#role && deedsOf(this.#realm, this.#session, this.#role, message);
    if (deeds !== undefined) return this.#ask(message, deeds);
    this.#session.admit(message);
    return undefined;
  }

  #ask(message: Message, deeds: readonly Deed[]): Wait | undefined {
    const wait: Wait = { answers: [], isComplete: false };
    let isLater = false;
    for (const deed of deeds) {
      this.#role?.decide(deed, (permission) => {
        wait.answers.push([deed, permission]);
        wait.isComplete = wait.answers.length === deeds.length;
        if (wait.isComplete && isLater) this.#goOn();
      });
    }
    isLater = true;
    if (!wait.isComplete) return wait;
    this.#admit(message, wait.answers);
    return undefined;
  }

  #admit(message: Message, answers: readonly (readonly [Deed, Permission])[]): void {
    const takeBack = answers.map(([deed, permission]) => this.#role?.lend(deed, permission));
    this.#session.admit(message);
    for (const one of takeBack) one?.();
  }

  /** Behind others that wait. Who is gone needs no answers. */
  #takeLater(message: Message): void {
    if (message.type === Type.ABORT) return this.#session.admit(message);
    const exceeded = this.#limits && this.#exceeded(message, this.#limits);
    if (!this.#answersInside(message)) return this.#park(new Parked(message, exceeded));
    if (exceeded === undefined) this.#session.admit(message);
    else this.#refuse(message, exceeded);
  }

  #park(parked: Parked): void {
    this.#parked.push(parked);
    this.#weight += parked.weight;
    if (this.#weight > MOST_BYTES) {
      const text =
        "Cannot keep the session: it sent too much while it waited for its authorization";
      return this.#session.abort(uris.LIMIT_EXCEEDED, text);
    }
    if (this.#isPaused || !this.#isMuch(1)) return;
    this.#isPaused = true;
    this.#session.pause();
  }

  /** More than a part of what may wait. Who has procedures may be the authorizer that it waits for, and must be heard for longer. */
  #isMuch(part: number): boolean {
    if ((this.#session.registrations?.size ?? 0) > 0) return this.#weight > FLOOD_BYTES * part;
    return this.#weight > MANY_BYTES * part || this.#parked.length > MANY_MESSAGES * part;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#session.resume();
  }

  /** The first message may have what it waited for. */
  #goOn(): void {
    try {
      for (let first = this.#parked[0]; first !== undefined; first = this.#parked[0]) {
        if (!this.#isThrough(first)) return;
        this.#parked.shift();
        this.#weight -= first.weight;
        if (this.#isOver) break;
        if (this.#isPaused && !this.#isMuch(0.5)) this.#resume();
      }
      // What follows GOODBYE is for who comes after.
      for (const { message } of this.#parked.splice(0)) this.#session.receive(message);
      this.#resume();
    } catch (cause) {
      this.#session.crash(cause, "an inbox");
    }
  }

  /** The first message again. False: it waits on. */
  #isThrough(first: Parked): boolean {
    const { message, exceeded, wait } = first;
    if (exceeded !== undefined) this.#refuse(message, exceeded);
    else if (wait?.isComplete === true) this.#admit(message, wait.answers);
    else {
      first.wait = this.#pass(message);
      return first.wait === undefined;
    }
    return true;
  }

  // Limits.

  /** The limit that a message breaks. Its arguments are gone then, but its request is answered. */
  #exceeded(message: Message, { options }: Limits): Limited | undefined {
    if (isRequest(message, this.#session) && this.#bucket?.take() === false) return "message_rate";
    const isTooLong = "payload" in message && options.messageBytes !== undefined &&
      payloadWeight(message.payload) > options.messageBytes;
    return isTooLong ? "message_size" : undefined;
  }

  #hasTooManyCalls(message: Call): boolean {
    const session = this.#session;
    const limit = this.#limits?.options.calls;
    const { tally } = session;
    if (limit === undefined || tally === undefined || isContinued(session, message)) return false;
    if (!tally.reaches(limit)) return false;
    const text = this.#limits?.refuse("calls");
    session.refuse(message, uris.LIMIT_EXCEEDED, `Cannot call "${message.procedure}": ${text}`);
    return true;
  }

  #refuse(message: Message, exceeded: Limited): void {
    const text = `Cannot accept the message: ${this.#limits?.refuse(exceeded)}`;
    const isTooLong = exceeded === "message_size";
    this.#session.refuse(
      message,
      isTooLong ? uris.PAYLOAD_SIZE_EXCEEDED : uris.LIMIT_EXCEEDED,
      text,
    );
  }

  /** An answer to a session inside the router's process: an authorizer's, for one, whom this very session may wait for. */
  #answersInside(message: Message): message is Yield | ErrorMessage {
    if (message.type !== Type.YIELD && message.type !== Type.ERROR) return false;
    return this.#session.invocations?.get(message.request)?.caller?.role.isTrusted === true;
  }
}

/** Something that can be refused. */
function isRequest(message: Message, session: Session): boolean {
  switch (message.type) {
    case Type.CALL:
      return !isContinued(session, message);
    case Type.PUBLISH:
    case Type.SUBSCRIBE:
    case Type.UNSUBSCRIBE:
    case Type.REGISTER:
    case Type.UNREGISTER:
      return true;
    default:
      return false;
  }
}

/** What belongs to a request that was accepted. */
function isAnswer(message: Message, session: Session): boolean {
  switch (message.type) {
    case Type.YIELD:
    case Type.ERROR:
    case Type.CANCEL:
    case Type.EVENT_RECEIVED:
      return true;
    case Type.CALL:
      return isContinued(session, message);
    default:
      return false;
  }
}
