/**
 * Calls that wait for a callee: all of their registration's have reached their concurrency limit. First come, first served; bounded
 * in number and time by the realm. A call is in its registration's queue and in its caller's `waitingCalls`, or in neither.
 * Ours, as the specification knows no queue (`docs/extensions.md`). Owned by `dealer.ts`.
 */
import { type Call, type Dict, Type } from "../wamp/message.ts";
import type { Match } from "../wamp/uri.ts";
import * as uris from "../wamp/uris.ts";
import type { Permission } from "./permission.ts";
import type { Clock, Timer } from "./ports.ts";
import { matches } from "./pattern_index.ts";
import type { Registration } from "./registration.ts";
import type { Session } from "./session.ts";

export interface CallQueueOptions {
  /** Calls that may wait for one registration. Default 0: none. */
  readonly limit?: number;
  /** How long a call may wait. Default 60,000. */
  readonly timeoutMs?: number;
  /** Other limits for some procedures. */
  readonly procedures?: readonly CallQueueRule[];
}

/** Limits of the registrations of a URI or pattern, and of those whose one procedure the pattern matches; the first that fits holds. */
export interface CallQueueRule {
  readonly uri: string;
  /** Default "exact". */
  readonly match?: Match;
  readonly limit: number;
  /** Default: the realm's. */
  readonly timeoutMs?: number;
}

export class WaitingCall {
  readonly caller: Session;
  readonly message: Call;
  readonly registration: Registration;
  /** The one that allowed it. */
  readonly rule: Permission;
  /** Milliseconds since 1970. */
  readonly since: number;
  timer: Timer | undefined = undefined;

  constructor(
    caller: Session,
    message: Call,
    registration: Registration,
    rule: Permission,
    since: number,
  ) {
    this.caller = caller;
    this.message = { ...message, payload: message.payload.keep() };
    this.registration = registration;
    this.rule = rule;
    this.since = since;
  }
}

export class CallQueues {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #timeoutMs: number;
  readonly #procedures: readonly CallQueueRule[];

  constructor(options: CallQueueOptions, clock: Clock) {
    this.#clock = clock;
    this.#limit = options.limit ?? 0;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#procedures = options.procedures ?? [];
  }

  /** False: the queue is full. The call's own time-out counts while it waits. */
  add(caller: Session, message: Call, registration: Registration, rule: Permission): boolean {
    const queue = this.#procedures.find((one) => isFor(one, registration));
    const { limit, timeoutMs: longestMs = this.#timeoutMs } = queue ?? { limit: this.#limit };
    if ((registration.waiting?.length ?? 0) >= limit) return false;
    const timeoutMs = timeoutOf(message.options);
    const waiting = new WaitingCall(caller, message, registration, rule, this.#clock.now());
    (registration.waiting ??= []).push(waiting);
    (caller.waitingCalls ??= new Map()).set(message.request, waiting);
    const isItsOwn = timeoutMs > 0 && timeoutMs <= longestMs;
    const limitMs = isItsOwn ? timeoutMs : longestMs;
    waiting.timer = this.#clock.after(limitMs, () => {
      const error = isItsOwn ? uris.TIMEOUT : uris.MAX_CONCURRENCY_REACHED;
      refuseWaiting(waiting, error, `Call timed out after it waited ${limitMs} ms for a callee`);
    });
    return true;
  }

  /** Milliseconds that a call has waited. */
  waited(call: WaitingCall): number {
    return Math.max(0, this.#clock.now() - call.since);
  }
}

function isFor({ uri, match = "exact" }: CallQueueRule, registration: Registration): boolean {
  if (match === registration.match && uri === registration.procedure) return true;
  return registration.match === "exact" && matches(match, uri, registration.procedure);
}

/** Milliseconds; 0 is no time-out. [WAMP rpc_call_timeout] */
export function timeoutOf(options: Dict): number {
  const timeout = options["timeout"];
  return typeof timeout === "number" ? timeout : 0;
}

/** The call waits no more. */
export function removeWaiting(call: WaitingCall): void {
  call.timer?.cancel();
  call.caller.waitingCalls?.delete(call.message.request);
  const queue = call.registration.waiting;
  const at = queue?.indexOf(call) ?? -1;
  if (at >= 0) queue?.splice(at, 1);
}

/** The call waited in vain. */
export function refuseWaiting(call: WaitingCall, error: string, text: string): void {
  removeWaiting(call);
  call.caller.sendError(Type.CALL, call.message.request, error, text);
}
