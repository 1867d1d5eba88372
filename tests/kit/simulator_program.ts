/**
 * Random programs for the simulator: what one of several peers does next. Mostly sensible, at times not; over so few URIs, roles and
 * ids that peers get in each other's way.
 */
import type { EventHistoryOptions } from "../../router/history.ts";
import type { RoleOptions } from "../../router/permission.ts";
import type { Match } from "../../wamp/uri.ts";
import type { Dict } from "../../wamp/message.ts";
import type { FakeRandom } from "./fake_random.ts";
import type { Wire } from "./fake_transport.ts";
import { ALL_ROLES, BASIC_ROLES } from "./flow_kit.ts";
import type { ModelPeer, RouterModel, Unknown } from "./router_model.ts";
import { REFLECTED } from "./router_model_reflection.ts";

const MATCHES = ["exact", "prefix", "wildcard"] as const;
const AUTHIDS = ["ann", "ben", "eve"];
const AUTHROLES = ["anyone", "limited", "shy", "open", "trusted"];
const NODES = ["node1", "node2", "node3"];
/** Subscribers that say which events they have. */
const CONFIRMING = { "x_acknowledged_event_delivery": true, "payload_passthru_mode": true };
/** Callees that may decline calls. */
const DECLINING = {
  "call_reroute": true,
  "call_canceling": true,
  "progressive_call_results": true,
  "progressive_call_invocations": true,
};
const INVOKES = ["single", "first", "last", "roundrobin", "random"];
const META_TOPICS = [
  "wamp.session.on_join",
  "wamp.session.on_leave",
  "wamp.session.on_slow",
  "wamp.session.on_caught_up",
  "wamp.subscription.on_create",
  "wamp.subscription.on_subscribe",
  "wamp.subscription.on_unsubscribe",
  "wamp.subscription.on_delete",
  "wamp.registration.on_create",
  "wamp.registration.on_register",
  "wamp.registration.on_unregister",
  "wamp.registration.on_delete",
  "wamp.reflect.on_define",
  "wamp.reflect.on_undefine",
];

function role(name: string, disclose: boolean | undefined): RoleOptions {
  return { name, permissions: [rule("", "prefix", "csrp", disclose)] };
}

function rule(uri: string, match: Match, actions: string, disclose?: boolean) {
  return {
    uri,
    match,
    allow: {
      call: actions.includes("c"),
      subscribe: actions.includes("s"),
      register: actions.includes("r"),
      publish: actions.includes("p"),
    },
    disclose: { caller: disclose, publisher: disclose },
  };
}

export const SIMULATED_ROLES: readonly RoleOptions[] = [
  { name: "anyone", allowByDefault: true },
  role("shy", false),
  { ...role("open", true), trustlevel: 2 },
  {
    name: "limited",
    permissions: [
      rule("wamp.", "prefix", "cs"),
      rule("a", "prefix", "cs"),
      { ...rule("a.b", "exact", "csrp", true), trustlevel: 0 },
      rule("a.a", "prefix", "cp"),
      rule("wamp.registration.", "prefix", "c"),
      rule("b..a", "wildcard", "rp", false),
      rule("b..", "wildcard", "p"),
    ],
    allowByDefault: false,
  },
];

const POLICIES = ["drop-oldest", "drop-newest", "close", "pause-publisher"] as const;

/** The same roles, where sessions of some need not read: what they may leave unread is below the weight of any event. */
export function unread(seed: number): readonly RoleOptions[] {
  return SIMULATED_ROLES.map((role, at) => {
    const policy = POLICIES[(Math.floor(seed / 5) + at) % POLICIES.length];
    if (role.name === "limited" || policy === undefined) return role;
    const slowConsumers = { policy, limitBytes: 1, hardLimitBytes: 2 ** 26, pauseMs: 700 };
    return { ...role, slowConsumers };
  });
}

export const SIMULATED_HISTORY: readonly EventHistoryOptions[] = [
  { uri: "a", limit: 5 },
  { uri: "a", match: "prefix", limit: 80 },
  { uri: ".b", match: "wildcard", limit: 20 },
  { uri: "wamp.session.", match: "prefix", limit: 10 },
];

export class Program {
  readonly #random: FakeRandom;
  readonly #model: RouterModel;
  readonly #reflects: boolean;

  /** @param reflects whether sessions ask what the realm offers: with authorizers, they see what these were asked about before. */
  constructor(random: FakeRandom, model: RouterModel, reflects: boolean) {
    this.#random = random;
    this.#model = model;
    this.#reflects = reflects;
  }

  /** The next message of a connected peer; undefined for bytes that are none. */
  next(peer: ModelPeer): Wire | undefined {
    const random = this.#random;
    if (random.oneIn(400)) return random.oneIn(4) ? undefined : this.#outOfPlace();
    if (peer.state !== "joined") {
      if (peer.state === "closing") return random.oneIn(2) ? this.#goodbye() : this.#request(peer);
      return this.#hello();
    }
    return random.oneIn(80) ? this.#goodbye() : this.#request(peer);
  }

  #request(peer: ModelPeer): Wire {
    const random = this.#random;
    const request = this.#requestId(peer);
    switch (random.index(15)) {
      case 0:
      case 1: {
        const [match, pattern] = this.#pattern(true);
        const retained = random.oneIn(3) ? { "get_retained": this.#boolean() } : {};
        const node = random.oneIn(3) ? { "nkey": this.#node() } : {};
        const options = { ...this.#matchOption(match), ...retained, ...node };
        return ["SUBSCRIBE", request, options, pattern];
      }
      case 2:
        return [
          "UNSUBSCRIBE",
          request,
          this.#idOf(peer.subscriptions, this.#model.broker.subscriptions),
        ];
      case 3:
      case 4:
      case 5:
        return ["PUBLISH", request, this.#publishOptions(), this.#uri(), ...this.#payload()];
      case 6: {
        const [match, pattern] = this.#pattern(false);
        return [
          "REGISTER",
          request,
          { ...this.#matchOption(match), ...this.#registerOptions(pattern) },
          pattern,
        ];
      }
      case 7:
        if (random.oneIn(2)) return this.#metaCall(request);
        return [
          "UNREGISTER",
          request,
          this.#idOf(peer.registrations, this.#model.dealer.registrations),
        ];
      case 8:
      case 9:
      case 10:
        return ["CALL", request, this.#callOptions(), this.#procedure(), ...this.#payload()];
      case 11:
        return (random.oneIn(2) ? this.#part(peer) : this.#cancel(peer)) ??
          ["CALL", request, {}, this.#procedure()];
      default:
        return this.#answer(peer) ?? ["CALL", request, {}, this.#procedure(), ...this.#payload()];
    }
  }

  #hello(): Wire {
    const random = this.#random;
    const callees = [
      { "call_canceling": true },
      { "progressive_call_results": true, "progressive_call_invocations": true },
      { "registration_revocation": true, "payload_passthru_mode": true },
      DECLINING,
      DECLINING,
    ];
    const roles = random.pick([
      ALL_ROLES,
      ALL_ROLES,
      BASIC_ROLES,
      { ...ALL_ROLES, "callee": { "features": random.pick(callees) } },
      { ...ALL_ROLES, "caller": {}, "publisher": {} },
      { ...ALL_ROLES, "subscriber": { "features": CONFIRMING } },
    ]);
    const details = {
      "roles": random.oneIn(200) ? { "broker": {} } : roles,
      "authid": random.pick(AUTHIDS),
      "authrole": random.oneIn(200) ? "nobody" : random.pick(AUTHROLES),
      ...(this.#model.options.resumption && random.oneIn(2) ? { "resumable": true } : {}),
    };
    const realm = random.oneIn(200) ? random.pick(["realm2", "a b"]) : "realm1";
    return ["HELLO", realm, details];
  }

  #goodbye(): Wire {
    return this.#random.oneIn(4)
      ? ["ABORT", {}, "com.myapp.tired", ["why"]]
      : ["GOODBYE", {}, "wamp.close.close_realm"];
  }

  #outOfPlace(): Wire {
    return this.#random.pick<Wire>([
      ["WELCOME", 1, {}],
      ["HELLO", "realm1", {}],
      ["AUTHENTICATE", "", {}],
      ["CHALLENGE", "ticket", {}],
      ["SUBSCRIBED", 1, 1],
      ["EVENT", 1, 1, {}],
      ["RESULT", 1, {}],
      ["INVOCATION", 1, 1, {}],
      ["INTERRUPT", 1, {}],
      ["EVENT_RECEIVED", 1],
      ["ERROR", 48, 1, {}, "com.myapp.error"],
      ["ERROR", 68, 1, {}, "no uri"],
      ["YIELD", 9_999_999, {}],
      ["SUBSCRIBE", 1, {}, "a"],
    ]);
  }

  /** The next id, rarely with a gap, rarely an earlier one. */
  #requestId(peer: ModelPeer): number {
    if (this.#random.oneIn(300)) return 1 + this.#random.index(peer.lastRequest + 1);
    const gap = this.#random.oneIn(300) ? this.#random.index(3) : 0;
    return peer.lastRequest + 1 + gap;
  }

  /** One of one's own, or rarely any other. */
  #idOf(own: readonly { id: Unknown }[], all: readonly { id: Unknown }[]): number {
    const random = this.#random;
    const from = random.oneIn(5) || own.length === 0 ? all : own;
    return (from.length === 0 ? undefined : random.pick(from).id.value) ?? 1 + random.index(50);
  }

  #uri(): string {
    const random = this.#random;
    if (random.oneIn(40)) return random.pick(["", "a b", "a..b", "wamp.x", "wamp.session.on_join"]);
    const components = Array.from(
      { length: 1 + random.index(3) },
      () => random.pick(["a", "b", "ab"]),
    );
    return components.join(".");
  }

  #procedure(): string {
    const { registrations } = this.#model.dealer;
    const exact = registrations.filter((one) => one.match === "exact");
    if (exact.length > 0 && this.#random.oneIn(2)) return this.#random.pick(exact).pattern;
    return this.#uri();
  }

  #pattern(isForEvents: boolean): [Match, string] {
    const random = this.#random;
    const match = random.oneIn(2) ? "exact" : random.pick(MATCHES);
    if (isForEvents && random.oneIn(4)) {
      const topic = random.pick(META_TOPICS);
      return [match, match === "prefix" ? topic.slice(0, random.index(topic.length)) : topic];
    }
    const uri = this.#uri();
    if (match === "prefix") return [match, uri.slice(0, random.index(uri.length + 1))];
    if (match === "exact") return [match, uri];
    return [match, uri.split(".").map((one) => random.oneIn(2) ? "" : one).join(".")];
  }

  #matchOption(match: Match): Dict {
    if (this.#random.oneIn(100)) return { "match": "regex" };
    return match === "exact" && this.#random.oneIn(2) ? {} : { "match": match };
  }

  #payload(): readonly unknown[] {
    const random = this.#random;
    const args = Array.from(
      { length: random.index(3) },
      () =>
        random.pick<unknown>([random.bits(), -1, 1.5, "text", "Grüße 𝄞", null, true, [], {
          "a": [1],
        }]),
    );
    switch (random.index(4)) {
      case 0:
        return [];
      case 1:
        return [args, { "key": random.bits(), "other": "ä" }];
      default:
        return [args];
    }
  }

  /** Each option with a chance of its own; none at all half the time. */
  #options(choices: Readonly<Record<string, () => unknown>>): Dict {
    if (this.#random.oneIn(2)) return {};
    const odds = Object.entries(choices).filter(() => this.#random.oneIn(5));
    return Object.fromEntries(odds.map(([key, choose]) => [key, this.#orInvalid(choose())]));
  }

  #orInvalid(value: unknown): unknown {
    return this.#random.oneIn(150) ? this.#random.pick<unknown>(["x", 1.5, [null]]) : value;
  }

  #node = () => this.#random.pick(NODES);
  #resource = () => `resource ${this.#random.index(9)}`;
  #boolean = () => this.#random.oneIn(2);
  #sessions = () => this.#some(this.#model.sessions.map((peer) => peer.session.value ?? 1));
  #authids = () => this.#some(AUTHIDS);
  #authroles = () => this.#some(AUTHROLES);

  #some<T>(list: readonly T[]): T[] {
    return list.filter(() => this.#random.oneIn(2));
  }

  #passed(): Readonly<Record<string, () => unknown>> {
    return {
      "_mine": () => [1, { "a": "b" }],
      "unknown": () => 1,
      "ppt_scheme": () => this.#random.oneIn(4) ? "x_ppt" : "",
      "ppt_keyid": () => "key",
    };
  }

  #publishOptions(): Dict {
    return this.#options({
      "acknowledge": () => !this.#random.oneIn(4),
      "exclude_me": this.#boolean,
      "rkey": this.#resource,
      "x_acknowledged_delivery": () => !this.#random.oneIn(4),
      "x_delivery_timeout_ms": () => this.#random.pick([500, 2000]),
      "retain": () => !this.#random.oneIn(4),
      "x_retain_ms": () => this.#random.pick([250, 1000, 5000]),
      "x_retain_clear": () => this.#random.oneIn(4),
      "disclose_me": this.#boolean,
      "eligible": this.#sessions,
      "exclude": this.#sessions,
      "eligible_authid": this.#authids,
      "exclude_authid": this.#authids,
      "eligible_authrole": this.#authroles,
      "exclude_authrole": this.#authroles,
      ...this.#passed(),
    });
  }

  /** Each pattern has its usual policy, so that callees come to share it. */
  #registerOptions(pattern: string): Dict {
    const random = this.#random;
    const usual = INVOKES[pattern.length % INVOKES.length];
    const invoke = random.oneIn(20)
      ? {}
      : { "invoke": random.oneIn(20) ? random.pick(INVOKES) : usual };
    return {
      ...invoke,
      ...this.#options({
        "concurrency": () => 1 + random.index(3),
        "disclose_caller": this.#boolean,
        "force_reregister": () => random.oneIn(4),
        "forward_timeout": this.#boolean,
        "nkey": this.#node,
      }),
    };
  }

  #callOptions(): Dict {
    if (this.#random.oneIn(4)) return { "receive_progress": true, "timeout": 1_000 };
    if (this.#random.oneIn(6)) return { "progress": true };
    return this.#options({
      "rkey": this.#resource,
      "runmode": () => this.#random.pick(["partition", "all", "all"]),
      "timeout": () => this.#random.index(4) * 500,
      "receive_progress": this.#boolean,
      "progress": this.#boolean,
      "disclose_me": this.#boolean,
      ...this.#passed(),
    });
  }

  /** The next part of a call in parts. */
  #part(peer: ModelPeer): Wire | undefined {
    const random = this.#random;
    if (peer.uploads.length === 0) return undefined;
    const { request, procedure } = random.pick(peer.uploads);
    const progress = random.oneIn(3) ? {} : { "progress": this.#orInvalid(!random.oneIn(10)) };
    const other = random.oneIn(100) ? this.#uri() : procedure;
    return ["CALL", request, { ...this.#callOptions(), ...progress }, other, ...this.#payload()];
  }

  #cancel(peer: ModelPeer): Wire | undefined {
    const random = this.#random;
    const { calls, waiting, gatherings } = this.#model.dealer;
    const own = [...calls, ...waiting, ...gatherings].filter((call) => call.caller === peer);
    if (own.length === 0) return undefined;
    const request = random.oneIn(20) ? 1 + random.index(20) : random.pick(own).request;
    const modes = [{}, { "mode": "skip" }, { "mode": "kill" }, { "mode": "killnowait" }];
    return ["CANCEL", request, random.oneIn(200) ? { "mode": "x" } : random.pick(modes)];
  }

  #answer(peer: ModelPeer): Wire | undefined {
    const random = this.#random;
    const pending = this.#model.dealer.calls.filter((call) => call.callee.peer === peer);
    if (pending.length === 0 || random.oneIn(4)) return this.#confirmation(peer);
    const request = random.oneIn(20)
      ? 1 + random.index(peer.lastInvocation)
      : random.pick(pending).id;
    if (random.oneIn(4)) {
      return [
        "ERROR",
        68,
        request,
        this.#options(this.#passed()),
        random.pick(["com.myapp.error", "wamp.error.unavailable"]),
        ...this.#payload(),
      ];
    }
    const progress = random.oneIn(3) ? { "progress": this.#orInvalid(true) } : {};
    return [
      "YIELD",
      request,
      { ...this.#options(this.#passed()), ...progress },
      ...this.#payload(),
    ];
  }

  #confirmation(peer: ModelPeer): Wire | undefined {
    const { deliveries } = this.#model.broker;
    const own = deliveries.filter((one) => one.waiting.has(peer) || this.#random.oneIn(20));
    const known = own.flatMap(({ publication }) => publication.value ?? []);
    const canConfirm = peer.announces("subscriber", "x_acknowledged_event_delivery");
    if (known.length === 0 || !canConfirm) return undefined;
    return ["EVENT_RECEIVED", this.#random.pick(known)];
  }

  #metaCall(request: number): Wire {
    const random = this.#random;
    const session = () =>
      this.#model.sessions.at(random.index(this.#model.sessions.length))?.session.value;
    const kwargs = random.pick<unknown[]>([
      [],
      [{ "reason": "com.myapp.tired" }],
      [{ "message": "bye" }],
      [{ "reason": "no uri" }],
    ]);
    const kind = random.pick(["subscription", "registration"]);
    const entries = kind === "subscription"
      ? this.#model.broker.subscriptions
      : this.#model.dealer.registrations;
    const members = kind === "subscription" ? "subscribers" : "callees";
    const [match, pattern] = this.#pattern(true);
    const about = () => [random.oneIn(5) ? 999_999 : this.#idOf(entries, entries)];
    const call = (
      name: string,
      ...payload: readonly unknown[]
    ): Wire => ["CALL", request, {}, name, ...payload];
    const calls = [
      () => call("wamp.session.count", [this.#authroles()]),
      () => call("wamp.session.list"),
      () => call("wamp.session.get", [session() ?? 1]),
      () => call("wamp.session.kill", [session() ?? 1], ...kwargs),
      () =>
        random.oneIn(3)
          ? call("wamp.session.kill_by_authid", [random.pick(AUTHIDS)], ...kwargs)
          : call("wamp.session.get"),
      () =>
        random.oneIn(3)
          ? call("wamp.session.kill_by_authrole", [random.pick(AUTHROLES)], ...kwargs)
          : call("wamp.unknown"),
      () =>
        random.oneIn(3) ? call("wamp.session.kill_all", [], ...kwargs) : call("wamp.session.kill"),
      () => this.#addTestament(request),
      () => this.#addTestament(request),
      () => this.#getEvents(request),
      () => this.#getEvents(request),
      () => this.#define(request),
      () => this.#define(request),
      () => this.#reflects ? this.#reflect(request) : this.#define(request),
      () => call("wamp.session.flush_testaments", [], random.oneIn(2) ? {} : this.#scope()),
      () => call(`wamp.${kind}.list`),
      () => call(`wamp.${kind}.lookup`, [pattern, { "match": match }]),
      () => call(`wamp.${kind}.match`, [this.#uri()]),
      () => call(`wamp.${kind}.get`, about()),
      () => call(`wamp.${kind}.list_${members}`, about()),
      () => call(`wamp.${kind}.count_${members}`, about()),
      () => call(`wamp.${kind}.get`, ["x"]),
      () => {
        const name = `wamp.${kind}.remove_${members.slice(0, -1)}`;
        const reason = random.oneIn(2) ? ["com.myapp.tired"] : [];
        return call(name, [...about(), random.oneIn(20) ? 4711 : session() ?? 1, ...reason]);
      },
    ];
    return random.pick(calls)();
  }

  #define(request: number): Wire {
    const random = this.#random;
    const description = random.pick<unknown>([null, { "doc": "Adds." }, { "args": [1] }, {}]);
    const kind = random.pick<unknown[]>([[], [random.pick(REFLECTED)]]);
    const args = [this.#uri(), random.oneIn(30) ? "text" : description, ...kind];
    const kwargs = random.oneIn(4) ? [{ "kind": this.#orInvalid(random.pick(REFLECTED)) }] : [];
    return ["CALL", request, {}, "wamp.reflect.define", args, ...kwargs];
  }

  #reflect(request: number): Wire {
    const random = this.#random;
    const name = `wamp.reflection.${random.pick(REFLECTED)}`;
    return random.pick<Wire>([
      ["CALL", request, {}, `${name}.list`],
      ["CALL", request, {}, `${name}.describe`, [this.#uri()]],
      ["CALL", request, {}, "wamp.reflect.describe", random.oneIn(20) ? [1] : [this.#uri()]],
    ]);
  }

  #addTestament(request: number): Wire {
    const [args = [], kwargs = {}] = this.#payload();
    const options = this.#publishOptions();
    return ["CALL", request, {}, "wamp.session.add_testament", [this.#uri(), args, kwargs], {
      ...(this.#random.oneIn(2) ? {} : this.#scope()),
      ...(Object.keys(options).length > 0 ? { "publish_options": options } : {}),
    }];
  }

  #getEvents(request: number): Wire {
    const random = this.#random;
    const { subscriptions } = this.#model.broker;
    const recorded = subscriptions.filter((one) => one.history !== undefined);
    const of = recorded.length === 0 || random.oneIn(10) ? subscriptions : recorded;
    const one = of.length === 0 ? undefined : random.pick(of);
    const events = one?.history?.events ?? [];
    const time = () => new Date(this.#model.now - random.index(40) * 250).toISOString();
    const publication = () => {
      const known = events.slice(-30).flatMap((event) => event.publication.value ?? []);
      return known.length === 0 || random.oneIn(10) ? 4711 : random.pick(known);
    };
    const kwargs = this.#options({
      "reverse": this.#boolean,
      "limit": () => random.index(10),
      "from_time": time,
      "after_time": time,
      "before_time": time,
      "until_time": time,
      "topic": () => this.#uri(),
      "from_publication": publication,
      "after_publication": publication,
      "before_publication": publication,
      "until_publication": publication,
    });
    const id = one?.id.value ?? 4711;
    return ["CALL", request, {}, "wamp.subscription.get_events", [id], kwargs];
  }

  #scope(): Dict {
    return { "scope": this.#orInvalid(this.#random.pick(["detached", "destroyed"])) };
  }
}
