/** `component.register` and `component.subscribe` in all their forms: plain calls, wrappers of functions, decorators of methods. */
import type { Dict } from "../wamp/message.ts";
import { methodOf } from "./decorators.ts";
import type { CallHandler, RegisterOptions } from "./registration.ts";
import type { EventHandler, SubscribeOptions } from "./subscription.ts";

/** A handler of calls or events, whatever its arguments. */
export type AnyHandler = (args: never, kwargs: never, details: never) => unknown;

/** Takes a method or a function as a handler, and returns it. */
export type HandlerDecorator = <F extends AnyHandler>(
  handler: F,
  context?: ClassMethodDecoratorContext,
) => F;

/** Registers procedures with a component. */
export interface ComponentRegister {
  /** Returns the handler. */
  <Args extends readonly unknown[] = readonly unknown[], Kwargs extends object = Dict>(
    uri: string,
    handler: CallHandler<Args, Kwargs>,
    options?: RegisterOptions,
  ): CallHandler<Args, Kwargs>;
  /** `@component.register("com.example.add2")` before a method. */
  (uri: string, options?: RegisterOptions): HandlerDecorator;
  /** `@component.register` before a method, whose name is the URI. */
  <F extends AnyHandler>(handler: F, context?: ClassMethodDecoratorContext): F;
}

/** Subscribes a component to topics. */
export interface ComponentSubscribe {
  /** Returns the handler. */
  <Args extends readonly unknown[] = readonly unknown[], Kwargs extends object = Dict>(
    topic: string,
    handler: EventHandler<Args, Kwargs>,
    options?: SubscribeOptions,
  ): EventHandler<Args, Kwargs>;
  /** `@component.subscribe("com.example.greeting")` before a method. */
  (topic: string, options?: SubscribeOptions): HandlerDecorator;
  /** `@component.subscribe` before a method, whose name is the topic. */
  <F extends AnyHandler>(handler: F, context?: ClassMethodDecoratorContext): F;
}

export function registering(
  add: (uri: string, handler: CallHandler, options: RegisterOptions | undefined) => void,
): ComponentRegister {
  const marked = new WeakSet<object>();
  function register<Args extends readonly unknown[], Kwargs extends object>(
    uri: string,
    handler: CallHandler<Args, Kwargs>,
    options?: RegisterOptions,
  ): CallHandler<Args, Kwargs>;
  function register(uri: string, options?: RegisterOptions): HandlerDecorator;
  function register<F extends AnyHandler>(handler: F, context?: ClassMethodDecoratorContext): F;
  function register(...given: Given<RegisterOptions>): unknown {
    return taken(given, add, marked);
  }
  return register;
}

export function subscribing(
  add: (topic: string, handler: EventHandler, options: SubscribeOptions | undefined) => void,
): ComponentSubscribe {
  const marked = new WeakSet<object>();
  function subscribe<Args extends readonly unknown[], Kwargs extends object>(
    topic: string,
    handler: EventHandler<Args, Kwargs>,
    options?: SubscribeOptions,
  ): EventHandler<Args, Kwargs>;
  function subscribe(topic: string, options?: SubscribeOptions): HandlerDecorator;
  function subscribe<F extends AnyHandler>(handler: F, context?: ClassMethodDecoratorContext): F;
  function subscribe(...given: Given<SubscribeOptions>): unknown {
    return taken(given, add, marked);
  }
  return subscribe;
}

/** Arguments of all forms. */
type Given<O> = [
  first: string | AnyHandler,
  second?: AnyHandler | O | ClassMethodDecoratorContext,
  third?: O,
];

/** Takes a handler, or returns what will take one. */
function taken<O extends object>(
  [first, second, third]: Given<O>,
  add: (uri: string, handler: (...args: readonly unknown[]) => unknown, options?: O) => void,
  marked: WeakSet<object>,
): unknown {
  const take = (uri: string, handler: AnyHandler, options?: O) => {
    if (uri === "") throw new TypeError("Cannot use a handler: found no name, expected a URI");
    add(uri, (...args) => Reflect.apply(handler, undefined, args), options);
  };
  if (typeof first === "function") {
    return decorated(first, isContext(second) ? second : undefined, undefined, take, marked);
  }
  if (isHandler(second)) {
    take(first, second, third);
    return second;
  }
  const options = isContext(second) ? undefined : second;
  return (handler: AnyHandler, context?: ClassMethodDecoratorContext) =>
    decorated(handler, context, first, (uri, one) => take(uri, one, options), marked);
}

/** A function is taken at once; a method when its class has an object, as it is nothing without one. One that is overridden and decorated
 * again (it is `marked`) stands for both. */
function decorated(
  handler: AnyHandler,
  context: ClassMethodDecoratorContext | undefined,
  uri: string | undefined,
  take: (uri: string, handler: AnyHandler) => void,
  marked: WeakSet<object>,
): AnyHandler {
  marked.add(handler);
  if (context === undefined) take(uri ?? handler.name, handler);
  else {
    context.addInitializer(function (this: unknown) {
      const own: unknown = Reflect.get(Object(this), context.name);
      if (typeof own === "function" && own !== handler && marked.has(own)) return;
      take(uri ?? String(context.name), methodOf(this, handler, context));
    });
  }
  return handler;
}

function isHandler(value: unknown): value is AnyHandler {
  return typeof value === "function";
}

function isContext(value: unknown): value is ClassMethodDecoratorContext {
  return typeof value === "object" && value !== null && "addInitializer" in value;
}
