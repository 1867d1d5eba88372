/**
 * A realm: the sessions that have joined it, its roles, and `route()`, the switch on the type of what they send. HOT.
 * Called by `session.ts`; calls broker, dealer and meta API. [WAMP sessions]
 */
import { isId, nextId } from "../wamp/id.ts";
import { type Call, type Message, type RouterBound, Type, typeNames } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { isUri, type UriRule } from "../wamp/uri.ts";
import { UNAVAILABLE } from "../wamp/uris.ts";
import { Broker } from "./broker.ts";
import type { CallQueueOptions } from "./call_queue.ts";
import { Dealer } from "./dealer.ts";
import { Forwarding } from "./forwarding.ts";
import type { EventHistoryOptions } from "./history.ts";
import { MetaApi } from "./meta/meta_api.ts";
import { Role, type RoleOptions, TRUSTED } from "./permission.ts";
import type { Clock, ClosedHow, Log, Random, Store } from "./ports.ts";
import {
  continueProgressiveCall,
  isContinued,
  openProgressiveCall,
  refuseContinued,
} from "./progressive_call.ts";
import { Reflection } from "./reflection.ts";
import { changeRole } from "./role_change.ts";
import { type ResumptionOptions, type ResumptionRules, resumptionRules } from "./resumption.ts";
import type { RetentionOptions } from "./retention.ts";
import type { Router } from "./router.ts";
import { SlowConsumers } from "./slow_consumers.ts";
import type { Session } from "./session.ts";
import type { Testament } from "./testament.ts";

/** Ids remembered as left out, per session: more than the threads of a client that compete. */
const MAX_SKIPPED = 1024;
/** More than the largest number of a type. */
const MESSAGE_TYPES = 128;
const STOPPING = "Cannot take the call: the router is about to stop";

export interface RealmOptions {
  readonly name: string;
  readonly roles: readonly RoleOptions[];
  /** Syntax that URIs must have. Default "loose". [WAMP uris] */
  readonly uriRule?: UriRule;
  /** What it costs when a peer's request ids do not count up by one: "strict" ends its session, "tolerant" counts it. Default "tolerant":
   * all clients take an id before they encode, so a failed serialisation leaves a gap, and those in Go before threads compete for
   * the connection, so an id may come behind its successors (`tests/interop/README.md`). An id that was used before, or was not left
   * out shortly before, ends the session in both. */
  readonly requestIds?: "strict" | "tolerant";
  /** Default true. */
  readonly hasMetaApi?: boolean;
  /** Limits of what is kept of events published with `retain`. */
  readonly retention?: RetentionOptions;
  /** Topics and patterns whose events are recorded, for `wamp.subscription.get_events`. Each is a subscription from the start. */
  readonly eventHistory?: readonly EventHistoryOptions[];
  /** Where recorded and retained events are kept. Default: memory. */
  readonly store?: Store;
  /** Sessions may be resumed after their connection broke. Default: they end with it. */
  readonly resumption?: ResumptionOptions;
  /** Calls that wait while all callees of a procedure have reached their `concurrency`. Default: none, they are refused. */
  readonly callQueue?: CallQueueOptions;
}

export class Realm {
  readonly name: string;
  readonly hasMetaApi: boolean;
  readonly sessions: Map<number, Session> = new Map();
  readonly slowConsumers: SlowConsumers;
  readonly forwarding: Forwarding = new Forwarding(this.sessions);
  readonly broker: Broker;
  readonly dealer: Dealer;
  readonly reflection: Reflection;
  /** Undefined when sessions end with their connections. */
  readonly resumption: ResumptionRules | undefined;
  /** No new calls are taken: the router is about to stop. */
  isDraining = false;
  /** Sessions that wait for another connection. */
  detachedCount = 0;
  /** Messages of joined sessions by their type's number. */
  readonly sent: Float64Array = new Float64Array(MESSAGE_TYPES);
  readonly received: Float64Array = new Float64Array(MESSAGE_TYPES);
  /** Told when a session has joined or left. */
  onSessions: (() => void) | undefined = undefined;
  /** Gaps in request ids that were let pass. */
  requestIdGaps = 0;
  readonly #roles = new Map<string, Role>();
  readonly #isStrictAboutIds: boolean;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #meta: MetaApi;

  constructor(options: RealmOptions, router: Router) {
    if (!isUri(options.name, "loose")) {
      throw new Error(`Cannot add realm ${JSON.stringify(options.name)}: it is no valid URI`);
    }
    this.name = options.name;
    this.hasMetaApi = options.hasMetaApi ?? true;
    this.resumption = options.resumption && resumptionRules(options.resumption, router);
    this.#isStrictAboutIds = options.requestIds === "strict";
    this.#clock = router.clock;
    this.#random = router.random;
    this.#log = router.log;
    const uriRule = options.uriRule ?? "loose";
    const { clock, random } = router;
    this.#meta = new MetaApi(this);
    const observer = this.#meta;
    this.reflection = new Reflection(observer);
    const builtIn = (caller: Session, call: Call) =>
      this.hasMetaApi && this.#meta.call(caller, call);
    const { retention = {}, eventHistory = [], callQueue = {}, store } = options;
    const { forwarding } = this;
    this.slowConsumers = new SlowConsumers({
      clock,
      log: router.log,
      announce: (topic, payload) => {
        if (this.hasMetaApi) this.broker.announce(topic, payload);
      },
    });
    const { slowConsumers } = this;
    const common = { clock, random, uriRule, observer, forwarding, slowConsumers };
    this.broker = new Broker({ ...common, retention, eventHistory, store });
    this.dealer = new Dealer({ ...common, builtIn, callQueue });
    this.#roles.set(TRUSTED, new Role({ name: TRUSTED }));
    for (const role of options.roles) this.addRole(role);
  }

  /** Starts a role. Sessions that joined under an earlier one of its name, and lost their rights with it, go on under this one.
   * Throws when there is one of that name. */
  addRole(options: RoleOptions): void {
    if (this.#roles.has(options.name)) {
      throw new Error(
        `Cannot add role "${options.name}" to realm "${this.name}": it has one of that name`,
      );
    }
    this.#setRole(options);
  }

  /** Gives a role other permissions and limits. Its sessions stay, under the new rules at once. */
  replaceRole(options: RoleOptions): void {
    if (options.name === TRUSTED || !this.#roles.has(options.name)) {
      throw new Error(
        `Cannot replace role "${options.name}" of realm "${this.name}": it has none of that name`,
      );
    }
    this.#setRole(options);
  }

  /** Stops a role: nobody joins under it any more, and its sessions may do nothing from now on. False: there is none of that name. */
  dropRole(name: string): boolean {
    if (name === TRUSTED || !this.#roles.delete(name)) return false;
    const nothing = new Role({ name });
    for (const session of this.#sessionsOf(name)) changeRole(this, session, nothing);
    return true;
  }

  /** Ends a role: nobody joins under it any more, and its sessions get GOODBYE. False: there is none of that name. */
  removeRole(name: string, reason: string, text: string): boolean {
    if (name === TRUSTED || !this.#roles.delete(name)) return false;
    for (const session of this.#sessionsOf(name)) session.goodbye(reason, text);
    return true;
  }

  #setRole(options: RoleOptions): void {
    const role = new Role(options);
    this.#roles.set(options.name, role);
    for (const session of this.#sessionsOf(options.name)) changeRole(this, session, role);
  }

  #sessionsOf(role: string): Session[] {
    return [...this.sessions.values()].filter((session) => session.role.name === role);
  }

  role(name: string): Role | undefined {
    return this.#roles.get(name);
  }

  get roles(): Iterable<Role> {
    return this.#roles.values();
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** A session id that no session of this realm has. */
  newSessionId(): number {
    for (;;) {
      const id = this.#random.sessionId();
      if (!this.sessions.has(id) && isId(id)) return id;
    }
  }

  /** For sessions: WELCOME was sent. */
  joined(session: Session): void {
    this.sessions.set(session.id, session);
    session.limits?.quota?.joined(session);
    this.#log.debug("Session {session} joined realm {realm} as {authrole}", () => ({
      session: session.id,
      realm: this.name,
      authid: session.authid,
      authrole: session.role.name,
      peer: session.transport.details.peer,
    }));
    this.#meta.joined(session);
    this.onSessions?.();
  }

  /** For sessions: the connection is gone, and the session waits for another. False when there are too many of those. */
  detached(session: Session): boolean {
    const { resumption } = this;
    if (resumption === undefined || this.detachedCount >= resumption.maxDetached) return false;
    this.detachedCount++;
    this.#publishTestaments(session, session.testaments?.take("detached"));
    this.#log.debug("Session {session} of realm {realm} lost its connection and is kept", () => ({
      session: session.id,
      realm: this.name,
    }));
    return true;
  }

  /** For sessions: it has a connection again, or ends. */
  noLongerDetached(): void {
    this.detachedCount--;
  }

  /** For sessions: the peer said GOODBYE, broke the protocol or is gone. */
  left(session: Session, how: ClosedHow | "goodbye" | "abort"): void {
    this.sessions.delete(session.id);
    session.limits?.quota?.left(session);
    this.broker.leave(session);
    this.dealer.leave(session);
    this.reflection.leave(session);
    this.slowConsumers.leave(session);
    const { testaments } = session;
    session.testaments = undefined;
    this.#publishTestaments(session, testaments?.all);
    this.#log.debug("Session {session} left realm {realm}: {how}", () => ({
      session: session.id,
      realm: this.name,
      how,
    }));
    this.#meta.left(session);
    this.onSessions?.();
  }

  /** A message of a joined peer, to who deals with its type. */
  route(session: Session, message: RouterBound): void {
    switch (message.type) {
      case Type.PUBLISH:
        this.#expectNext(session, message.request, message.type);
        return this.broker.publish(session, message);
      case Type.CALL:
        if (
          message.request <= session.lastRequest &&
          continueProgressiveCall(session, message, this.dealer.invocations)
        ) {
          return;
        }
        if (this.isDraining && !session.isServing && !session.isInside) {
          return this.refuse(session, message, UNAVAILABLE, STOPPING);
        }
        this.#expectNext(session, message.request, message.type);
        return this.dealer.call(session, message);
      case Type.YIELD:
        return this.dealer.invocations.yield(session, message);
      case Type.ERROR:
        return this.dealer.invocations.error(session, message);
      case Type.CANCEL:
        return this.dealer.invocations.cancel(session, message);
      case Type.SUBSCRIBE:
        this.#expectNext(session, message.request, message.type);
        return this.broker.subscribe(session, message);
      case Type.UNSUBSCRIBE:
        this.#expectNext(session, message.request, message.type);
        return this.broker.unsubscribe(session, message);
      case Type.REGISTER:
        this.#expectNext(session, message.request, message.type);
        return this.dealer.register(session, message);
      case Type.UNREGISTER:
        this.#expectNext(session, message.request, message.type);
        return this.dealer.unregister(session, message);
      case Type.EVENT_RECEIVED:
        return this.#eventReceived(session, message.publication);
      case Type.GOODBYE:
        // The session answers it.
        return;
      default:
        message satisfies never;
    }
  }

  #eventReceived(session: Session, publication: number): void {
    if (!session.features.confirmsEvents) {
      throw new ProtocolError(
        "Cannot accept EVENT_RECEIVED: the subscriber did not announce x_acknowledged_event_delivery",
      );
    }
    this.broker.deliveries.received(session, publication);
  }

  /** Answers a message of a joined peer that the role's limits do not let pass. What has no answer is dropped. */
  refuse(session: Session, message: Message, error: string, text: string): void {
    switch (message.type) {
      case Type.YIELD:
      case Type.ERROR:
        return this.dealer.invocations.refuse(session, message, error, text);
      case Type.CALL:
        if (isContinued(session, message)) {
          return refuseContinued(session, message, this.dealer.invocations, { error, text });
        }
        this.#expectNext(session, message.request, message.type);
        // What follows belongs to a call that is over.
        if (message.options["progress"] === true) openProgressiveCall(session, message);
        return session.sendError(message.type, message.request, error, text);
      case Type.PUBLISH:
        this.#expectNext(session, message.request, message.type);
        if (message.options["acknowledge"] !== true) return;
        return session.sendError(message.type, message.request, error, text);
      case Type.SUBSCRIBE:
      case Type.UNSUBSCRIBE:
      case Type.REGISTER:
      case Type.UNREGISTER:
        this.#expectNext(session, message.request, message.type);
        return session.sendError(message.type, message.request, error, text);
    }
  }

  #publishTestaments(session: Session, testaments: readonly Testament[] = []): void {
    for (const { publication, rule } of testaments) {
      this.broker.publishTestament(session, publication, rule);
    }
  }

  /** Request ids of a session count up by one. [WAMP ids] */
  #expectNext(session: Session, request: number, type: number): void {
    const expected = nextId(session.lastRequest);
    if (request === expected) session.lastRequest = request;
    else this.#gap(session, request, expected, type);
  }

  /**
   * Anything but the next id.
   *
   * DEVIATION: the specification has any other id end the session. Unless the realm is strict, ids may be left out, and those that were
   * may come later, once, as real clients do (`tests/interop/README.md`). What was used before is never taken again.
   */
  #gap(session: Session, request: number, expected: number, type: number): void {
    const isLate = session.skippedRequests?.delete(request) === true;
    if (this.#isStrictAboutIds || (request <= session.lastRequest && !isLate)) {
      throw new ProtocolError(
        `Cannot accept ${
          typeNames.get(type)
        }.Request ${request}: expected ${expected}, as request IDs count up by one`,
      );
    }
    if (isLate) return;
    this.requestIdGaps++;
    const skipped = session.skippedRequests ??= new Set();
    for (let id = Math.max(expected, request - MAX_SKIPPED); id < request; id++) skipped.add(id);
    for (const id of skipped) {
      if (skipped.size <= MAX_SKIPPED) break;
      skipped.delete(id);
    }
    session.lastRequest = request;
  }
}
