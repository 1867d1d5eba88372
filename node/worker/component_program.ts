/**
 * What a component is made of: a class or functions of user modules, as one thing that is told of each step of its session's life.
 * A new one is made for each session. Called by `component_host.ts`.
 */
import { resolve } from "node:path";
import { isApplicationSessionClass } from "../../client/application_session.ts";
import type { CloseDetails } from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import type { Log } from "../../router/ports.ts";
import { kindOf, userValue } from "../user_module.ts";
import { applicationProgram } from "./application_program.ts";
import { CANNOT_START, CLASS_IMPORT_FAILED, INVALID_CONFIGURATION } from "./error_uris.ts";
import { ComponentError, textOf } from "./component_error.ts";

/** What a component's code is given. */
export interface ComponentContext {
  readonly id: string;
  readonly realm: string;
  /** Of the configuration; undefined when it has none. */
  readonly extra: unknown;
  /** An object that all components of a router worker share, where `expose_shared` says so. */
  readonly shared?: Record<string, unknown>;
}

/** The keys that say what a component's code is. */
export type ComponentCode =
  | { readonly type: "class"; readonly classname: string }
  | { readonly type: "function"; readonly callbacks: Callbacks };

type Callbacks = {
  readonly [K in "connect" | "join" | "leave" | "disconnect"]?: string | undefined;
};

/** One for each session. Whatever the code throws comes out. */
export interface Program {
  connected(): unknown;
  joined(session: Session): unknown;
  left(session: Session, details: CloseDetails): unknown;
  disconnected(session: Session, wasClean: boolean): unknown;
}

export interface ModulePlaces {
  /** The node directory. */
  readonly directory: string;
  readonly paths: readonly string[];
}

/** The folders of a worker's options, absolute. */
export function modulePaths(
  { modulepath = [], pythonpath = [] }: {
    readonly modulepath?: readonly string[] | undefined;
    readonly pythonpath?: readonly string[] | undefined;
  },
  directory: string,
): string[] {
  return [...modulepath, ...pythonpath].map((path) => resolve(directory, path));
}

/** Loads the code. Rejects with `ComponentError`. @param log for an `ApplicationSession`. */
export async function programOf(
  code: ComponentCode,
  context: ComponentContext,
  places: ModulePlaces,
  log: Log,
): Promise<Program> {
  return code.type === "class"
    ? await classProgram(code.classname, context, places, log)
    : await functionProgram(code.callbacks, context, places);
}

/** Rejects with `ComponentError` where a module is not to be found or faulty, or has nothing of the name. Makes nothing of it yet. */
export async function expectCode(code: ComponentCode, places: ModulePlaces): Promise<void> {
  const names = code.type === "class" ? [code.classname] : Object.values(code.callbacks);
  for (const name of names) {
    if (name === undefined) continue;
    const found = await loaded(name, places);
    if (typeof found === "function") continue;
    const text = `Cannot load "${name}": found ${kindOf(found)}, expected a ${code.type}`;
    throw new ComponentError(CLASS_IMPORT_FAILED, text);
  }
}

type UserFunction = (...args: readonly unknown[]) => unknown;

async function functionProgram(
  callbacks: Callbacks,
  context: ComponentContext,
  places: ModulePlaces,
): Promise<Program> {
  const load = async (text: string | undefined): Promise<UserFunction | undefined> => {
    if (text === undefined) return undefined;
    const found = await loaded(text, places);
    if (typeof found === "function") return (...args) => Reflect.apply(found, undefined, args);
    throw new ComponentError(
      CLASS_IMPORT_FAILED,
      `Cannot load "${text}": found ${kindOf(found)}, expected a function`,
    );
  };
  const [connect, join, leave, disconnect] = [
    await load(callbacks.connect),
    await load(callbacks.join),
    await load(callbacks.leave),
    await load(callbacks.disconnect),
  ];
  return {
    connected: () => connect?.(context),
    joined: (session) => join?.(session, session.details, context),
    left: (session, details) => leave?.(session, details, context),
    disconnected: (session, wasClean) => disconnect?.(session, wasClean, context),
  };
}

async function classProgram(
  classname: string,
  context: ComponentContext,
  places: ModulePlaces,
  log: Log,
): Promise<Program> {
  const found = await loaded(classname, places);
  const what = `Cannot load "${classname}": found`;
  await checkExtra(classname, found, context.extra);
  if (isApplicationSessionClass(found)) {
    return made(classname, () => applicationProgram(found, context, log));
  }
  if (typeof found !== "function") {
    throw new ComponentError(CLASS_IMPORT_FAILED, `${what} ${kindOf(found)}, expected a class`);
  }
  const prototype: unknown = Reflect.get(found, "prototype");
  const hasJoin = typeof prototype === "object" && prototype !== null &&
    typeof Reflect.get(prototype, "onJoin") === "function";
  if (!hasJoin) {
    throw new ComponentError(
      CLASS_IMPORT_FAILED,
      `${what} a class or function without a method onJoin, expected an ApplicationSession or a class with onJoin`,
    );
  }
  const instance: object = made(classname, () => Reflect.construct(found, [context]));
  const call = (name: string, ...args: readonly unknown[]): unknown => {
    const method: unknown = Reflect.get(instance, name);
    return typeof method === "function" ? Reflect.apply(method, instance, args) : undefined;
  };
  return {
    connected: () => call("onConnect"),
    joined: (session) => call("onJoin", session, session.details),
    left: (_session, details) => call("onLeave", details),
    disconnected: (_session, wasClean) => call("onDisconnect", wasClean),
  };
}

/** Lets a class look at what the configuration gives it, before an object of it is made: its static `checkConfig(extra)` throws. */
async function checkExtra(classname: string, found: unknown, extra: unknown): Promise<void> {
  const check: unknown = typeof found === "function" && Reflect.get(found, "checkConfig");
  if (typeof check !== "function") return;
  try {
    await Reflect.apply(check, found, [extra]);
  } catch (cause) {
    const text = `Cannot use the extra of "${classname}": ${textOf(cause)}`;
    throw new ComponentError(INVALID_CONFIGURATION, text, { cause });
  }
}

/** Throws a ComponentError for what the class's constructor throws. */
function made<T>(classname: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const text = `Cannot make a "${classname}": its constructor threw (${textOf(cause)})`;
    throw new ComponentError(CANNOT_START, text, { cause });
  }
}

async function loaded(text: string, { directory, paths }: ModulePlaces): Promise<unknown> {
  try {
    return await userValue(text, directory, paths);
  } catch (cause) {
    throw new ComponentError(CLASS_IMPORT_FAILED, textOf(cause), { cause });
  }
}
