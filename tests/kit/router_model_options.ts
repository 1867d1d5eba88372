/** What URIs and options must be, for the router's model: only the options that the simulator uses. */
import type { Match } from "../../wamp/uri.ts";
import type { Dict } from "../../wamp/message.ts";

export function isValidUri(uri: string): boolean {
  return /^([^\s.#]+\.)*([^\s.#]+)$/.test(uri);
}

export function isValidPattern(match: Match, pattern: string): boolean {
  if (match === "wildcard") return /^(([^\s.#]+\.)|\.)*([^\s.#]+)?$/.test(pattern);
  if (match === "prefix") return pattern === "" || isValidUri(pattern.replace(/\.$/, ""));
  return isValidUri(pattern);
}

export function isReservedUri(uri: string): boolean {
  return uri.split(".")[0] === "wamp";
}

export function isClientsRole(role: string): boolean {
  return ["publisher", "subscriber", "caller", "callee"].includes(role);
}

const isBoolean = (value: unknown) => typeof value === "boolean";
const isText = (value: unknown) => typeof value === "string";
const isNatural = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isPositive = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
const listOf = (isItem: (item: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(isItem);
const oneOf = (...words: readonly unknown[]) => (value: unknown) => words.includes(value);

const RULES: Readonly<Record<string, (value: unknown) => boolean>> = {
  "acknowledge": isBoolean,
  "exclude_me": isBoolean,
  "disclose_me": isBoolean,
  "disclose_caller": isBoolean,
  "receive_progress": isBoolean,
  "progress": isBoolean,
  "force_reregister": isBoolean,
  "forward_timeout": isBoolean,
  "timeout": isNatural,
  "concurrency": isPositive,
  "eligible": listOf(isPositive),
  "exclude": listOf(isPositive),
  "eligible_authid": listOf(isText),
  "exclude_authid": listOf(isText),
  "eligible_authrole": listOf(isText),
  "exclude_authrole": listOf(isText),
  "retain": isBoolean,
  "get_retained": isBoolean,
  "x_retain_ms": isPositive,
  "x_retain_clear": isBoolean,
  "match": oneOf("exact", "prefix", "wildcard"),
  "invoke": oneOf("single", "first", "last", "roundrobin", "random"),
  "mode": oneOf("skip", "kill", "killnowait"),
  "ppt_scheme": isText,
  "x_acknowledged_delivery": isBoolean,
  "x_delivery_timeout_ms": isPositive,
  "rkey": isText,
  "nkey": isText,
  "runmode": oneOf("partition", "all"),
  "ppt_keyid": isText,
};

export function optionsAreValid(options: Dict): boolean {
  return Object.entries(options).every(([key, value]) => RULES[key]?.(value) ?? true);
}

/** What passes through the router from options to details. */
export function passedOn(options: Dict): Dict {
  return Object.fromEntries(
    Object.entries(options).filter(([key]) => key.startsWith("_") || key.startsWith("ppt_")),
  );
}
