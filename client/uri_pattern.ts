/**
 * URIs with named parts, as Autobahn writes them: `com.example.<product:string>.<event>`. They become patterns of WAMP, and each call or event
 * tells what the parts were. Used by `callee.ts` and `subscriber.ts`. [WAMP pattern-based-registration]
 */
import type { Match } from "../wamp/uri.ts";
import { NO_SUCH_PROCEDURE } from "../wamp/uris.ts";
import { ApplicationError } from "./errors.ts";
import type { CallHandler, RegisterOptions } from "./registration.ts";
import type { EventHandler, SubscribeOptions } from "./subscription.ts";

/** A URI with named parts, read. */
interface UriPattern {
  readonly match: Match;
  /** For REGISTER and SUBSCRIBE: empty components for parts, or a prefix. */
  readonly uri: string;
  /** The parts by name. Undefined when `uri` is not of this pattern, such as when an integer is none. */
  read(uri: string): Readonly<Record<string, string | number>> | undefined;
}

interface Part {
  readonly name: string;
  readonly type: "string" | "int" | "suffix";
}

const PART = /^<([A-Za-z_]\w*)(?::(string|int|suffix))?>$/;

export function hasNamedParts(uri: string): boolean {
  return uri.includes("<");
}

/** What is registered for a procedure with named parts. Its handler gets them among its named arguments. */
export function namedProcedure(
  procedure: string,
  handler: CallHandler,
  options: RegisterOptions | undefined,
): { readonly uri: string; readonly handler: CallHandler; readonly options: RegisterOptions } {
  const { uri, match, read } = uriPattern(procedure);
  checkMatch(procedure, match, options?.match);
  const named: CallHandler = (args, kwargs, details) => {
    const parts = read(details.procedure);
    if (parts !== undefined) return handler(args, { ...kwargs, ...parts }, details);
    const text = `Found "${details.procedure}", expected "${procedure}"`;
    throw new ApplicationError(NO_SUCH_PROCEDURE, [text]);
  };
  return { uri, handler: named, options: { ...options, match } };
}

/** As `namedProcedure`; events of topics that are not so are passed over. */
export function namedTopic(
  topic: string,
  handler: EventHandler,
  options: SubscribeOptions | undefined,
): { readonly uri: string; readonly handler: EventHandler; readonly options: SubscribeOptions } {
  const { uri, match, read } = uriPattern(topic);
  checkMatch(topic, match, options?.match);
  const named: EventHandler = (args, kwargs, details) => {
    const parts = read(details.topic);
    return parts && handler(args, { ...kwargs, ...parts }, details);
  };
  return { uri, handler: named, options: { ...options, match } };
}

/** Named parts say themselves how a URI matches. */
function checkMatch(text: string, match: Match, given: Match | undefined): void {
  if (given === undefined || given === match) return;
  throw new TypeError(
    `Cannot use "${text}": found match "${given}", expected "${match}", as its named parts say`,
  );
}

/** Throws a TypeError that names the component which is wrong. `suffix` may only stand last, and takes all that follows. */
function uriPattern(text: string): UriPattern {
  const components = text.split(".").map((component, i, all) => {
    if (!/[<>]/.test(component)) return component;
    const [, name = "", type = "string"] = PART.exec(component) ?? [];
    if (name === "" || (type === "suffix" && i < all.length - 1)) {
      throw new TypeError(
        `Cannot use "${text}": found "${component}", expected "<name>", "<name:string>", ` +
          `"<name:int>" or, at the end, "<name:suffix>"`,
      );
    }
    return { name, type: type === "int" || type === "suffix" ? type : "string" } satisfies Part;
  });
  const last = components.at(-1);
  const isPrefix = typeof last === "object" && last.type === "suffix";
  const fixed = isPrefix ? components.slice(0, -1) : components;
  if (isPrefix && fixed.some((component) => typeof component === "object")) {
    throw new TypeError(`Cannot use "${text}": found parts before a suffix, expected none`);
  }
  const uri = fixed.map((component) => typeof component === "object" ? "" : component).join(".");
  return {
    match: isPrefix ? "prefix" : "wildcard",
    uri: isPrefix ? `${uri}.` : uri,
    read: (uri) => read(components, uri),
  };
}

function read(
  components: readonly (string | Part)[],
  uri: string,
): Readonly<Record<string, string | number>> | undefined {
  const found = uri.split(".");
  const parts: Record<string, string | number> = {};
  for (const [i, component] of components.entries()) {
    const text = found[i];
    if (text === undefined) return undefined;
    if (typeof component === "string") {
      if (component !== text) return undefined;
    } else if (component.type === "suffix") {
      parts[component.name] = found.slice(i).join(".");
      return parts;
    } else if (component.type === "int") {
      if (!/^-?\d+$/.test(text)) return undefined;
      parts[component.name] = Number(text);
    } else parts[component.name] = text;
  }
  return found.length === components.length ? parts : undefined;
}
