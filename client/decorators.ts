/**
 * `@register` and `@subscribe` before methods, as ECMAScript has decorators. Each object of the class remembers what of it is to be registered
 * and subscribed, under a symbol that all copies of the library share; `application_session.ts` and `objects.ts` make it so.
 */
import type { AnyHandler } from "./component_handlers.ts";
import type { RegisterOptions } from "./registration.ts";
import type { SubscribeOptions } from "./subscription.ts";

const HANDLERS: unique symbol = Symbol.for("realmway.handlers");

/** What a decorated method is for. */
export type Decorated =
  & { readonly uri: string; readonly handler: AnyHandler }
  & (
    | { readonly kind: "procedure"; readonly options: RegisterOptions | undefined }
    | { readonly kind: "topic"; readonly options: SubscribeOptions | undefined }
  );

/** A decorator of methods. */
export type MethodDecorator = <F extends AnyHandler>(
  method: F,
  context: ClassMethodDecoratorContext,
) => void;

/** Marks a method as a procedure. @param uri default: the method's name. It may have named parts: "com.example.<product>.price".
 *
 * @example
 * ```ts
 * import { ApplicationSession, register } from "realmway";
 *
 * class Calculator extends ApplicationSession {
 *   @register("com.example.add2")
 *   add2([a, b]: readonly [number, number]): number {
 *     return a + b;
 *   }
 *
 *   override async onJoin(): Promise<void> {
 *     await this.registerAll(this);
 *   }
 * }
 * console.assert(new Calculator().add2([1, 2]) === 3);
 * ```
 */
export function register(uri?: string, options?: RegisterOptions): MethodDecorator {
  return (method, context) => {
    context.addInitializer(function (this: unknown) {
      const name = uri ?? String(context.name);
      remember(this, { kind: "procedure", uri: name, options, handler: bound(method, this) });
    });
  };
}

/** Marks a method as a handler of events. @param topic default: the method's name. It may have named parts.
 *
 * @example
 * ```ts
 * import { ApplicationSession, subscribe } from "realmway";
 *
 * class Watcher extends ApplicationSession {
 *   @subscribe("com.example.<room>.temperature")
 *   temperature([celsius]: readonly [number], { room }: { room: string }): void {
 *     console.log(`${room}: ${celsius}`);
 *   }
 *
 *   override async onJoin(): Promise<void> {
 *     await this.subscribeAll(this);
 *   }
 * }
 * console.assert(new Watcher().isOpen === false);
 * ```
 */
export function subscribe(topic?: string, options?: SubscribeOptions): MethodDecorator {
  return (method, context) => {
    context.addInitializer(function (this: unknown) {
      const name = topic ?? String(context.name);
      remember(this, { kind: "topic", uri: name, options, handler: bound(method, this) });
    });
  };
}

/** What of `object` is decorated. */
export function decoratedIn(object: object): readonly Decorated[] {
  const found: unknown = Reflect.get(object, HANDLERS);
  return Array.isArray(found) ? found : [];
}

function bound(method: AnyHandler, self: unknown): AnyHandler {
  return (...args) => Reflect.apply(method, self, args);
}

function remember(self: unknown, decorated: Decorated): void {
  if (typeof self !== "object" || self === null) return;
  const value = [...decoratedIn(self), decorated];
  Object.defineProperty(self, HANDLERS, { value, configurable: true });
}
