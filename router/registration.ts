/** The record of one registered procedure or pattern and who serves it. Owned by `dealer.ts`. [WAMP rpc_shared_registration] */
import type { Dict } from "../wamp/message.ts";
import type { Match } from "../wamp/uri.ts";
import * as uris from "../wamp/uris.ts";
import type { WaitingCall } from "./call_queue.ts";
import type { Refusal } from "./refusal.ts";
import type { Session } from "./session.ts";

export const INVOKE_POLICIES = ["single", "first", "last", "roundrobin", "random"] as const;
export type Invoke = typeof INVOKE_POLICIES[number];

/** One session's part in a registration. */
export interface Callee {
  readonly session: Session;
  readonly registration: Registration;
  /** The callee asked to be told who calls. [WAMP rpc_caller_identification] */
  readonly disclosesCaller: boolean;
  /** The callee watches the time-outs of calls itself. [WAMP rpc_call_timeout] */
  readonly forwardsTimeout: boolean;
  /** It may decline calls, for another callee to take them. [WAMP rpc_call_rerouting] */
  readonly mayDecline: boolean;
  /** The node that it is a shard on; undefined: one of its own. [WAMP rpc_sharded_registration] */
  readonly node: string | undefined;
  /** Invocations that this callee takes at a time; 0 is no limit. */
  readonly concurrency: number;
  inFlight: number;
}

export class Registration {
  readonly id: number;
  readonly match: Match;
  readonly procedure: string;
  readonly invoke: Invoke;
  /** Milliseconds since 1970. */
  readonly created: number;
  /**
   * The one callee of a registration that is not shared, a list of them else.
   *
   * PERF: plain: a list whatever the policy. With `id_table.ts` a registration takes 281 instead of 344 bytes on Bun, and 255 instead of 328 on
   * Deno, and a call among many has two cache misses less (100,000 registrations; Bun 1.4.5, Deno 2.9.6; November 2026).
   */
  #callees: Callee | Callee[] | undefined = undefined;
  /** Position of the next callee for `roundrobin`. */
  next = 0;
  /** Calls that wait for a callee to become free, in order. */
  waiting: WaitingCall[] | undefined = undefined;

  constructor(id: number, match: Match, procedure: string, invoke: Invoke, created: number) {
    this.id = id;
    this.match = match;
    this.procedure = procedure;
    this.invoke = invoke;
    this.created = created;
  }

  /** The callee of a registration that is not shared. */
  get onlyCallee(): Callee | undefined {
    return Array.isArray(this.#callees) ? undefined : this.#callees;
  }

  /** In order of registration. Do not keep them. */
  get callees(): readonly Callee[] {
    const callees = this.#callees;
    if (callees === undefined) return NOBODY;
    return Array.isArray(callees) ? callees : [callees];
  }

  add(callee: Callee): void {
    if (Array.isArray(this.#callees)) this.#callees.push(callee);
    else this.#callees = this.invoke === "single" ? callee : [callee];
  }

  callee(session: Session): Callee | undefined {
    return this.callees.find((callee) => callee.session === session);
  }

  /** False when the session does not serve this registration. */
  remove(session: Session): boolean {
    const at = this.callees.findIndex((callee) => callee.session === session);
    if (at < 0) return false;
    if (Array.isArray(this.#callees)) this.#callees.splice(at, 1);
    else this.#callees = undefined;
    if (this.next > at) this.next--;
    return true;
  }
}

const NOBODY: readonly Callee[] = Object.freeze([]);

/** The policy that a REGISTER asks for. */
export function invokeOf(options: Dict): Invoke {
  return INVOKE_POLICIES.find((policy) => policy === options["invoke"]) ?? "single";
}

/** The part in a registration that a REGISTER asks for. */
export function calleeOf(session: Session, registration: Registration, options: Dict): Callee {
  const { concurrency, nkey } = options;
  return {
    session,
    registration,
    disclosesCaller: options["disclose_caller"] === true,
    forwardsTimeout: options["forward_timeout"] === true,
    mayDecline: session.features.declinesCalls,
    node: typeof nkey === "string" ? nkey : undefined,
    concurrency: typeof concurrency === "number" ? concurrency : 0,
    inFlight: 0,
  };
}

/** Why a session cannot join a registration that exists; undefined when it can. */
export function conflictOf(
  session: Session,
  registration: Registration,
  invoke: Invoke,
): Refusal | undefined {
  const { procedure } = registration;
  if (registration.invoke === "single" || registration.callee(session) !== undefined) {
    return {
      error: uris.PROCEDURE_ALREADY_EXISTS,
      text: `Cannot register "${procedure}": it is registered already`,
    };
  }
  if (registration.invoke === invoke) return undefined;
  return {
    error: uris.PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY,
    text:
      `Cannot register "${procedure}" with invoke "${invoke}": found it registered with "${registration.invoke}"`,
  };
}
