/**
 * What a role may do with a URI. Static rules are compiled into a pattern index; the most specific one decides: exact, then the
 * longest prefix, then the most specific wildcard. Nothing matches: refused, unless the role allows by default.
 * Called by broker, dealer and meta API for every request. HOT. [WAMP authorization]
 */
import type { Event } from "../wamp/message.ts";
import { isProtected, type Match } from "../wamp/uri.ts";
import type { AuthorizerOptions } from "./authorizer.ts";
import { Limits, type RoleLimits } from "./limits.ts";
import { PatternIndex } from "./pattern_index.ts";
import { comesFirst, covers, fixedPart, matchesOne, mayOverlap } from "./pattern_reach.ts";
import type { PayloadChecks } from "./payload_check.ts";
import type { SlowConsumerOptions } from "./slow_transport.ts";
import type { Subscription } from "./subscription.ts";

export type Action = "call" | "register" | "publish" | "subscribe";

export interface Permission {
  readonly uri: string;
  readonly match: Match;
  readonly allow: Readonly<Record<Action, boolean>>;
  /** true: the identity is disclosed to the other side, asked or not; false: asking for it (`disclose_me`) is refused;
   * undefined: as the peer asks. */
  readonly disclose: {
    readonly caller: boolean | undefined;
    readonly publisher: boolean | undefined;
  };
  /** What EVENT and INVOCATION say of its use: 0 the lowest. Default: nothing. [WAMP rpc_call_trustlevels] */
  readonly trustlevel?: number | undefined;
  /** What payloads must look like. Default: as they like. */
  readonly validate?: PayloadChecks | undefined;
  /** Nobody could decide: why, for people. Answered with `wamp.error.authorization_failed`. */
  readonly failure?: string;
}

export interface RoleOptions {
  readonly name: string;
  readonly permissions?: readonly Permission[];
  /** What holds where no permission matches. */
  readonly allowByDefault?: boolean;
  /** Of all permissions that have none of their own. */
  readonly trustlevel?: number;
  /** Who is asked about each request, in place of permissions. */
  readonly authorizer?: AuthorizerOptions;
  /** What becomes of events that its sessions do not read. Default: the transport's own rule. */
  readonly slowConsumers?: SlowConsumerOptions;
  /** What sessions of the role may take. Default: no limits. */
  readonly limits?: RoleLimits;
}

/** What broker and dealer ask about a session's role: a `Role`, or the session's own `DynamicRole`. */
export interface Rights {
  readonly name: string;
  readonly isTrusted: boolean;
  /** The rule that decides about `uri`. For subscriptions and registrations by pattern, `uri` is the pattern itself. */
  rule(uri: string, action: Action, match?: Match): Permission;
  mayReachBeyond(match: Match, pattern: string): boolean;
  /** True when a registration of `pattern`, which is allowed, would take calls of procedures that the role may not register. */
  registersBeyond(match: Match, pattern: string): boolean;
  /** Of a subscriber of a subscription that is narrowed. True: it may be sent an event of the topic; false: it may not; undefined: not
   * yet, `hold` it. */
  receives(topic: string, subscription: Subscription): boolean | undefined;
  hold(event: Event, topic: string, subscription: Subscription): void;
}

/** The built-in role of sessions inside the router's process. Nobody joins under it from outside. */
export const TRUSTED = "trusted";

/** Decisions remembered per role, and letters of their URIs: hot URIs cost one look-up, and what peers invent cannot grow memory.
 *
 * PERF: plain: 4,096 of them. With 20,000 topics in turn each was decided anew: 430 ns beyond a role without rules, now 42 ns on Deno
 * 2.9.6 (10x); on Bun 1.4.5 no difference beyond the noise. bench/micro/authorization_bench.ts, "20,000 topics". 2026-11-27. */
const MOST_CACHED = 65_536;
const MOST_CACHED_LETTERS = 2 * 1024 * 1024;
/** Longer URIs are decided anew each time: they are rare, and a cache of them would be large. */
const CACHED_URI_LENGTH = 255;

export class Role implements Rights {
  readonly name: string;
  readonly isTrusted: boolean;
  readonly authorizer: AuthorizerOptions | undefined;
  readonly limits: Limits | undefined;
  readonly trustlevel: number | undefined;
  readonly slowConsumers: SlowConsumerOptions | undefined;
  readonly #index = new PatternIndex<Permission>(({ uri }) => uri);
  readonly #otherwise: Permission;
  readonly #permissions: readonly Permission[];
  /** Some rule refuses subscriptions. */
  readonly #deniesSubscribe: boolean;
  /** The only rule there is, when it decides about all URIs. */
  readonly #blanket: Permission | undefined;
  #cache = new Map<string, Permission>();
  #cachedLetters = 0;

  constructor(options: RoleOptions) {
    this.name = options.name;
    this.isTrusted = options.name === TRUSTED;
    this.authorizer = options.authorizer;
    this.slowConsumers = options.slowConsumers;
    this.limits = options.limits && new Limits(options.limits, options.name);
    this.trustlevel = options.trustlevel;
    const trusted = (permission: Permission): Permission =>
      options.trustlevel === undefined || permission.trustlevel !== undefined
        ? permission
        : { ...permission, trustlevel: options.trustlevel };
    this.#otherwise = trusted(blanket(options.allowByDefault === true || this.isTrusted));
    const permissions = (options.permissions ?? []).map(trusted);
    this.#permissions = permissions;
    const [first = this.#otherwise] = permissions;
    const isAlone = permissions.length <= 1 && first.match === "prefix" && first.uri === "";
    this.#blanket = isAlone ? first : undefined;
    for (const permission of permissions) {
      this.#index.set(permission.match, permission.uri, permission);
    }
    this.#deniesSubscribe = permissions.some((permission) => !permission.allow.subscribe);
  }

  rule(uri: string, _action?: Action, _match?: Match): Permission {
    return this.#blanket ?? this.#cache.get(uri) ?? this.#decide(uri);
  }

  /** True when a subscription to `pattern`, which is allowed, may match topics that the role may not subscribe to. */
  mayReachBeyond(match: Match, pattern: string): boolean {
    if (match === "exact") return false;
    if (this.#deniesSubscribe) return true;
    const rule = this.rule(pattern);
    if (this.#otherwise.allow.subscribe) return false;
    // All rules allow it: topics that begin as the prefix of one do are covered.
    return rule.match !== "prefix" || !fixedPart({ match, uri: pattern }).startsWith(rule.uri);
  }

  registersBeyond(match: Match, uri: string): boolean {
    if (this.#blanket !== undefined) return false;
    const pattern = { match, uri };
    if (matchesOne(pattern)) return false;
    const rule = this.rule(uri);
    const isDefault = rule === this.#otherwise;
    if (!isDefault && !covers(rule, pattern)) return true;
    // No pattern takes calls of reserved names anyway.
    return this.#permissions.some((one) =>
      !one.allow.register && !isProtected(fixedPart(one)) && mayOverlap(one, pattern) &&
      (isDefault || comesFirst(one, rule))
    );
  }

  /** A pattern does not pass a more specific denial. */
  receives(topic: string): boolean {
    return this.rule(topic).allow.subscribe;
  }

  /** Static rules always know. */
  hold(): void {}

  #decide(uri: string): Permission {
    const rule = this.#index.best(uri) ?? this.#otherwise;
    if (uri.length > CACHED_URI_LENGTH) return rule;
    this.#cachedLetters += uri.length;
    if (this.#cache.size >= MOST_CACHED || this.#cachedLetters > MOST_CACHED_LETTERS) {
      this.#cache = new Map();
      this.#cachedLetters = uri.length;
    }
    this.#cache.set(uri, rule);
    return rule;
  }
}

function blanket(isAllowed: boolean): Permission {
  return {
    uri: "",
    match: "prefix",
    allow: { call: isAllowed, register: isAllowed, publish: isAllowed, subscribe: isAllowed },
    disclose: { caller: undefined, publisher: undefined },
  };
}

/** The rule that allows everything: `realmway init`, tests. */
export const ALLOW_ALL: Permission = blanket(true);
