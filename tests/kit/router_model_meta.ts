/** The meta API by the words of the specification. Part of `router_model.ts`. */
import type { Dict } from "../../wamp/message.ts";
import type { Match } from "../../wamp/uri.ts";
import { Bag, type ModelPeer, type RouterModel, Unknown } from "./router_model.ts";
import { isAddressed, type ModelEvent, type ModelSubscription } from "./router_model_broker.ts";
import type { ModelRegistration } from "./router_model_dealer.ts";
import { isValidUri } from "./router_model_options.ts";
import { ReflectionFailure, ReflectionModel } from "./router_model_reflection.ts";

/** The error that a meta procedure answers with. */
class Failure {
  readonly error: string;

  constructor(error: string) {
    this.error = error;
  }
}

const NOTHING = Symbol("no result");
const INVALID = new Failure("wamp.error.invalid_argument");
type Kind = "subscription" | "registration";
type Entry = ModelSubscription | ModelRegistration;

export class MetaModel {
  readonly #model: RouterModel;
  readonly #reflection: ReflectionModel;

  constructor(model: RouterModel) {
    this.#model = model;
    this.#reflection = new ReflectionModel(model);
  }

  announce(topic: string, args: readonly unknown[]): void {
    if (this.#model.options.hasMetaApi === false) return;
    const publication = new Unknown("publication");
    this.#model.broker.dispatch(topic, publication, {}, [args], () => true, {});
  }

  joined(peer: ModelPeer): void {
    this.announce("wamp.session.on_join", [sessionDetails(peer)]);
  }

  /** Before the last words of a session. */
  leaves(peer: ModelPeer): void {
    this.#reflection.leave(peer);
  }

  left(peer: ModelPeer): void {
    this.announce("wamp.session.on_leave", [peer.session, peer.authid, peer.authrole]);
  }

  subscriptionCreated(peer: ModelPeer, subscription: ModelSubscription): void {
    this.announce("wamp.subscription.on_create", [peer.session, entryDetails(subscription)]);
  }

  registrationCreated(peer: ModelPeer, registration: ModelRegistration): void {
    this.announce("wamp.registration.on_create", [peer.session, entryDetails(registration)]);
  }

  /** False: there is no such procedure. */
  call(peer: ModelPeer, request: number, procedure: string, payload: readonly unknown[]): boolean {
    if (this.#model.options.hasMetaApi === false) return false;
    const args = (payload[0] ?? []) as readonly unknown[];
    const kwargs = (payload[1] ?? {}) as Dict;
    const result = this.#result(peer, procedure, args, kwargs);
    if (result === undefined) return false;
    if (result instanceof Failure) this.#model.sendError(peer, 48, request, result.error);
    else this.#model.send(peer, "RESULT", request, {}, ...(result === NOTHING ? [] : [[result]]));
    return true;
  }

  #result(peer: ModelPeer, procedure: string, args: readonly unknown[], kwargs: Dict): unknown {
    const [wamp, kind = "", name = ""] = procedure.split(".");
    if (wamp !== "wamp") return undefined;
    if (name === "add_testament") return this.#addTestament(peer, args, kwargs);
    if (name === "flush_testaments") return this.#flushTestaments(peer, kwargs);
    if (kind.startsWith("reflect")) return this.#reflected(peer, procedure, args, kwargs);
    if (kind === "session") return this.#sessions(peer, name, args, kwargs);
    if (name === "get_events") return this.#getEvents(peer, args, kwargs);
    if (kind === "subscription" || kind === "registration") return this.#entries(kind, name, args);
    return undefined;
  }

  #reflected(peer: ModelPeer, procedure: string, args: readonly unknown[], kwargs: Dict): unknown {
    try {
      return this.#reflection.call(peer, procedure, args, kwargs);
    } catch (failure) {
      if (failure instanceof ReflectionFailure) return new Failure(failure.message);
      throw failure;
    }
  }

  #sessions(peer: ModelPeer, name: string, [arg]: readonly unknown[], kwargs: Dict): unknown {
    const { sessions } = this.#model;
    const victims = sessions.filter((one) => one !== peer && one.authrole !== "trusted");
    const isText = typeof arg === "string";
    switch (name) {
      case "count":
      case "list": {
        if (arg !== undefined && !Array.isArray(arg)) return INVALID;
        const counted = sessions.filter((one) => arg === undefined || arg.includes(one.authrole));
        return name === "count" ? counted.length : new Bag(counted.map((one) => one.session));
      }
      case "get":
      case "kill": {
        if (typeof arg !== "number") return INVALID;
        const found = sessions.find((one) => one.session.value === arg);
        if (found === undefined) return new Failure("wamp.error.no_such_session");
        if (name === "get") return sessionDetails(found);
        if (found === peer) return new Failure("wamp.error.no_such_session");
        if (found.authrole === "trusted") return new Failure("wamp.error.not_authorized");
        return this.#kill([found], kwargs) ?? NOTHING;
      }
      case "kill_by_authid": {
        if (!isText) return INVALID;
        const killed = victims.filter((one) => one.authid === arg);
        return this.#kill(killed, kwargs) ?? new Bag(killed.map((one) => one.session));
      }
      case "kill_by_authrole": {
        if (!isText) return INVALID;
        const killed = victims.filter((one) => one.authrole === arg);
        return this.#kill(killed, kwargs) ?? killed.length;
      }
      case "kill_all":
        return this.#kill(victims, kwargs) ?? victims.length;
    }
    return undefined;
  }

  #addTestament(peer: ModelPeer, args: readonly unknown[], kwargs: Dict): unknown {
    const [topic, list = [], dict = {}] = args;
    const options = (kwargs["publish_options"] ?? {}) as Dict;
    const scope = kwargs["scope"] ?? "destroyed";
    const isScope = scope === "detached" || scope === "destroyed";
    if (typeof topic !== "string" || !Array.isArray(list) || !isScope) return INVALID;
    const refusal = this.#model.broker.refusalOf(peer, options, topic);
    if (refusal !== undefined) return new Failure(refusal);
    const hasDict = Object.keys(dict as Dict).length > 0;
    const payload = hasDict ? [list, dict] : list.length > 0 ? [list] : [];
    // Nobody waits for its PUBLISHED.
    peer.testaments.push({ scope, topic, options: { ...options, "acknowledge": false }, payload });
    return NOTHING;
  }

  #flushTestaments(peer: ModelPeer, kwargs: Dict): unknown {
    const scope = kwargs["scope"] ?? "destroyed";
    if (scope !== "detached" && scope !== "destroyed") return INVALID;
    peer.testaments = peer.testaments.filter((one) => one.scope !== scope);
    return NOTHING;
  }

  #getEvents(peer: ModelPeer, [id]: readonly unknown[], kwargs: Dict): unknown {
    const { broker, now } = this.#model;
    if (typeof id !== "number") return INVALID;
    const subscription = broker.subscriptions.find((one) => one.id.value === id);
    if (subscription === undefined) return new Failure("wamp.error.no_such_subscription");
    const { match, pattern, history } = subscription;
    if (!this.#model.permission(peer, pattern).allow("subscribe")) {
      return new Failure("wamp.error.not_authorized");
    }
    const isPositive = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
    const isValid = ([key, value]: [string, unknown]) => {
      if (key === "reverse") return typeof value === "boolean";
      if (key === "limit" || key.endsWith("_publication")) return isPositive(value);
      return typeof value === "string" && (key === "topic" || !Number.isNaN(Date.parse(value)));
    };
    if (!Object.entries(kwargs).every(isValid)) return INVALID;
    if (history === undefined) return new Failure("wamp.error.history_unavailable");
    const all = history.events.slice(-history.limit);
    const at = (key: string) => all.findIndex((one) => one.publication.value === kwargs[key]);
    const time = (key: string) => Date.parse(kwargs[key] as string);
    const conditions: Record<string, (event: ModelEvent, position: number) => boolean> = {
      "topic": (event) => event.topic === kwargs["topic"],
      "from_time": (event) => event.time >= time("from_time"),
      "after_time": (event) => event.time > time("after_time"),
      "before_time": (event) => event.time < time("before_time"),
      "until_time": (event) => event.time <= time("until_time"),
      "from_publication": (_, i) => at("from_publication") >= 0 && i >= at("from_publication"),
      "after_publication": (_, i) => at("after_publication") >= 0 && i > at("after_publication"),
      "before_publication": (_, i) => i < at("before_publication"),
      "until_publication": (_, i) => i <= at("until_publication"),
    };
    const found = all.filter((event, i) =>
      Object.entries(conditions).every(([key, holds]) => !(key in kwargs) || holds(event, i)) &&
      isAddressed(peer, event.options) && broker.mayReceive(peer, subscription, event.topic)
    );
    if (kwargs["reverse"] === true) found.reverse();
    return found.slice(0, (kwargs["limit"] ?? now) as number).map((event) => ({
      "timestamp": new Date(event.time).toISOString(),
      "subscription": subscription.id,
      "publication": event.publication,
      "details": match === "exact" ? event.details : { ...event.details, "topic": event.topic },
      ...((event.payload[0] as unknown[] | undefined)?.length ? { "args": event.payload[0] } : {}),
      ...(event.payload.length > 1 ? { "kwargs": event.payload[1] } : {}),
    }));
  }

  #kill(sessions: readonly ModelPeer[], kwargs: Dict): Failure | undefined {
    const reason = kwargs["reason"] ?? "wamp.close.killed";
    if (typeof reason !== "string" || !isValidUri(reason)) {
      return new Failure("wamp.error.invalid_uri");
    }
    for (const session of sessions) this.#model.goodbye(session, reason, kwargs["message"]);
    return undefined;
  }

  #entries(kind: Kind, name: string, args: readonly unknown[]): unknown {
    const { broker, dealer } = this.#model;
    const entries: readonly Entry[] = kind === "subscription"
      ? broker.subscriptions
      : dealer.registrations;
    const of = (match: Match) => entries.filter((one) => one.match === match).map((one) => one.id);
    const peers = kind === "subscription" ? "subscribers" : "callees";
    const [arg, options, reason] = args;
    switch (name) {
      case kind === "subscription" ? "remove_subscriber" : "remove_callee": {
        if (typeof arg !== "number") return INVALID;
        const entry = entries.find((one) => one.id.value === arg);
        if (entry === undefined) return new Failure(`wamp.error.no_such_${kind}`);
        const peer = this.#model.sessions.find((one) => one.session.value === options);
        if (peer === undefined) return new Failure("wamp.error.no_such_session");
        if (peer.authrole === "trusted") return new Failure("wamp.error.not_authorized");
        const isRemoved = "peers" in entry
          ? broker.revoke(peer, entry, reason)
          : dealer.revoke(peer, entry, reason);
        return isRemoved ? NOTHING : new Failure(`wamp.error.no_such_${kind}`);
      }
      case "list":
        return { "exact": of("exact"), "prefix": of("prefix"), "wildcard": of("wildcard") };
      case "lookup": {
        if (typeof arg !== "string") return INVALID;
        const match = (options as Dict | undefined)?.["match"] ?? "exact";
        return entries.find((one) => one.match === match && one.pattern === arg)?.id ?? null;
      }
      case "match": {
        if (typeof arg !== "string") return INVALID;
        if (kind === "registration") return dealer.best(arg)?.id ?? null;
        const ids = broker.matching(arg).map((one) => one.id);
        return ids.length > 0 ? ids : null;
      }
      case "get":
      case `list_${peers}`:
      case `count_${peers}`: {
        if (typeof arg !== "number") return INVALID;
        const entry = entries.find((one) => one.id.value === arg);
        if (entry === undefined) return new Failure(`wamp.error.no_such_${kind}`);
        if (name === "get") return entryDetails(entry);
        const members = "peers" in entry ? entry.peers : entry.callees.map((one) => one.peer);
        return name.startsWith("count")
          ? members.length
          : new Bag(members.map((one) => one.session));
      }
    }
    return undefined;
  }
}

function sessionDetails(peer: ModelPeer): Dict {
  return {
    "session": peer.session,
    "authid": peer.authid,
    "authrole": peer.authrole,
    "authmethod": "anonymous",
    "authprovider": "static",
    "transport": {
      "type": "websocket",
      "protocol": peer.format,
      "peer": "tcp4:127.0.0.1:50000",
      "is_secure": false,
    },
  };
}

function entryDetails(entry: Entry): Dict {
  return {
    "id": entry.id,
    "created": new Date(entry.created).toISOString(),
    "uri": entry.pattern,
    "match": entry.match,
    ...("invoke" in entry ? { "invoke": entry.invoke } : {}),
  };
}
