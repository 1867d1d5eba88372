/**
 * Which class of the program stands for which error URI, in both directions: what a handler throws becomes ERROR, and the ERROR of a call an
 * instance of the class. Filled by `session.define`; asked by `callee.ts` and `caller.ts`. Loaded when something is defined.
 */
import type { Dict } from "../wamp/message.ts";
import { isUri } from "../wamp/uri.ts";
import { isDict } from "./details.ts";
import { ApplicationError } from "./errors.ts";

/** The same in every copy of this library, as a component may bring its own. */
const ERROR_URI: unique symbol = Symbol.for("realmway.errorUri");

/** A class of errors. An ERROR makes an instance of it with the positional arguments, and behind them the named ones, if there are any. */
export type ErrorClass = new (...args: never[]) => Error;

export class DefinedErrors {
  readonly #classes = new Map<string, ErrorClass>();
  readonly #uris = new Map<unknown, string>();

  /** A URI and a class, or a class that says its URI by `@error`. Throws a TypeError for anything else. */
  define(first: string | ErrorClass, second: ErrorClass | undefined): void {
    const errorClass = typeof first === "string" ? second : first;
    if (typeof errorClass !== "function") {
      throw new TypeError(`Cannot define an error: found no class for "${first}", expected one`);
    }
    const uri = typeof first === "string" ? first : uriOf(first);
    if (uri === undefined) {
      throw new TypeError(`Cannot define ${errorClass.name}: found no URI, expected one by @error`);
    }
    checkUri(uri, errorClass.name);
    this.#classes.set(uri, errorClass);
    this.#uris.set(errorClass, uri);
  }

  /** The error that an ERROR brings; undefined for a URI that nothing is defined for. */
  read(uri: string, args: readonly unknown[], kwargs: Dict): Error | undefined {
    const errorClass = this.#classes.get(uri);
    if (errorClass === undefined) return undefined;
    const all = Object.keys(kwargs).length === 0 ? args : [...args, kwargs];
    try {
      return Reflect.construct(errorClass, all);
    } catch (cause) {
      // The class refuses what came: the URI still says what happened.
      const error = new ApplicationError(uri, args, kwargs);
      error.cause = cause;
      return error;
    }
  }

  /** Of the class of `error`, or of the nearest that it derives from: as was defined, or as the class itself says. */
  uriOf(error: object): string | undefined {
    for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
      const uri = this.#uris.get(at.constructor) ?? ownUriOf(at.constructor);
      if (uri !== undefined) return uri;
    }
    return undefined;
  }
}

/** What becomes of an error that a handler throws: undefined when neither `define` nor `@error` knows its class.
 * Its `args` and `kwargs` travel where it has them, else its message. */
export function asApplicationError(
  error: unknown,
  defined: DefinedErrors | undefined,
): ApplicationError | undefined {
  if (!(error instanceof Error)) return undefined;
  const uri = defined === undefined ? uriOf(error.constructor) : defined.uriOf(error);
  if (uri === undefined) return undefined;
  const args: unknown = Reflect.get(error, "args");
  const kwargs: unknown = Reflect.get(error, "kwargs");
  const texts = error.message === "" ? [] : [error.message];
  return new ApplicationError(
    uri,
    Array.isArray(args) ? args : texts,
    isDict(kwargs) ? kwargs : undefined,
  );
}

/** Says which URI a class of errors stands for. Handlers that throw it answer with that URI; `session.define(TheClass)` makes calls
 * reject with it.
 *
 * @example
 * ```ts
 * import { error, type Session } from "realmway";
 *
 * @error("com.example.error.too_large")
 * class TooLarge extends Error {
 *   readonly limit: number;
 *
 *   constructor(text: string, limit: number) {
 *     super(text);
 *     this.limit = limit;
 *   }
 *
 *   get args(): readonly unknown[] {
 *     return [this.message, this.limit];
 *   }
 * }
 *
 * async function upload(session: Session, bytes: Uint8Array): Promise<void> {
 *   await session.define(TooLarge);
 *   try {
 *     await session.call("com.example.upload", [bytes]);
 *   } catch (error) {
 *     if (!(error instanceof TooLarge)) throw error;
 *     console.log(`at most ${error.limit} bytes`);
 *   }
 * }
 * console.assert(typeof upload === "function");
 * ```
 */
export function error(
  uri: string,
): (errorClass: ErrorClass, context: ClassDecoratorContext) => void {
  return (errorClass) => {
    checkUri(uri, errorClass.name);
    Object.defineProperty(errorClass, ERROR_URI, { value: uri });
  };
}

function ownUriOf(errorClass: object): string | undefined {
  return Object.hasOwn(errorClass, ERROR_URI) ? uriOf(errorClass) : undefined;
}

function uriOf(errorClass: unknown): string | undefined {
  if (typeof errorClass !== "function") return undefined;
  const uri: unknown = Reflect.get(errorClass, ERROR_URI);
  return typeof uri === "string" ? uri : undefined;
}

function checkUri(uri: string, name: string): void {
  if (isUri(uri, "loose")) return;
  throw new TypeError(`Cannot define ${name}: found "${uri}", expected a URI`);
}
