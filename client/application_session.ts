/**
 * Autobahn's session to derive from: a program overrides what interests it of a session's life. `hosting.ts` drives it, one object for
 * one session. Recognised by a symbol and not by `instanceof`, as a component may bring a copy of the library of its own.
 */
import type { Authentication } from "../auth/authentication.ts";
import type { ClientMethod, Connection } from "../auth/authmethod.ts";
import type { Dict } from "../wamp/message.ts";
import { CLOSE_NORMAL, TRANSPORT_LOST } from "../wamp/uris.ts";
import type { CallOptions } from "./caller.ts";
import type { ErrorClass } from "./defined_errors.ts";
import { type CloseDetails, SessionClosedError } from "./errors.ts";
import { consoleLog } from "./log.ts";
import { registerAll, subscribeAll } from "./objects.ts";
import type { PublishOptions } from "./publisher.ts";
import type { CallHandler, RegisterOptions, Registration } from "./registration.ts";
import type { Session } from "./session.ts";
import type { EventHandler, SubscribeOptions, Subscription } from "./subscription.ts";
import type { Log } from "./transport.ts";

/** The same in every copy of this library. */
export const SEAT: unique symbol = Symbol.for("realmway.ApplicationSession");

/** What a session is told when it is made. */
export interface ComponentConfig {
  /** The realm that `onConnect` joins. Default "realm1". */
  readonly realm?: string;
  /** Whatever the program or the node's configuration wants to hand over. */
  readonly extra?: unknown;
  /** Who the session is: `onConnect` joins with it. */
  readonly authentication?: Authentication | readonly ClientMethod[];
  /** One object for all components of a node's worker, where its configuration says so (`expose_shared`). */
  readonly shared?: Record<string, unknown>;
  /** Default: warnings and errors to the console. */
  readonly log?: Log;
}

/** CHALLENGE of the router. */
export interface ChallengeDetails {
  readonly method: string;
  readonly extra: Dict;
}

/** How `join` wants to be authenticated: by `onChallenge`. */
export interface JoinOptions {
  /** Names of methods that `onChallenge` can answer. */
  readonly authmethods: readonly string[];
  readonly authid?: string;
  readonly authrole?: string;
  readonly authextra?: Dict;
}

/** Who joined, and where. */
export interface SessionDetails {
  readonly realm: string;
  /** ID of the session. */
  readonly session: number;
  readonly authid: string | undefined;
  readonly authrole: string | undefined;
  /** WELCOME.Details as received. */
  readonly wire: Dict;
}

/** For whoever hosts an `ApplicationSession`. */
export function detailsOf(session: Session): SessionDetails {
  const { id, realm, authid, authrole, details: wire } = session;
  return { session: id, realm, authid, authrole, wire };
}

/** Where a session goes that is told no other. */
export const DEFAULT_REALM = "realm1";

/** What `hosting.ts` gives to the session that it hosts. */
export interface Seat {
  join(realm: string, authentication: ComponentConfig["authentication"]): void;
  disconnect(): void;
  /** Undefined before the realm is joined. */
  readonly session: Session | undefined;
}

/** A session to derive from. Overridden methods may be asynchronous; they are called in the order connect, challenge, welcome, join, leave,
 * disconnect. An object serves for one session: a `Component` makes a new one for each.
 *
 * @example
 * ```ts
 * import { ApplicationSession, type SessionDetails } from "realmway";
 *
 * class Clock extends ApplicationSession {
 *   override async onJoin({ realm }: SessionDetails): Promise<void> {
 *     await this.register("com.example.now", () => new Date().toISOString());
 *     console.log(`serves ${realm}`);
 *   }
 * }
 * console.assert(new Clock({ realm: "realm1" }).config.realm === "realm1");
 * ```
 */
export class ApplicationSession {
  readonly config: ComponentConfig;
  readonly log: Log;
  #seat: Seat | undefined;

  constructor(config: ComponentConfig = {}) {
    this.config = config;
    this.log = config.log ?? consoleLog;
  }

  /** For whoever hosts the session. */
  [SEAT](seat: Seat): void {
    if (this.#seat !== undefined) {
      throw new Error("Cannot host a session: found one in use, expected a new object");
    }
    this.#seat = seat;
  }

  /** The connection is there. Joins the configured realm; whoever overrides it calls `join`, now or within the time to connect. */
  onConnect(_connection: Connection): void | Promise<void> {
    this.join(this.config.realm ?? DEFAULT_REALM);
  }

  /** Answers the challenge of a method that `join` offered: with the signature, or with that and details for AUTHENTICATE.Extra. What it
   * throws ends the attempt. */
  onChallenge(
    { method }: ChallengeDetails,
  ): ChallengeAnswer | Promise<ChallengeAnswer> {
    const text = `Cannot answer a challenge by "${method}": found no onChallenge, expected one`;
    throw new Error(text);
  }

  /** The router has let the session in. A text that is returned refuses that: the session leaves before it has joined. */
  onWelcome(_details: SessionDetails): string | void | Promise<string | void> {}

  /** The realm is joined: the place to register and subscribe. */
  onJoin(_details: SessionDetails): void | Promise<void> {}

  /** The session has ended, or was refused by the router before it began. */
  onLeave(_details: CloseDetails): void | Promise<void> {}

  /** The connection is gone; `wasClean` when both sides had taken leave. */
  onDisconnect(_wasClean: boolean): void | Promise<void> {}

  /** One of the methods above failed. Logs it. */
  onUserError(error: unknown, text: string): void {
    this.log.error("{text}: {error}", { text, error });
  }

  /** Joins a realm, once, from `onConnect` on. Without options as the configuration's `authentication` says, by default anonymously. */
  join(realm: string, options?: JoinOptions): void {
    const { authentication } = this.config;
    this.#seated("join a realm").join(
      realm,
      options === undefined ? authentication : [this.#challenged(options)],
    );
  }

  /** True between joining and leaving. */
  get isOpen(): boolean {
    return this.#seat?.session?.isOpen ?? false;
  }

  /** The joined session. Throws `SessionClosedError` before it has joined. */
  get session(): Session {
    const session = this.#seat?.session;
    if (session !== undefined) return session;
    const details = { reason: TRANSPORT_LOST, message: "not joined yet", by: "client" } as const;
    throw new SessionClosedError("use a session", details);
  }

  get id(): number {
    return this.session.id;
  }

  get realm(): string {
    return this.session.realm;
  }

  get authid(): string | undefined {
    return this.session.authid;
  }

  get authrole(): string | undefined {
    return this.session.authrole;
  }

  /** See `Session.call`. */
  call<T = unknown>(
    procedure: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: CallOptions,
  ): Promise<T> {
    return this.session.call<T>(procedure, args, kwargs, options);
  }

  /** See `Session.register`. */
  register<Args extends readonly unknown[] = readonly unknown[], Kwargs extends object = Dict>(
    procedure: string,
    handler: CallHandler<Args, Kwargs>,
    options?: RegisterOptions,
  ): Promise<Registration> {
    return this.session.register(procedure, handler, options);
  }

  /** See `Session.subscribe`. */
  subscribe<Args extends readonly unknown[] = readonly unknown[], Kwargs extends object = Dict>(
    topic: string,
    handler: EventHandler<Args, Kwargs>,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    return this.session.subscribe(topic, handler, options);
  }

  /** Registers the methods of `object` that `@register` marks: all of them, or none when one is refused. */
  async registerAll(object: object): Promise<Registration[]> {
    return await registerAll(this, object);
  }

  /** Subscribes the methods of `object` that `@subscribe` marks: all of them, or none when one is refused. */
  async subscribeAll(object: object): Promise<Subscription[]> {
    return await subscribeAll(this, object);
  }

  /** See `Session.define`. */
  define(uri: string, errorClass: ErrorClass): Promise<void>;
  define(errorClass: ErrorClass): Promise<void>;
  define(
    ...given: [uri: string, errorClass: ErrorClass] | [errorClass: ErrorClass]
  ): Promise<void> {
    return Reflect.apply(this.session.define, this.session, given);
  }

  /** See `Session.prefix`. */
  prefix(name: string, uri: string | undefined): void {
    this.session.prefix(name, uri);
  }

  /** See `Session.resolve`. */
  resolve(uri: string): string {
    return this.session.resolve(uri);
  }

  /** Resolves when the session has ended; see `Session.closed`. */
  get closed(): Promise<CloseDetails> {
    return this.session.closed;
  }

  /** See `Session.publish`. */
  publish(
    topic: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: PublishOptions,
  ): Promise<number> | void {
    return this.session.publish(topic, args, kwargs, options);
  }

  /** Leaves the realm, and with it the connection, which carries no other session. Nothing happens before the realm is joined. */
  async leave(reason: string = CLOSE_NORMAL, message?: string): Promise<void> {
    await this.#seat?.session?.leave(reason, message);
  }

  /** Ends the connection, joined or not. */
  disconnect(): void {
    this.#seat?.disconnect();
  }

  #seated(what: string): Seat {
    if (this.#seat !== undefined) return this.#seat;
    throw new Error(`Cannot ${what}: found no connection, expected a call from onConnect on`);
  }

  #challenged({ authmethods, authid, authrole, authextra = {} }: JoinOptions): ClientMethod {
    return {
      names: authmethods,
      authid,
      authrole,
      begin: () => ({
        authextra,
        answer: async (method, extra) => {
          const answer = await this.onChallenge({ method, extra });
          return typeof answer === "string" ? { signature: answer, extra: {} } : answer;
        },
      }),
    };
  }
}

/** What `onChallenge` returns. */
export type ChallengeAnswer = string | { readonly signature: string; readonly extra: Dict };

/** True for a class that derives from `ApplicationSession`, of this or another copy of the library. */
export function isApplicationSessionClass(
  value: unknown,
): value is new (config: ComponentConfig) => ApplicationSession {
  if (typeof value !== "function") return false;
  const { prototype } = value;
  return typeof prototype === "object" && prototype !== null && SEAT in prototype;
}
