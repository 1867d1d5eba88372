/** Whether two answers say the same: what a router may word, number or name as it likes does not count, unless it shall. */
import { writeValue } from "../../wamp/codec/json_text.ts";
import { Type } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import type { WireList } from "./recording.ts";

/** What of WELCOME.Details is the router's answer; the rest is about the router, or random. */
const WELCOME_KEYS = ["realm", "authid", "authrole", "authmethod"];

/** The text of what counts, to compare. @param isStrict everything counts that does not differ from run to run by itself. */
export function essence(message: WireList, isStrict: boolean): string {
  return writeValue(sorted(counted(message, isStrict)));
}

function counted(message: WireList, isStrict: boolean): WireList {
  const [type] = message;
  switch (type) {
    case Type.WELCOME:
      return [type, message[1], welcome(message[2], isStrict)];
    case Type.CHALLENGE:
      // A new one each time.
      return [type, message[1]];
    case Type.ABORT:
    case Type.GOODBYE:
      // The text is for people.
      return isStrict ? message : [type, message[2]];
    case Type.ERROR: {
      const isRouters = typeof message[4] === "string" && message[4].startsWith(ROUTERS);
      return isStrict || !isRouters ? message : message.slice(0, 5);
    }
    default:
      return message;
  }
}

/** Beginning of the errors that routers make themselves. */
const ROUTERS = "wamp.";

function welcome(details: unknown, isStrict: boolean): unknown {
  if (!isDict(details)) return details;
  // Given at random.
  const isAnonymous = details["authmethod"] === "anonymous" || details["authmethod"] === undefined;
  const keys = isStrict ? [...WELCOME_KEYS, "roles", "authprovider"] : WELCOME_KEYS;
  return Object.fromEntries(
    keys.filter((name) => name !== "authid" || !isAnonymous).map((name) => [name, details[name]]),
  );
}

/** The order of keys says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1);
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item)]));
}
