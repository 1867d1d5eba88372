/**
 * The dealer: REGISTER, UNREGISTER, CALL. HOT. Owns all registrations of a realm; calls in flight are in `invocation.ts`.
 * Called by `realm.ts`; sends through sessions. Nothing here waits, so invocations keep the order of their calls.
 * [WAMP remote_procedure_call] [WAMP rpc_pattern_based_registration] [WAMP rpc_shared_registration]
 */
import {
  isPattern,
  isProtected,
  isReserved,
  isUri,
  type Match,
  type UriRule,
} from "../wamp/uri.ts";
import { optionProblem } from "../wamp/options.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import * as uris from "../wamp/uris.ts";
import { type Call, EMPTY_DICT, type Register, Type, type Unregister } from "../wamp/message.ts";
import { matchOf } from "./broker.ts";
import {
  type CallQueueOptions,
  CallQueues,
  refuseWaiting,
  removeWaiting,
  timeoutOf,
} from "./call_queue.ts";
import { chooseCallee } from "./callee_choice.ts";
import { isPassedThrough, revocation, withCaller, withTrust } from "./details.ts";
import type { Forwarding } from "./forwarding.ts";
import { Invocations } from "./invocation.ts";
import { invocationDetails } from "./invocation_details.ts";
import { IdTable } from "./id_table.ts";
import { PatternIndex } from "./pattern_index.ts";
import { payloadProblem } from "./payload_check.ts";
import type { Permission } from "./permission.ts";
import type { Clock, Random } from "./ports.ts";
import { openProgressiveCall, type ProgressiveCall } from "./progressive_call.ts";
import { cameBack, invalid, reserved, unauthorized } from "./refusal.ts";
import { type Rerouting, reroutingOf } from "./rerouting.ts";
import { type Callee, calleeOf, conflictOf, invokeOf, Registration } from "./registration.ts";
import type { Session } from "./session.ts";
import { callAll, isForwarded, notFor } from "./sharded_calls.ts";

/** Told of every change to the registrations, for the meta API. */
export interface RegistrationObserver {
  registered(session: Session, registration: Registration, isNew: boolean): void;
  unregistered(session: Session, registration: Registration, wasLast: boolean): void;
}

/** Procedures that the router itself serves. False: there is none of that name. */
export type BuiltIn = (caller: Session, call: Call) => boolean;

export interface DealerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly uriRule: UriRule;
  readonly observer: RegistrationObserver;
  readonly builtIn: BuiltIn;
  readonly callQueue: CallQueueOptions;
  readonly forwarding: Forwarding;
}

export class Dealer {
  readonly invocations: Invocations;
  readonly #index = new PatternIndex<Registration>(({ procedure }) => procedure);
  readonly #byId = new IdTable<Registration>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #uriRule: UriRule;
  readonly #observer: RegistrationObserver;
  readonly #builtIn: BuiltIn;
  readonly #forwarding: Forwarding;
  readonly #queues: CallQueues;
  #lastId = 0;

  constructor(options: DealerOptions) {
    this.invocations = new Invocations(
      options.clock,
      (callee) => this.#serveWaiting(callee.registration),
      (caller, rerouting) => this.#reroute(caller, rerouting),
    );
    this.#queues = new CallQueues(options.callQueue, options.clock);
    this.#clock = options.clock;
    this.#random = options.random;
    this.#uriRule = options.uriRule;
    this.#observer = options.observer;
    this.#builtIn = options.builtIn;
    this.#forwarding = options.forwarding;
  }

  register(session: Session, message: Register): void {
    const { request, procedure, options } = message;
    const refuse = (error: string, text: string) =>
      session.sendError(Type.REGISTER, request, error, text);
    const problem = optionProblem(message);
    if (problem !== undefined) return refuse(uris.INVALID_ARGUMENT, problem);
    const match = matchOf(options);
    if (!isPattern(procedure, match, this.#uriRule)) {
      return refuse(uris.INVALID_URI, invalid("register", procedure));
    }
    if (isProtected(procedure) && !session.role.isTrusted) {
      return refuse(uris.INVALID_URI, reserved("register", procedure));
    }
    const rule = session.role.rule(procedure, "register", match);
    if (!rule.allow.register) {
      const { error, text } = unauthorized(session, rule, "register", procedure);
      return refuse(error, text);
    }
    if (session.role.registersBeyond(match, procedure)) {
      return refuse(
        uris.NOT_AUTHORIZED,
        `Cannot register "${procedure}" with match "${match}": it matches procedures that role "${session.role.name}" may not register`,
      );
    }
    const limited = session.limits?.refusal("registrations", session.registrations?.size ?? 0);
    if (limited !== undefined) {
      return refuse(uris.LIMIT_EXCEEDED, `Cannot register "${procedure}": ${limited}`);
    }
    if (this.#forwarding.hasBeenHere(options)) {
      return refuse(uris.UNAVAILABLE, cameBack("register", procedure));
    }
    const invoke = invokeOf(options);
    let registration = this.#index.get(match, procedure);
    if (registration !== undefined && options["force_reregister"] === true) {
      for (const callee of [...registration.callees]) {
        this.revoke(callee.session, registration, `Registered anew by session ${session.id}`);
      }
      registration = undefined;
    }
    const conflict = registration === undefined
      ? undefined
      : conflictOf(session, registration, invoke);
    if (conflict !== undefined) return refuse(conflict.error, conflict.text);
    const isNew = registration === undefined;
    if (registration === undefined) {
      registration = new Registration(++this.#lastId, match, procedure, invoke, this.#clock.now());
      this.#index.set(match, procedure, registration);
      this.#byId.add(registration);
    }
    const callee = calleeOf(session, registration, options);
    this.invocations.adopt(callee);
    registration.add(callee);
    (session.registrations ??= new Map()).set(registration.id, registration);
    this.#forwarding.note(session, registration, options);
    session.send({ type: Type.REGISTERED, request, registration: registration.id });
    this.#observer.registered(session, registration, isNew);
    this.#serveWaiting(registration);
  }

  unregister(session: Session, message: Unregister): void {
    const registration = session.registrations?.get(message.registration);
    if (registration === undefined) {
      return session.sendError(
        Type.UNREGISTER,
        message.request,
        uris.NO_SUCH_REGISTRATION,
        `Cannot unregister ${message.registration}: this session has no such registration`,
      );
    }
    session.send({ type: Type.UNREGISTERED, request: message.request, details: EMPTY_DICT });
    this.#remove(session, registration);
  }

  /** Takes a registration from one of its callees, telling it if it knows how to listen. [WAMP rpc_registration_revocation] */
  revoke(callee: Session, registration: Registration, reason: string | undefined): void {
    if (callee.features.acceptsRevocation.callee) {
      const details = revocation("registration", registration.id, reason);
      callee.send({ type: Type.UNREGISTERED, request: 0, details });
    }
    this.#remove(callee, registration);
  }

  call(session: Session, message: Call): void {
    const { request, procedure, options } = message;
    const rule = session.role.rule(procedure, "call");
    const isPlain = options === EMPTY_DICT && rule.allow.call && rule.validate === undefined;
    const registration = isPlain
      ? this.#index.exact(procedure) ?? this.#pattern(procedure)
      : undefined;
    if (registration === undefined) return this.#callUnusual(session, message, rule);
    const callee = chooseCallee(registration, this.#random);
    if (callee === undefined) return this.#wait(session, message, registration, rule);
    if (callee.mayDecline) return this.#invoke(session, message, rule, callee, 0);
    this.invocations.begin(session, request, callee, false, 0);
    const target = callee.session;
    // A pattern's callees must be told the procedure. [WAMP rpc_pattern_based_registration]
    const details = registration.match === "exact" ? EMPTY_DICT : { "procedure": procedure };
    const isDisclosed = rule.disclose.caller ?? callee.disclosesCaller;
    target.send({
      type: Type.INVOCATION,
      request: target.lastInvocation,
      registration: registration.id,
      details: withTrust(rule, isDisclosed ? withCaller(session, details) : details),
      payload: message.payload,
    });
  }

  /** The session is gone: its calls, invocations and registrations go with it. */
  leave(session: Session): void {
    const held = session.registrations;
    session.registrations = undefined;
    for (const registration of held?.values() ?? []) this.#remove(session, registration);
    this.invocations.leave(session);
  }

  // What the meta API asks.

  get registrations(): Iterable<Registration> {
    return this.#byId.values();
  }

  byId(id: number): Registration | undefined {
    return this.#byId.get(id);
  }

  lookup(match: Match, procedure: string): Registration | undefined {
    return this.#index.get(match, procedure);
  }

  /** The registration that a call would go to. No pattern takes calls of the protocol's own procedures, or the node's. */
  best(procedure: string): Registration | undefined {
    return isProtected(procedure) ? this.#index.exact(procedure) : this.#index.best(procedure);
  }

  /** The registration by pattern that a call would go to. Only procedures that are URIs have one. */
  #pattern(procedure: string): Registration | undefined {
    if (isProtected(procedure) || !isUri(procedure, this.#uriRule)) return undefined;
    return this.#index.bestPattern(procedure);
  }

  /** Calls with options, to the router itself, and those that fail. */
  #callUnusual(session: Session, message: Call, rule: Permission): void {
    const { request, procedure, options } = message;
    const refuse = (error: string, text: string) =>
      session.sendError(Type.CALL, request, error, text);
    const problem = optionProblem(message);
    if (problem !== undefined) return refuse(uris.INVALID_ARGUMENT, problem);
    const progressive = options["progress"] === true
      ? openProgressiveCall(session, message)
      : undefined;
    if (!isUri(procedure, this.#uriRule)) {
      return refuse(uris.INVALID_URI, invalid("call", procedure));
    }
    if (!rule.allow.call) {
      const { error, text } = unauthorized(session, rule, "call", procedure);
      return refuse(error, text);
    }
    const unfit = payloadProblem(rule.validate?.call, message.payload, options);
    if (unfit !== undefined) return refuse(uris.INVALID_ARGUMENT, unfit);
    if (this.#forwarding.hasBeenHere(options)) {
      return refuse(uris.UNAVAILABLE, cameBack("call", procedure));
    }
    const registration = this.best(procedure);
    if (registration === undefined) {
      if (isReserved(procedure) && this.#builtIn(session, message)) return;
      return refuse(
        uris.NO_SUCH_PROCEDURE,
        `Cannot call "${procedure}": no such procedure is registered`,
      );
    }
    if (options["disclose_me"] === true && rule.disclose.caller === false) {
      return refuse(
        uris.DISCLOSE_ME_DISALLOWED,
        `Cannot disclose the caller: the role's permission for "${procedure}" forbids it`,
      );
    }
    if (isPassedThrough(options) && !session.features.passesPayload.caller) {
      throw new ProtocolError(
        "Cannot accept CALL with ppt_scheme: the caller did not announce payload_passthru_mode",
      );
    }
    if (isForwarded(message) && registration.callees.every((one) => one.session === session)) {
      return refuse(
        uris.UNAVAILABLE,
        `Cannot call "${procedure}": it is served by the link alone that brought the call`,
      );
    }
    const { runmode, rkey } = options;
    if (runmode === "all") return callAll(this.invocations, session, message, rule, registration);
    const isPartitioned = runmode === "partition" || typeof rkey === "string";
    if (isPartitioned && typeof rkey !== "string") {
      return refuse(
        uris.INVALID_ARGUMENT,
        `Cannot call "${procedure}" with runmode "partition": expected CALL.Options.rkey, a string`,
      );
    }
    const callee = chooseCallee(registration, this.#random, notFor(session, message, registration));
    if (callee === undefined && isPartitioned) {
      return refuse(
        uris.MAX_CONCURRENCY_REACHED,
        `Cannot call "${procedure}": the shard of "${rkey}" has reached its concurrency limit`,
      );
    }
    if (callee === undefined) return this.#wait(session, message, registration, rule);
    this.#invoke(session, message, rule, callee, timeoutOf(options), progressive);
  }

  /** Passes a call with options on. @param timeoutMs what is left of the call's time-out, 0 for none. */
  #invoke(
    session: Session,
    message: Call,
    rule: Permission,
    callee: Callee,
    timeoutMs: number,
    progressive?: ProgressiveCall,
    asked: readonly Session[] = [],
  ): void {
    const { request, procedure, options } = message;
    const { registration, session: target } = callee;
    const refuse = (text: string) =>
      session.sendError(Type.CALL, request, uris.FEATURE_NOT_SUPPORTED, text);
    if (progressive !== undefined && !target.features.takesProgressiveCalls) {
      return refuse(
        `Cannot call "${procedure}" with progress: the callee did not announce progressive_call_invocations and call_canceling`,
      );
    }
    if (isPassedThrough(options) && !target.features.passesPayload.callee) {
      return refuse(
        `Cannot call "${procedure}": the callee did not announce payload_passthru_mode`,
      );
    }
    const wantsProgress = options["receive_progress"] === true && target.features.canYieldProgress;
    const details = invocationDetails(session, message, rule, callee, wantsProgress, timeoutMs);
    const invocation = this.invocations.begin(
      session,
      request,
      callee,
      wantsProgress,
      callee.forwardsTimeout ? 0 : timeoutMs,
    );
    invocation.validate = rule.validate;
    if (callee.mayDecline) {
      const deadline = timeoutMs > 0 ? this.#clock.now() + timeoutMs : 0;
      const canGoOn = progressive === undefined && registration.callees.length > asked.length + 1;
      invocation.rerouting = reroutingOf(message, rule, [...asked, target], canGoOn, deadline);
    }
    if (progressive !== undefined) {
      progressive.invocation = invocation;
      progressive.registration = registration.id;
      progressive.details = details;
    }
    target.send({
      type: Type.INVOCATION,
      request: target.lastInvocation,
      registration: registration.id,
      details: progressive === undefined ? details : { ...details, "progress": true },
      payload: message.payload,
    });
  }

  /** A callee has declined a call: the next one of its registration takes it. [WAMP rpc_call_rerouting] */
  #reroute(caller: Session, { message, rule, asked, deadline, hasProgressed }: Rerouting): boolean {
    if (message === undefined || hasProgressed) return false;
    const registration = this.best(message.procedure);
    if (registration === undefined) return false;
    const except = [...asked, ...notFor(caller, message, registration) ?? []];
    const callee = chooseCallee(registration, this.#random, except);
    if (callee === undefined) return false;
    // A clock that was set back gives no more time than was asked for.
    const leftMs = Math.min(deadline - this.#clock.now(), timeoutOf(message.options));
    const timeoutMs = deadline > 0 ? Math.max(1, leftMs) : 0;
    this.#invoke(caller, message, rule, callee, timeoutMs, undefined, asked);
    return true;
  }

  /** All callees have reached their concurrency limit. A call in parts does not wait, as its parts would have to. */
  #wait(session: Session, message: Call, registration: Registration, rule: Permission): void {
    const { request, procedure, options } = message;
    const isInParts = options["progress"] === true;
    if (!isInParts && this.#queues.add(session, message, registration, rule)) return;
    session.sendError(
      Type.CALL,
      request,
      uris.MAX_CONCURRENCY_REACHED,
      `Cannot call "${procedure}": all callees have reached their concurrency limit`,
    );
  }

  /** Calls that waited go to callees that have become free. */
  #serveWaiting(registration: Registration): void {
    const queue = registration.waiting;
    if (queue === undefined) return;
    let passedOver = 0;
    for (let next = queue[0]; next !== undefined; next = queue[passedOver]) {
      const { caller, message, rule } = next;
      const except = notFor(caller, message, registration);
      const callee = chooseCallee(registration, this.#random, except);
      if (callee === undefined && except === undefined) return;
      if (callee === undefined) {
        passedOver++;
        continue;
      }
      removeWaiting(next);
      const timeoutMs = timeoutOf(message.options);
      const left = timeoutMs > 0 ? Math.max(1, timeoutMs - this.#queues.waited(next)) : 0;
      this.#invoke(caller, message, rule, callee, left);
    }
  }

  #remove(session: Session, registration: Registration): void {
    session.registrations?.delete(registration.id);
    if (!registration.remove(session)) return;
    const wasLast = registration.callees.length === 0;
    if (wasLast) {
      this.#index.remove(registration.match, registration.procedure);
      this.#byId.remove(registration);
      for (const call of [...registration.waiting ?? []]) {
        refuseWaiting(call, uris.CANCELED, "Call canceled: its last callee left while it waited");
      }
    }
    this.#observer.unregistered(session, registration, wasLast);
  }
}
