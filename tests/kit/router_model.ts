/**
 * The router by the words of the specification, with lists and loops instead of tables and tries: the simulator's oracle.
 * It takes what peers send and says what every peer must receive, in which order. Ids that a router may choose are `Unknown`:
 * they take the value of the first message in which they are seen, and hold it from then on.
 */
import type { Permission } from "../../router/permission.ts";
import type { RealmOptions } from "../../router/realm.ts";
import type { Dict } from "../../wamp/message.ts";
import type { Wire } from "./fake_transport.ts";
import { BrokerModel, type ModelSubscription } from "./router_model_broker.ts";
import { DealerModel, type ModelRegistration, type ModelUpload } from "./router_model_dealer.ts";
import { isClientsRole, isValidUri } from "./router_model_options.ts";
import { MetaModel } from "./router_model_meta.ts";
import { preferred } from "./router_model_patterns.ts";
import { SlowModel } from "./router_model_slow.ts";

/** An id that the router under test chooses. */
export class Unknown {
  readonly kind: string;
  value: number | undefined = undefined;

  constructor(kind: string) {
    this.kind = kind;
  }
}

/** Items in any order. */
export class Bag {
  readonly items: readonly unknown[];

  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

export const TEXT = (value: unknown): boolean => typeof value === "string" && value !== "";

interface ModelTimer {
  readonly due: number;
  readonly run: () => void;
}

export interface ModelTestament {
  readonly scope: unknown;
  readonly topic: string;
  readonly options: Dict;
  readonly payload: readonly unknown[];
}

export class ModelPeer {
  readonly format: string;
  state: "closed" | "joined" | "closing" | "gone" = "closed";
  /** The router has ended the connection. */
  isEnded = false;
  session: Unknown = new Unknown("session");
  authid = "";
  authrole = "";
  roles: Dict = {};
  lastRequest = 0;
  readonly usedRequests = new Set<number>();
  lastInvocation = 0;
  subscriptions: ModelSubscription[] = [];
  registrations: ModelRegistration[] = [];
  /** Calls in parts whose last part is yet to come. */
  uploads: ModelUpload[] = [];
  testaments: ModelTestament[] = [];
  timer: ModelTimer | undefined = undefined;
  /** Asked to outlive its connection, and may. */
  isResumable = false;
  /** Has no connection, and is kept. */
  isDetached = false;
  isReading = true;
  /** The router has given the connection up, as the peer does not read. */
  isDropped = false;
  /** What it must receive, in order. */
  readonly expected: Wire[] = [];

  constructor(format: string) {
    this.format = format;
  }

  announces(role: string, feature: string): boolean {
    const announced = this.roles[role] as { features?: Dict } | undefined;
    return announced?.features?.[feature] === true;
  }
}

/** The peer broke the protocol. */
export class Violation extends Error {}

const UNDECIDED: Permission["disclose"] = { caller: undefined, publisher: undefined };
const HELLO_TIMEOUT_MS = 10_000;
const GOODBYE_TIMEOUT_MS = 5_000;

export class RouterModel {
  readonly options: RealmOptions;
  now: number;
  /** What the router's randomness chose for shared registrations. */
  readonly draws: number[];
  /** Joined, in order. */
  readonly sessions: ModelPeer[] = [];
  readonly broker: BrokerModel;
  readonly dealer: DealerModel;
  readonly meta: MetaModel;
  readonly slow: SlowModel;
  readonly #timers: ModelTimer[] = [];

  constructor(options: RealmOptions, now: number, draws: number[]) {
    this.options = options;
    this.now = now;
    this.draws = draws;
    this.broker = new BrokerModel(this);
    this.dealer = new DealerModel(this);
    this.meta = new MetaModel(this);
    this.slow = new SlowModel(this);
  }

  connect(peer: ModelPeer): void {
    peer.timer = this.after(
      HELLO_TIMEOUT_MS,
      () => this.abort(peer, "wamp.error.protocol_violation"),
    );
  }

  /** `wire` undefined: bytes that are no message. */
  receive(peer: ModelPeer, wire: Wire | undefined): void {
    try {
      if (peer.state === "gone") return;
      if (wire === undefined) throw new Violation();
      if (peer.state === "joined") this.#receiveJoined(peer, wire);
      else this.#receiveOutside(peer, wire);
    } catch (cause) {
      if (!(cause instanceof Violation)) throw cause;
      this.abort(peer, "wamp.error.protocol_violation");
    }
  }

  /** The connection breaks. */
  disconnect(peer: ModelPeer): void {
    if (peer.state === "gone") return;
    const { resumption } = this.options;
    const detached = this.sessions.filter((one) => one.isDetached).length;
    const { timeoutMs = 0, maxDetached = 0 } = resumption ?? {};
    if (peer.state === "joined" && peer.isResumable && detached < maxDetached) {
      peer.isDetached = true;
      this.#publishTestaments(peer, "detached");
      peer.timer = this.after(timeoutMs, () => {
        this.#leave(peer);
        this.#end(peer);
      });
      return;
    }
    this.slow.cut(peer);
    this.#leave(peer);
    this.#end(peer);
  }

  /** Another connection takes the session up. @param missed what the peer says not to have received. */
  resume(peer: ModelPeer, missed: readonly Wire[]): void {
    if (peer.isDetached) this.cancel(peer.timer);
    peer.isDetached = false;
    const isResumed = (details: unknown) => (details as Dict)["resumed"] === true;
    peer.expected.unshift(["WELCOME", peer.session, isResumed], ...missed);
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end)
        .reduce<ModelTimer | undefined>(
          (a, b) => a === undefined || b.due < a.due ? b : a,
          undefined,
        );
      if (next === undefined) break;
      this.cancel(next);
      this.now = next.due;
      next.run();
    }
    this.now = end;
  }

  after(ms: number, run: () => void): ModelTimer {
    const timer = { due: this.now + ms, run };
    this.#timers.push(timer);
    return timer;
  }

  cancel(timer: ModelTimer | undefined): void {
    const at = this.#timers.findIndex((one) => one === timer);
    if (at >= 0) this.#timers.splice(at, 1);
  }

  send(peer: ModelPeer, ...wire: Wire): void {
    if (peer.state === "joined") this.#transmit(peer, wire);
  }

  sendError(peer: ModelPeer, type: number, request: number, error: string): void {
    this.send(peer, "ERROR", type, request, {}, error, [TEXT]);
  }

  goodbye(peer: ModelPeer, reason: string, message: unknown): void {
    if (peer.isDetached) {
      this.#leave(peer);
      return this.#end(peer);
    }
    this.#transmit(peer, ["GOODBYE", message === undefined ? {} : { "message": message }, reason]);
    this.#leave(peer);
    peer.state = "closing";
    peer.timer = this.after(GOODBYE_TIMEOUT_MS, () => this.#end(peer));
  }

  abort(peer: ModelPeer, reason: string): void {
    this.#transmit(peer, ["ABORT", { "message": TEXT }, reason]);
    this.#leave(peer);
    this.#end(peer);
  }

  /** What a peer may do with a URI: the most specific permission of its role, or the role's default. */
  permission(peer: ModelPeer, uri: string) {
    if (peer.authrole === "trusted") return { allow: () => true, disclose: UNDECIDED, trust: {} };
    const role = this.options.roles.find((one) => one.name === peer.authrole);
    const rules = (role?.permissions ?? []).map((one) => ({ ...one, pattern: one.uri }));
    const rule = preferred(rules, uri);
    const trustlevel = rule?.trustlevel ?? role?.trustlevel;
    return {
      allow: (action: "call" | "register" | "publish" | "subscribe") =>
        rule?.allow[action] ?? role?.allowByDefault === true,
      disclose: rule?.disclose ?? UNDECIDED,
      /** What EVENT and INVOCATION say of the role. */
      trust: trustlevel === undefined ? {} : { "trustlevel": trustlevel },
    };
  }

  #transmit(peer: ModelPeer, wire: Wire): void {
    if (peer.state === "joined") this.slow.send(peer, wire);
    else if (!peer.isDropped) peer.expected.push(wire);
  }

  #receiveOutside(peer: ModelPeer, wire: Wire): void {
    const [name] = wire;
    if (name === "ABORT") return this.#end(peer);
    if (peer.state === "closing") {
      if (name === "GOODBYE") this.#end(peer);
      return;
    }
    if (name !== "HELLO") throw new Violation();
    this.#hello(peer, wire[1] as string, wire[2] as Dict);
  }

  #hello(peer: ModelPeer, realm: string, details: Dict): void {
    const roles = details["roles"] as Dict | undefined;
    if (!isValidUri(realm)) return this.abort(peer, "wamp.error.invalid_uri");
    if (roles === undefined || !Object.keys(roles).some(isClientsRole)) throw new Violation();
    if (realm !== this.options.name) return this.abort(peer, "wamp.error.no_such_realm");
    const authrole = details["authrole"] as string;
    if (authrole !== "trusted" && !this.options.roles.some((role) => role.name === authrole)) {
      return this.abort(peer, "wamp.error.no_such_role");
    }
    this.cancel(peer.timer);
    peer.state = "joined";
    peer.session = new Unknown("session");
    peer.authid = details["authid"] as string;
    peer.authrole = authrole;
    peer.roles = roles;
    peer.isResumable = this.options.resumption !== undefined && details["resumable"] === true;
    peer.lastRequest = 0;
    peer.usedRequests.clear();
    peer.lastInvocation = 0;
    peer.expected.push(["WELCOME", peer.session, () => true]);
    this.sessions.push(peer);
    this.meta.joined(peer);
  }

  #receiveJoined(peer: ModelPeer, wire: Wire): void {
    const [name, request, options] = wire as [string, number, Dict, ...unknown[]];
    switch (name) {
      case "ABORT":
        this.#leave(peer);
        return this.#end(peer);
      case "GOODBYE":
        this.#transmit(peer, ["GOODBYE", {}, "wamp.close.goodbye_and_out"]);
        this.#leave(peer);
        peer.state = "closed";
        return this.connect(peer);
      case "YIELD":
        return this.dealer.yield(peer, request, options, wire.slice(3));
      case "ERROR":
        return this.dealer.error(peer, wire);
      case "CANCEL":
        return this.dealer.cancel(peer, request, options);
      case "EVENT_RECEIVED":
        return this.broker.confirm(peer, request);
    }
    const requests: Record<string, () => void> = {
      "PUBLISH": () =>
        this.broker.publish(peer, request, options, wire[3] as string, wire.slice(4)),
      "SUBSCRIBE": () => this.broker.subscribe(peer, request, options, wire[3] as string),
      "UNSUBSCRIBE": () => this.broker.unsubscribe(peer, request, wire[2] as number),
      "CALL": () => this.dealer.call(peer, request, options, wire[3] as string, wire.slice(4)),
      "REGISTER": () => this.dealer.register(peer, request, options, wire[3] as string),
      "UNREGISTER": () => this.dealer.unregister(peer, request, wire[2] as number),
    };
    if (name === "CALL" && this.dealer.continue(peer, wire)) return;
    const serve = requests[name];
    if (serve === undefined) throw new Violation();
    const isStrict = this.options.requestIds === "strict";
    if (peer.usedRequests.has(request)) throw new Violation();
    if (isStrict && request !== peer.lastRequest + 1) throw new Violation();
    peer.usedRequests.add(request);
    peer.lastRequest = Math.max(peer.lastRequest, request);
    serve();
  }

  #leave(peer: ModelPeer): void {
    this.cancel(peer.timer);
    if (peer.state !== "joined") return;
    peer.state = "closed";
    this.slow.leave(peer);
    // What waited for another connection is never seen.
    if (peer.isDetached) peer.expected.length = 0;
    peer.isDetached = false;
    this.sessions.splice(this.sessions.indexOf(peer), 1);
    this.broker.leave(peer);
    this.dealer.leave(peer);
    this.meta.leaves(peer);
    for (const scope of ["detached", "destroyed"]) this.#publishTestaments(peer, scope);
    this.meta.left(peer);
  }

  #publishTestaments(peer: ModelPeer, scope: string): void {
    const due = peer.testaments.filter((testament) => testament.scope === scope);
    peer.testaments = peer.testaments.filter((testament) => testament.scope !== scope);
    for (const one of due) this.broker.publish(peer, 0, one.options, one.topic, one.payload);
  }

  #end(peer: ModelPeer): void {
    this.cancel(peer.timer);
    peer.state = "gone";
    peer.isEnded = true;
  }
}
