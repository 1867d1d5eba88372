/** Sessions whose procedures and topics have types: for the compiler alone, or by schemas, which are also checked. */
import type { Registration } from "./registration.ts";
import type { AnySession, ApiSchemas, CheckedSession } from "./typed_schemas.ts";
import { checkedSession } from "./typed_session.ts";
import type { Subscription } from "./subscription.ts";

/** What a realm offers: procedures as functions, topics as the arguments of their events, by URI. */
export interface Api {
  readonly procedures?: object;
  readonly topics?: object;
}

type Procedures<A extends Api> = NonNullable<A["procedures"]>;
type Topics<A extends Api> = NonNullable<A["topics"]>;
type ArgsOf<F> = F extends (...args: infer Args) => unknown ? Args : never;
type ResultOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;
type EventOf<E> = E extends readonly unknown[] ? E : never;

/** A session that knows the types of what it calls and publishes. */
export interface TypedSession<A extends Api> {
  readonly session: AnySession;
  call<P extends keyof Procedures<A> & string>(
    procedure: P,
    ...args: ArgsOf<Procedures<A>[P]>
  ): Promise<ResultOf<Procedures<A>[P]>>;
  register<P extends keyof Procedures<A> & string>(
    procedure: P,
    handler: (
      ...args: ArgsOf<Procedures<A>[P]>
    ) => ResultOf<Procedures<A>[P]> | Promise<ResultOf<Procedures<A>[P]>>,
  ): Promise<Registration>;
  subscribe<T extends keyof Topics<A> & string>(
    topic: T,
    handler: (...args: EventOf<Topics<A>[T]>) => unknown,
  ): Promise<Subscription>;
  publish<T extends keyof Topics<A> & string>(topic: T, ...args: EventOf<Topics<A>[T]>): void;
}

/** Gives a session the types of an interface. Nothing is checked when the program runs.
 *
 * @example
 * ```ts
 * import { type Session, typed } from "realmway";
 *
 * interface Shop {
 *   procedures: { "com.shop.price": (article: string) => number };
 *   topics: { "com.shop.sold": [article: string, pieces: number] };
 * }
 *
 * async function visit(session: Session): Promise<number> {
 *   const shop = typed<Shop>(session);
 *   await shop.subscribe("com.shop.sold", (article, pieces) => console.log(article, pieces));
 *   return await shop.call("com.shop.price", "bicycle");
 * }
 * console.assert(typeof visit === "function");
 * ```
 */
export function typed<A extends Api>(session: AnySession): TypedSession<A>;
/** Gives a session the types of schemas (Zod, Valibot, ArkType), and checks by them what it sends and what it receives: see `CheckedSession`.
 *
 * @example
 * ```ts
 * import { type Session, typed } from "realmway";
 * import { z } from "zod";
 *
 * const SHOP = {
 *   procedures: { "com.shop.price": { args: z.tuple([z.string()]), result: z.number() } },
 *   topics: { "com.shop.sold": { args: z.tuple([z.string(), z.int()]) } },
 * };
 *
 * async function visit(session: Session): Promise<number> {
 *   const shop = typed(session, SHOP);
 *   await shop.subscribe("com.shop.sold", ([article, pieces]) => console.log(article, pieces));
 *   return await shop.call("com.shop.price", ["bicycle"]);
 * }
 * console.assert(typeof visit === "function");
 * ```
 */
export function typed<S extends ApiSchemas>(session: AnySession, schemas: S): CheckedSession<S>;
export function typed(
  session: AnySession,
  schemas?: ApiSchemas,
): TypedSession<Api> | CheckedSession<ApiSchemas> {
  return schemas === undefined ? typedOnly(session) : checkedSession(session, schemas);
}

function typedOnly<A extends Api>(session: AnySession): TypedSession<A> {
  return {
    session,
    call(procedure, ...args) {
      return session.call(procedure, args);
    },
    register(procedure, handler) {
      return session.register<Parameters<typeof handler>>(procedure, (args) => handler(...args));
    },
    subscribe(topic, handler) {
      return session.subscribe(topic, (args: EventOf<Topics<A>[typeof topic]>) => handler(...args));
    },
    publish(topic, ...args) {
      session.publish(topic, args);
    },
  };
}
