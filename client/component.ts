/**
 * Autobahn's Component: a program's part that has one session at a time, over whichever of its transports works, for as long as it runs.
 * Owns the attempts and what is made anew for each session; `hosting.ts` sees each session through. [WAMP sessions]
 */
import type { Authentication } from "../auth/authentication.ts";
import type { ClientMethod } from "../auth/authmethod.ts";
import type { Dict } from "../wamp/message.ts";
import {
  ApplicationSession,
  type ComponentConfig,
  DEFAULT_REALM,
  isApplicationSessionClass,
  type SessionDetails,
} from "./application_session.ts";
import type { CallOptions } from "./caller.ts";
import {
  type ComponentRegister,
  type ComponentSubscribe,
  registering,
  subscribing,
} from "./component_handlers.ts";
import { type ComponentEvent, type Listener, Listeners } from "./component_listeners.ts";
import { systemClock } from "./clock.ts";
import { Main } from "./component_main.ts";
import {
  type ComponentTransports,
  DEFAULT_TRANSPORTS,
  type Route,
  routesOf,
} from "./component_transports.ts";
import { ComponentQueue, type ComponentQueueOptions } from "./component_queue.ts";
import type { ConnectOptions } from "./connect.ts";
import type { ErrorClass } from "./defined_errors.ts";
import { ConnectError } from "./errors.ts";
import { host, isFinal, type Outcome } from "./hosting.ts";
import { consoleLog } from "./log.ts";
import type { PublishOptions } from "./publisher.ts";
import type { Clock, Dial, Log } from "./transport.ts";

/** Makes the session of each connection: a class that derives from `ApplicationSession`, or a function. */
export type SessionFactory =
  | (new (config: ComponentConfig) => ApplicationSession)
  | ((config: ComponentConfig) => ApplicationSession);

/** What a component is made of. All are optional. */
export interface ComponentOptions {
  /** Runs when a session is ready. When it is through the session leaves, and the component is done; when it fails, the component fails.
   * When its session is lost, it is not waited for: it runs anew in the next. */
  readonly main?: (session: ApplicationSession) => unknown;
  /** Tried in turn. Default "ws://127.0.0.1:8080/ws". */
  readonly transports?: ComponentTransports;
  /** Default "realm1". */
  readonly realm?: string;
  /** Handed to the session as `config.extra`. */
  readonly extra?: unknown;
  /** Default: anonymous. */
  readonly authentication?: Authentication | readonly ClientMethod[];
  /** Default: `ApplicationSession`. */
  readonly sessionFactory?: SessionFactory;
  /** True for an error that trying again will not help: the transport is given up. Default: never. */
  readonly isFatal?: (error: unknown) => boolean;
  /** See `connect`. */
  readonly keyring?: ConnectOptions["keyring"];
  /** See `connect`: a session is then taken up again when its connection breaks, and only begun anew when that fails. */
  readonly resumable?: ConnectOptions["resumable"];
  /** Keeps what `component.call` and `component.publish` are asked for while there is no session. Default: it rejects. */
  readonly queue?: ComponentQueueOptions;
  /** Default: warnings and errors to the console; `run` sets another. */
  readonly log?: Log;
  /** Opens connections in another way. */
  readonly dial?: Dial;
  /** The time, for tests. */
  readonly clock?: Clock;
  /** From 0 to 1, for the jitter of delays. Default `Math.random`. */
  readonly random?: () => number;
}

/** A part of a program that lives on a router: it connects, joins, and does so again whenever that is lost.
 *
 * Events come in the order start, connect, join, ready, leave, disconnect, for each session anew; ready when all that listens to join is
 * through and all is registered and subscribed. When some of that fails the session leaves, and another attempt is made later.
 *
 * @example
 * ```ts
 * import { Component } from "realmway";
 *
 * const component = new Component({ transports: "ws://127.0.0.1:8080/ws", realm: "realm1" });
 *
 * component.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
 * component.onJoin(async (session) => {
 *   await session.subscribe("com.example.greeting", ([text]) => console.log(text));
 * });
 * component.onLeave((_session, { reason }) => console.log(`left: ${reason}`));
 * // await run(component);
 * ```
 */
export class Component {
  readonly #options: ComponentOptions;
  readonly #routes: readonly Route[];
  readonly #clock: Clock;
  readonly #listeners = new Listeners();
  readonly #queue: ComponentQueue;
  /** What each session registers and subscribes. */
  readonly #made: ((session: ApplicationSession) => Promise<unknown>)[] = [];
  /** What each session is told before it joins. */
  readonly #before: ((session: ApplicationSession) => unknown)[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #log: Log;
  /** Of the transport that is tried next. */
  #next = 0;
  #session: ApplicationSession | undefined;
  /** Of the present session, once it is ready. */
  #main: Main | undefined;

  /** Throws a TypeError that names what is wrong with `options`. */
  constructor(options: ComponentOptions = {}) {
    const { transports = DEFAULT_TRANSPORTS, random = Math.random, realm } = options;
    if (realm !== undefined && typeof realm !== "string") {
      throw new TypeError(`Cannot use realm: found ${typeof realm}, expected a string`);
    }
    if (options.isFatal !== undefined && typeof options.isFatal !== "function") {
      throw new TypeError("Cannot use isFatal: found no function, expected one");
    }
    this.#options = options;
    this.#routes = routesOf(transports, random);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? consoleLog;
    this.#queue = new ComponentQueue(options.queue, this.#clock);
  }

  /** The session that there is now, joined or about to join. */
  get session(): ApplicationSession | undefined {
    return this.#session;
  }

  /** Calls `listener` from now on. Returns it. */
  on<E extends ComponentEvent>(event: E, listener: Listener<E>): Listener<E> {
    return this.#listeners.add(event, listener);
  }

  /** `on("start", listener)` */
  onStart(listener: Listener<"start">): Listener<"start"> {
    return this.on("start", listener);
  }

  /** `on("connect", listener)` */
  onConnect(listener: Listener<"connect">): Listener<"connect"> {
    return this.on("connect", listener);
  }

  /** `on("connectfailure", listener)` */
  onConnectFailure(listener: Listener<"connectfailure">): Listener<"connectfailure"> {
    return this.on("connectfailure", listener);
  }

  /** `on("join", listener)` */
  onJoin(listener: Listener<"join">): Listener<"join"> {
    return this.on("join", listener);
  }

  /** `on("ready", listener)` */
  onReady(listener: Listener<"ready">): Listener<"ready"> {
    return this.on("ready", listener);
  }

  /** `on("leave", listener)` */
  onLeave(listener: Listener<"leave">): Listener<"leave"> {
    return this.on("leave", listener);
  }

  /** `on("disconnect", listener)` */
  onDisconnect(listener: Listener<"disconnect">): Listener<"disconnect"> {
    return this.on("disconnect", listener);
  }

  /** Registers a procedure in every session. Without a handler it returns a decorator; without a URI the handler's name is the URI.
   *
   * @example
   * ```ts
   * import { Component } from "realmway";
   *
   * const component = new Component();
   * component.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
   *
   * class Calculator {
   *   @component.register("com.example.sub2", { invoke: "roundrobin" })
   *   sub2([a, b]: readonly [number, number]): number {
   *     return a - b;
   *   }
   * }
   * console.assert(new Calculator().sub2([3, 2]) === 1); // registered for this object
   * ```
   */
  readonly register: ComponentRegister = registering((uri, handler, options) => {
    this.#made.push((session) => session.register(uri, handler, options));
  });

  /** Subscribes to a topic in every session, as `register` registers. */
  readonly subscribe: ComponentSubscribe = subscribing((topic, handler, options) => {
    this.#made.push((session) => session.subscribe(topic, handler, options));
  });

  /** Calls a procedure in the present session, as `session.call` does; while there is none, by the option `queue`, in the next one. It is
   * made in one session only: when that is lost the promise rejects with `SessionClosedError`.
   *
   * @example
   * ```ts
   * import { Component, SessionClosedError } from "realmway";
   *
   * const component = new Component({ queue: { limit: 100, maxWaitMs: 5_000 } });
   * const sum = component.call<number>("com.example.add2", [2, 3]); // as soon as it has joined
   * await component.stop();
   * await sum.catch((error) => console.assert(error instanceof SessionClosedError)); // never started
   * ```
   */
  call<T = unknown>(
    procedure: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: CallOptions,
  ): Promise<T> {
    return this.#queue.do(
      `call "${procedure}"`,
      (session) => session.call<T>(procedure, args, kwargs, options),
      options,
    );
  }

  /** Publishes an event in the present session, or in the next one, as `call` calls. Resolves when it is sent or, with `acknowledge`, to the
   * publication's ID. */
  publish(
    topic: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: PublishOptions,
  ): Promise<number | void> {
    return this.#queue.do<number | void>(
      `publish "${topic}"`,
      (session) => session.publish(topic, args, kwargs, options),
    );
  }

  /** Makes a class stand for an error URI in every session: see `Session.define`. */
  define(uri: string, errorClass: ErrorClass): void;
  define(errorClass: ErrorClass): void;
  define(...given: [uri: string, errorClass: ErrorClass] | [errorClass: ErrorClass]): void {
    this.#before.push((session) => Reflect.apply(session.define, session, given));
  }

  /** Lets URIs be written short in every session: see `Session.prefix`. */
  prefix(name: string, uri: string): void {
    this.#before.push((session) => session.prefix(name, uri));
  }

  /** Runs the component. Resolves when `main` is through, `stop` was called, or a session left of its own accord; rejects when `main`
   * failed, or when no transport is left to try. A second call returns the same. @param log in place of the default. */
  start(log?: Log): Promise<void> {
    if (this.#options.log === undefined && log !== undefined) this.#log = log;
    return this.#running ??= this.#run().finally(() => this.#queue.end());
  }

  /** Leaves, and tries no more. Resolves when that is done. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("The component was stopped"));
    const session = this.#session;
    if (session?.isOpen) await session.leave();
    await this.#running?.catch(() => {});
    this.#queue.end();
  }

  async #run(): Promise<void> {
    await this.#listeners.tell("start", this);
    let last: unknown;
    while (!this.#stopping.signal.aborted) {
      const route = this.#nextRoute();
      if (route === undefined) throw this.#failure(last);
      await this.#wait(route.retry.nextDelayMs);
      if (this.#stopping.signal.aborted) return;
      const outcome = await this.#attempt(route);
      if (outcome === "done" || this.#stopping.signal.aborted) return;
      last = outcome.error;
    }
  }

  /** In turn; undefined when none can be tried any more. */
  #nextRoute(): Route | undefined {
    for (let i = 0; i < this.#routes.length; i++) {
      const route = this.#routes[(this.#next + i) % this.#routes.length];
      if (route?.retry.canTry !== true) continue;
      this.#next = (this.#next + i + 1) % this.#routes.length;
      return route;
    }
    return undefined;
  }

  /** One connection, from beginning to end. Rejects when the component itself has failed. */
  async #attempt(route: Route): Promise<"done" | { readonly error: unknown }> {
    const { retry } = route;
    const outcome = await this.#host(route);
    const main = this.#main;
    const hasLeft = outcome.left?.by === "client";
    // Who left may have more to do; who is stopped has not.
    if (hasLeft && main) await this.#unlessStopped(main.over);
    if (this.#stopping.signal.aborted) return "done";
    if (hasLeft && main?.fault !== undefined) throw main.fault.error;
    if (main?.isDone || isFinal(outcome)) return "done";
    // A main whose session was lost has failed for that, or waits in vain: the next session has its own.
    const error = outcome.error ?? lost(outcome);
    if (outcome.wasReady || outcome.error === undefined) {
      retry.succeeded();
    } else {
      retry.failed();
      await this.#listeners.tell("connectfailure", this, error);
    }
    if (this.#options.isFatal?.(error) === true) retry.giveUp();
    this.#log.info("{error}", { error: String(error) });
    return { error };
  }

  async #host(route: Route): Promise<Outcome> {
    const { dial, keyring, main, resumable } = this.#options;
    this.#main = undefined;
    const session = this.#session = this.#make();
    return await host(session, {
      ...route.connect,
      clock: this.#clock,
      log: this.#log,
      signal: this.#stopping.signal,
      ...(dial && { dial }),
      ...(keyring && { keyring }),
      ...(resumable !== undefined && { resumable }),
    }, {
      connect: (session, connection) => this.#listeners.tell("connect", session, connection),
      prepare: async (session) => {
        await Promise.all(this.#before.map((tell) => tell(session)));
        this.#queue.joined(session);
      },
      join: (session, details) => this.#joined(session, details),
      ready: async (session, details) => {
        await this.#listeners.tell("ready", session, details);
        if (main && session.isOpen) this.#main = new Main(session, main);
      },
      leave: (session, details) => this.#listeners.tell("leave", session, details),
      disconnect: (session, wasClean) => this.#listeners.tell("disconnect", session, wasClean),
    });
  }

  #make(): ApplicationSession {
    const { sessionFactory = ApplicationSession, realm = DEFAULT_REALM, extra } = this.#options;
    const { authentication } = this.#options;
    const config: ComponentConfig = {
      realm,
      log: this.#log,
      ...(extra !== undefined && { extra }),
      ...(authentication && { authentication }),
    };
    return isApplicationSessionClass(sessionFactory)
      ? new sessionFactory(config)
      : sessionFactory(config);
  }

  async #joined(session: ApplicationSession, details: SessionDetails): Promise<void> {
    await Promise.all([
      ...this.#made.map((make) => make(session)),
      this.#listeners.tell("join", session, details),
    ]);
  }

  async #wait(ms: number): Promise<void> {
    if (ms === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(ms, resolve);
    await this.#unlessStopped(promise);
    timer.cancel();
  }

  /** Resolves with `promise`, or when the component is stopped. */
  #unlessStopped(promise: Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
      promise.then(done);
    });
  }

  #failure(cause: unknown): Error {
    const text = cause instanceof Error ? cause.message : "found none that may be tried";
    return new ConnectError(`Cannot run a component, as no transport is left: ${text}`, { cause });
  }
}

function lost({ left }: Outcome): Error {
  const found = left?.message ?? left?.reason ?? "the connection cut off";
  return new ConnectError(`The session was lost: ${found}`);
}
