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
  & {
    readonly uri: string;
    readonly name: string | symbol;
    /** As its class has it: a class that derives from that one may have another of the name. */
    readonly method: AnyHandler;
    readonly handler: AnyHandler;
  }
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
      const made = { ...decorated(this, method, context), kind: "procedure", options } as const;
      remember(this, { ...made, uri: uri ?? String(context.name) });
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
      const made = { ...decorated(this, method, context), kind: "topic", options } as const;
      remember(this, { ...made, uri: topic ?? String(context.name) });
    });
  };
}

/** What of `object` is decorated. */
export function decoratedIn(object: object): readonly Decorated[] {
  const found: unknown = Reflect.get(object, HANDLERS);
  return Array.isArray(found) ? found : [];
}

/** The method of an object, looked up when it is called: the object's class may have overridden it. */
export function methodOf(
  self: unknown,
  method: AnyHandler,
  { name }: ClassMethodDecoratorContext,
): AnyHandler {
  return (...args) => {
    const own: unknown = typeof self === "object" && self !== null && Reflect.get(self, name);
    return Reflect.apply(typeof own === "function" ? own : method, self, args);
  };
}

function decorated(self: unknown, method: AnyHandler, context: ClassMethodDecoratorContext) {
  return { name: context.name, method, handler: methodOf(self, method, context) };
}

function remember(self: unknown, decorated: Decorated): void {
  if (typeof self !== "object" || self === null) return;
  // A method that is overridden and decorated again stands for both.
  const others = decoratedIn(self).filter(({ name, method }) =>
    name !== decorated.name || method === decorated.method
  );
  const value = [...others, decorated];
  Object.defineProperty(self, HANDLERS, { value, configurable: true });
}
