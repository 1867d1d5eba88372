/**
 * A joined session: what programs hold. Everything it does is in `exchange.ts` and the four roles; here is how it is asked for.
 * Made by `connect`.
 */
import { type Dict, EMPTY_DICT, type Welcome } from "../wamp/message.ts";
import { CLOSE_NORMAL } from "../wamp/uris.ts";
import type { CallOptions } from "./caller.ts";
import type { ErrorClass } from "./defined_errors.ts";
import { textIn } from "./details.ts";
import type { CloseDetails } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { PublishOptions } from "./publisher.ts";
import type { CallHandler, RegisterOptions, Registration } from "./registration.ts";
import type { EventHandler, SubscribeOptions, Subscription } from "./subscription.ts";

/** A joined session.
 *
 * @example
 * ```ts
 * import { connect } from "realmway";
 *
 * async function greet(url: string): Promise<void> {
 *   await using session = await connect({ url, realm: "realm1" });
 *   session.publish("com.example.greeting", ["Hello"]);
 * } // leaves here
 * ```
 */
export class Session {
  /** Given by the router, and random. */
  readonly id: number;
  /** The one that the router let this session into, which may be another than was asked for. */
  readonly realm: string;
  /** WELCOME.Details as received: what the router is and can do, and who this session is to it. */
  readonly details: Dict;
  readonly #exchange: Exchange;
  #prefixes: Map<string, string | undefined> | undefined = undefined;

  /** Made by `connect`. @param realm that was asked for; some routers say no other. */
  constructor(exchange: Exchange, realm: string, welcome: Welcome) {
    this.#exchange = exchange;
    this.id = welcome.session;
    this.realm = textIn(welcome.details, "realm") ?? realm;
    this.details = welcome.details;
  }

  get authid(): string | undefined {
    return textIn(this.details, "authid");
  }

  get authrole(): string | undefined {
    return textIn(this.details, "authrole");
  }

  /** False once the session leaves or has ended. */
  get isOpen(): boolean {
    return this.#exchange.isOpen;
  }

  /** Resolves when the session has ended, and tells how: by `leave`, by the router, or because the connection broke. Never rejects. */
  get closed(): Promise<CloseDetails> {
    return this.#exchange.ended;
  }

  /** Calls a procedure. Resolves to the result if it is one positional value, to undefined if there is none, else to a `CallResult`.
   * Rejects with the `ApplicationError` that the callee or the router answers, or with `SessionClosedError`.
   *
   * @example
   * ```ts
   * import type { Session } from "realmway";
   *
   * async function tryOut(session: Session): Promise<void> {
   *   const sum = await session.call<number>("com.example.add2", [2, 3]);
   *   const options = { timeoutMs: 500, onProgress: console.log };
   *   await session.call("com.example.report", [], { year: 2026, sum }, options);
   * }
   * ```
   */
  call<T = unknown>(
    procedure: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: CallOptions,
  ): Promise<T>;
  call(
    procedure: string,
    args: readonly unknown[] = [],
    kwargs: Dict = EMPTY_DICT,
    options?: CallOptions,
  ): Promise<unknown> {
    return this.#exchange.caller.call(this.resolve(procedure), args, kwargs, options);
  }

  /** Answers calls of a procedure, from now on until `registration.unregister()`. Rejects with `ApplicationError` when the router
   * refuses: another session has registered the procedure, or this one may not. A procedure may have named parts,
   * `com.example.<product:string>.price`, `<year:int>` and at the end `<path:suffix>`: the handler gets them among its named arguments.
   *
   * @example
   * ```ts
   * import { ApplicationError, type Session } from "realmway";
   *
   * async function serve(session: Session): Promise<void> {
   *   const root = await session.register("com.example.root", ([n]: readonly [number]) => {
   *     if (n >= 0) return Math.sqrt(n);
   *     throw new ApplicationError("com.example.error.negative", ["Expected 0 or more"]);
   *   });
   *   await session.register("com.example.fetch", async ([url]: readonly [string], _, { signal }) => {
   *     const response = await fetch(url, { signal }); // given up when the caller gives up
   *     return await response.text();
   *   });
   *   await root.unregister();
   * }
   * ```
   */
  register<Args extends readonly unknown[] = readonly unknown[], Kwargs extends object = Dict>(
    procedure: string,
    handler: CallHandler<Args, Kwargs>,
    options?: RegisterOptions,
  ): Promise<Registration>;
  register(
    procedure: string,
    handler: CallHandler,
    options?: RegisterOptions,
  ): Promise<Registration> {
    const uri = this.resolve(procedure);
    return this.#exchange.withParts(({ callee }) => callee.register(uri, handler, options));
  }

  /** Receives the events of a topic, from now on until `subscription.unsubscribe()`. One topic may have several handlers. Rejects
   * with `ApplicationError` when the router refuses. A topic may have named parts, as procedures have; events of topics that are not so
   * are passed over.
   *
   * @example
   * ```ts
   * import type { Session } from "realmway";
   *
   * async function watch(session: Session): Promise<void> {
   *   const subscription = await session.subscribe(
   *     "com.example.sensor",
   *     ([celsius]: readonly [number], _, { topic }) => console.log(topic, celsius),
   *     { match: "prefix" },
   *   );
   *   await subscription.unsubscribe();
   * }
   * ```
   */
  subscribe<Args extends readonly unknown[] = readonly unknown[], Kwargs extends object = Dict>(
    topic: string,
    handler: EventHandler<Args, Kwargs>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  subscribe(
    topic: string,
    handler: EventHandler,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    const uri = this.resolve(topic);
    return this.#exchange.withParts(({ subscriber }) =>
      subscriber.subscribe(uri, handler, options)
    );
  }

  /** Publishes an event. Without `acknowledge` nothing comes back, not even a refusal; with it, a promise of the publication's ID that
   * rejects with `ApplicationError` when the broker refuses. Throws `SessionClosedError`.
   *
   * @example
   * ```ts
   * import type { Session } from "realmway";
   *
   * async function report(session: Session): Promise<void> {
   *   session.publish("com.example.sensor.kitchen", [21.5]);
   *   await session.publish("com.example.alarm", [], { room: "kitchen" }, { acknowledge: true });
   * }
   * ```
   */
  publish(
    topic: string,
    args: readonly unknown[] | undefined,
    kwargs: Dict | undefined,
    options: PublishOptions & { readonly acknowledge: true },
  ): Promise<number>;
  publish(
    topic: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: PublishOptions & { readonly acknowledge?: false },
  ): void;
  publish(
    topic: string,
    args?: readonly unknown[],
    kwargs?: Dict,
    options?: PublishOptions,
  ): Promise<number> | void;
  publish(
    topic: string,
    args: readonly unknown[] = [],
    kwargs: Dict = EMPTY_DICT,
    options?: PublishOptions,
  ): Promise<number> | void {
    const { publisher } = this.#exchange;
    topic = this.resolve(topic);
    if (options?.acknowledge === true) {
      return publisher.publishAcknowledged(topic, args, kwargs, options);
    }
    publisher.publish(topic, args, kwargs, options);
  }

  /** Makes a class stand for an error URI, in both directions: calls that are answered with the URI reject with an instance of the class, and
   * handlers of this session that throw one answer with the URI. Without a URI the class says it by `@error`. Rejects with a TypeError.
   *
   * @example
   * ```ts
   * import type { Session } from "realmway";
   *
   * class NotFound extends Error {}
   *
   * async function price(session: Session, article: string): Promise<number | undefined> {
   *   await session.define("com.example.error.not_found", NotFound);
   *   try {
   *     return await session.call<number>("com.example.price", [article]);
   *   } catch (error) {
   *     if (error instanceof NotFound) return undefined;
   *     throw error;
   *   }
   * }
   * ```
   */
  define(uri: string, errorClass: ErrorClass): Promise<void>;
  define(errorClass: ErrorClass): Promise<void>;
  define(first: string | ErrorClass, second?: ErrorClass): Promise<void> {
    return this.#exchange.withParts(({ errors }) => errors.define(first, second));
  }

  /** Lets URIs be written short: after `prefix("shop", "com.example.shop")`, "shop:price" is "com.example.shop.price" for all that this
   * session calls, registers, subscribes and publishes to. @param uri undefined: no more. */
  prefix(name: string, uri: string | undefined): void {
    (this.#prefixes ??= new Map()).set(`${name}:`, uri);
  }

  /** The URI in full. One that begins with no prefix of this session is returned as it is. */
  resolve(uri: string): string {
    const end = uri.indexOf(":") + 1;
    const full = this.#prefixes?.get(uri.slice(0, end));
    return full === undefined ? uri : `${full}.${uri.slice(end)}`;
  }

  /** Leaves the realm and closes the connection. Answers that are on their way still come; requests without answer then reject with
   * `SessionClosedError`. Resolves as `closed` does; may be called twice.
   * @param message for people. */
  leave(reason: string = CLOSE_NORMAL, message?: string): Promise<CloseDetails> {
    this.#exchange.leave(reason, message);
    return this.closed;
  }

  /** For `await using session = await connect(...)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }
}
