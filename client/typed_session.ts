/** A session that checks what it sends and receives by schemas: see `typed`. */
import type { Dict } from "../wamp/message.ts";
import type { CallOptions } from "./caller.ts";
import { checked, issuesText, type StandardSchema } from "./checked.ts";
import type { CallDetails } from "./invocation.ts";
import type { PublishOptions } from "./publisher.ts";
import type { CallHandler, RegisterOptions } from "./registration.ts";
import type { EventDetails, EventHandler, SubscribeOptions } from "./subscription.ts";
import type { AnySession, ApiSchemas, CheckedSession, TopicSchemas } from "./typed_schemas.ts";

export function checkedSession(
  session: AnySession,
  { procedures = {}, topics = {} }: ApiSchemas,
): CheckedSession<ApiSchemas> {
  return {
    session,
    async call(uri, args: readonly unknown[] = [], kwargs: Dict = {}, options?: CallOptions) {
      const what = `call "${uri}"`;
      const schemas = of(procedures, uri, what);
      const sending = fits(schemas, args, kwargs, what);
      if (sending !== undefined) await sending;
      const result = await session.call(uri, args, kwargs, options);
      return await taken(schemas.result, result, `take the result of "${uri}"`, "result");
    },
    async register(
      uri,
      handler: CallHandler,
      options?: RegisterOptions,
    ) {
      const { result, ...received } = of(procedures, uri, `register "${uri}"`);
      const answer = checked(
        received,
        async (args, kwargs: object, details: CallDetails) => {
          const value = await handler(args, { ...kwargs }, details);
          await taken(result, value, `answer a call of "${uri}"`, "result");
          return value;
        },
      );
      return await session.register(uri, answer, options);
    },
    async subscribe(
      uri,
      handler: EventHandler,
      options?: SubscribeOptions,
    ) {
      const receive = checked(
        of(topics, uri, `subscribe "${uri}"`),
        (args, kwargs: object, details: EventDetails) => handler(args, { ...kwargs }, details),
      );
      return await session.subscribe(uri, receive, options);
    },
    async publish(uri, args: readonly unknown[] = [], kwargs: Dict = {}, options?: PublishOptions) {
      const what = `publish "${uri}"`;
      const sending = fits(of(topics, uri, what), args, kwargs, what);
      if (sending !== undefined) await sending;
      return await session.publish(uri, args, kwargs, options);
    },
  };
}

/** The schemas for a URI, which only programs without the compiler's check can miss. */
function of<Entry>(offered: Readonly<Record<string, Entry>>, uri: string, what: string): Entry {
  const entry = Object.hasOwn(offered, uri) ? offered[uri] : undefined;
  if (entry === undefined) throw new TypeError(`Cannot ${what}: found no schemas, expected some`);
  return entry;
}

/** Throws, or rejects, for what does not fit. Undefined when that is known at once: then a program's requests go out in their order. */
function fits(
  { args: ofArgs, kwargs: ofKwargs }: TopicSchemas,
  args: readonly unknown[],
  kwargs: Dict,
  what: string,
): Promise<unknown> | undefined {
  const all = taken(ofArgs, args, what, "args");
  const named = taken(ofKwargs, kwargs, what, "kwargs");
  return all instanceof Promise || named instanceof Promise ? Promise.all([all, named]) : undefined;
}

/** What the schema makes of `value`. */
function taken<T>(
  schema: StandardSchema<T> | undefined,
  value: unknown,
  what: string,
  place: string,
): unknown {
  if (schema === undefined) return value;
  const outcome = schema["~standard"].validate(value);
  const read = (outcome: Awaited<ReturnType<typeof schema["~standard"]["validate"]>>): T => {
    if (outcome.issues === undefined) return outcome.value;
    throw new TypeError(
      `Cannot ${what}: found ${
        issuesText(outcome.issues, place)
      }, expected what its schema describes`,
    );
  };
  return outcome instanceof Promise ? outcome.then(read) : read(outcome);
}
