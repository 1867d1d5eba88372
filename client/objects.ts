/** Whole objects whose methods `@register` and `@subscribe` mark. Used by `application_session.ts`. */
import { decoratedIn } from "./decorators.ts";
import type { Registration } from "./registration.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";

/** Rejects with what the first refused one rejects with; the others are then unregistered. */
export async function registerAll(
  session: Pick<Session, "register">,
  object: object,
): Promise<Registration[]> {
  const made = decoratedIn(object).flatMap((one) => {
    if (one.kind !== "procedure") return [];
    const { uri, handler, options } = one;
    return session.register(uri, (...all) => Reflect.apply(handler, undefined, all), options);
  });
  return await allOrNone(made, (registration) => registration.unregister());
}

/** As `registerAll`. */
export async function subscribeAll(
  session: Pick<Session, "subscribe">,
  object: object,
): Promise<Subscription[]> {
  const made = decoratedIn(object).flatMap((one) => {
    if (one.kind !== "topic") return [];
    const { uri, handler, options } = one;
    return session.subscribe(uri, (...all) => Reflect.apply(handler, undefined, all), options);
  });
  return await allOrNone(made, (subscription) => subscription.unsubscribe());
}

async function allOrNone<T>(made: Promise<T>[], undo: (one: T) => Promise<void>): Promise<T[]> {
  try {
    return await Promise.all(made);
  } catch (error) {
    const settled = await Promise.allSettled(made);
    const succeeded = settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    // What cannot be undone has ended with the session.
    await Promise.allSettled(succeeded.map(undo));
    throw error;
  }
}
