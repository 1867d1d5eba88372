/**
 * A whole router in memory, and peers that speak to it as the specification writes messages:
 *
 *     alice.sends("SUBSCRIBE", 1, {}, "com.myapp.topic");
 *     alice.receives("SUBSCRIBED", 1, ID);
 *
 * `receives` takes the next message; a function in the expected one stands for any value that it accepts.
 */
import assert from "node:assert/strict";
import type { Gate } from "../../router/join.ts";
import { helloProblem } from "../../router/join.ts";
import type { Log, MessageHandler } from "../../router/ports.ts";
import type { Realm, RealmOptions } from "../../router/realm.ts";
import { Router } from "../../router/router.ts";
import { isId } from "../../wamp/id.ts";
import type { Dict } from "../../wamp/message.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeRandom } from "./fake_random.ts";
import { FakeTransport, type FormatName, type Wire } from "./fake_transport.ts";

/** Placeholders in expected messages. */
export const ID = isId;
export const ANY = (): boolean => true;
export const TEXT = (value: unknown): boolean => typeof value === "string" && value !== "";
/** An error's one argument: an explanation for people. */
export const EXPLAINED: readonly unknown[] = [TEXT];

/** A peer that supports everything a client can. */
export const ALL_ROLES: Dict = {
  "publisher": { "features": { "payload_passthru_mode": true } },
  "subscriber": {
    "features": { "payload_passthru_mode": true, "subscription_revocation": true },
  },
  "caller": {
    "features": {
      "progressive_call_results": true,
      "progressive_call_invocations": true,
      "call_canceling": true,
      "payload_passthru_mode": true,
    },
  },
  "callee": {
    "features": {
      "progressive_call_results": true,
      "progressive_call_invocations": true,
      "call_canceling": true,
      "call_timeout": true,
      "registration_revocation": true,
      "payload_passthru_mode": true,
    },
  },
};
/** A peer of the basic profile. */
export const BASIC_ROLES: Dict = { "publisher": {}, "subscriber": {}, "caller": {}, "callee": {} };

export interface Identity {
  readonly authid?: string;
  readonly authrole?: string;
  readonly roles?: Dict;
  readonly realm?: string;
  readonly format?: FormatName;
}

/** Admits everybody as who they say they are, even as "trusted". */
export const credulous: Gate = {
  isInside: true,
  admit: (hello) =>
    helloProblem(hello) ?? {
      realm: hello.realm,
      authid: String(hello.details["authid"] ?? "somebody"),
      authrole: String(hello.details["authrole"] ?? "anyone"),
      authmethod: "anonymous",
      authprovider: "static",
      authextra: undefined,
    },
};

export class FakeLog implements Log {
  readonly errors: Readonly<Record<string, unknown>>[] = [];
  readonly warnings: Readonly<Record<string, unknown>>[] = [];
  debug(_text: string, properties: () => Readonly<Record<string, unknown>>): void {
    properties();
  }
  info(): void {}
  warn(_text: string, properties: Readonly<Record<string, unknown>>): void {
    this.warnings.push(properties);
  }
  error(_text: string, properties: Readonly<Record<string, unknown>>): void {
    this.errors.push(properties);
  }
}

/** One router with a realm "realm1", in which role "anyone" may do everything, unless told otherwise. */
export class Flow {
  readonly clock: FakeClock = new FakeClock();
  readonly random: FakeRandom = new FakeRandom(1);
  readonly log: FakeLog = new FakeLog();
  readonly router: Router;
  readonly realm: Realm;
  readonly #peers: Peer[] = [];

  constructor(options: Partial<RealmOptions> = {}) {
    this.router = new Router({ clock: this.clock, random: this.random, log: this.log });
    this.realm = this.router.addRealm({
      name: "realm1",
      roles: [{ name: "anyone", allowByDefault: true }],
      ...options,
    });
  }

  /** A connection without a session. */
  connect(gate: Gate = credulous, format: FormatName = "json"): Peer {
    const peer = new Peer(this, gate, format);
    this.#peers.push(peer);
    return peer;
  }

  /** A peer that has joined. */
  join(identity: Identity = {}): Peer {
    const peer = this.connect(credulous, identity.format);
    peer.joins(identity);
    return peer;
  }

  /** Nobody received anything that the test did not take, and the router ran into no fault. */
  ends(): void {
    for (const peer of this.#peers) peer.receivesNothing();
    assert.deepEqual(this.log.errors, []);
  }
}

/** What a callee was asked. */
export interface Invoked {
  readonly request: number;
  readonly registration: number;
  readonly details: Dict;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

export class Peer {
  readonly transport: FakeTransport;
  readonly handler: MessageHandler;
  /** Session id, once joined. */
  id = 0;
  /** The last request id used. */
  request = 0;

  constructor(flow: Flow, gate: Gate, format: FormatName) {
    this.transport = new FakeTransport(format);
    this.handler = flow.router.attach(this.transport, gate);
  }

  // The trace, message by message.

  sends(...wire: Wire): void {
    this.transport.receive(this.handler, wire);
  }

  /** The next message is this one. Returns it. */
  receives(...expected: Wire): Wire {
    const actual = this.transport.sent.shift();
    assert.deepEqual(actual, filledIn(expected, actual));
    return actual as Wire;
  }

  /** The next message, whatever it is. */
  takes(): Wire {
    const actual = this.transport.sent.shift();
    assert.ok(actual !== undefined, "found no message, expected one");
    return actual;
  }

  receivesNothing(): void {
    assert.deepEqual(this.transport.sent, []);
  }

  /** The router aborted the session and closed the connection; nothing else came. */
  isAborted(reason: string): void {
    const [, details] = this.receives("ABORT", ANY, reason);
    assert.ok(TEXT((details as Dict)["message"]), "an ABORT says why");
    this.receivesNothing();
    assert.notEqual(this.transport.endReason, undefined);
  }

  get isConnected(): boolean {
    return this.transport.endReason === undefined;
  }

  disconnects(how: "clean" | "reset" | "timeout" | "slow" = "reset"): void {
    this.transport.close(this.handler, how);
  }

  // Requests that succeed, in one line each.

  joins({ realm = "realm1", roles = ALL_ROLES, authid, authrole }: Identity = {}): void {
    const identity = {
      ...(authid === undefined ? {} : { "authid": authid }),
      ...(authrole === undefined ? {} : { "authrole": authrole }),
    };
    this.sends("HELLO", realm, { "roles": roles, ...identity });
    const [, id] = this.receives("WELCOME", ID, ANY);
    this.id = id as number;
    this.request = 0;
  }

  leaves(): void {
    this.sends("GOODBYE", {}, "wamp.close.close_realm");
    this.receives("GOODBYE", {}, "wamp.close.goodbye_and_out");
  }

  /** Returns the subscription's id. */
  subscribes(topic: string, options: Dict = {}): number {
    this.sends("SUBSCRIBE", ++this.request, options, topic);
    return this.receives("SUBSCRIBED", this.request, ID)[2] as number;
  }

  unsubscribes(subscription: number): void {
    this.sends("UNSUBSCRIBE", ++this.request, subscription);
    this.receives("UNSUBSCRIBED", this.request);
  }

  /** Sends PUBLISH and returns its request id; whatever comes of it is the test's business. */
  publishes(topic: string, options: Dict = {}, ...payload: readonly unknown[]): number {
    this.sends("PUBLISH", ++this.request, options, topic, ...payload);
    return this.request;
  }

  /** Returns the registration's id. */
  registers(procedure: string, options: Dict = {}): number {
    this.sends("REGISTER", ++this.request, options, procedure);
    return this.receives("REGISTERED", this.request, ID)[2] as number;
  }

  unregisters(registration: number): void {
    this.sends("UNREGISTER", ++this.request, registration);
    this.receives("UNREGISTERED", this.request);
  }

  /** Sends CALL and returns its request id. */
  calls(procedure: string, options: Dict = {}, ...payload: readonly unknown[]): number {
    this.sends("CALL", ++this.request, options, procedure, ...payload);
    return this.request;
  }

  /** Calls a procedure that answers at once (the meta API) with this result. */
  calling(procedure: string, ...payload: readonly unknown[]): unknown {
    const request = this.calls(procedure, {}, ...payload);
    const [, , , args] = this.receivesAny("RESULT", request, {});
    return (args as readonly unknown[] | undefined)?.[0];
  }

  /** The next message is an INVOCATION. */
  isInvoked(): Invoked {
    const [, request, registration, details, args, kwargs] = this.receivesAny(
      "INVOCATION",
      ID,
      ID,
      ANY,
    );
    return {
      request: request as number,
      registration: registration as number,
      details: details as Dict,
      args: (args ?? []) as readonly unknown[],
      kwargs: (kwargs ?? {}) as Dict,
    };
  }

  yields(invocation: Invoked, options: Dict = {}, ...payload: readonly unknown[]): void {
    this.sends("YIELD", invocation.request, options, ...payload);
  }

  /** As `receives`, for a message that may have more elements than expected. */
  receivesAny(...expected: Wire): Wire {
    const actual = this.transport.sent.shift();
    assert.deepEqual(actual?.slice(0, expected.length), filledIn(expected, actual));
    return actual as Wire;
  }
}

/** `expected` with the actual value wherever a placeholder accepts it, so that what differs shows. */
function filledIn(expected: unknown, actual: unknown): unknown {
  if (typeof expected === "function") return expected(actual) ? actual : expected;
  if (Array.isArray(expected)) {
    return expected.map((one, i) => filledIn(one, Array.isArray(actual) ? actual[i] : undefined));
  }
  if (typeof expected === "object" && expected !== null && !ArrayBuffer.isView(expected)) {
    return Object.fromEntries(
      Object.entries(expected).map(([key, one]) => [key, filledIn(one, (actual as Dict)?.[key])]),
    );
  }
  return expected;
}
