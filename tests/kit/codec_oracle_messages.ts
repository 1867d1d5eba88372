/**
 * The grammar of messages as a table, over whole decoded values (`codec_oracle.ts`): the plain form of `wamp/parse.ts`.
 * A message in plain form is a list: the type, every field in the order of the wire, args, kwargs, opaque value.
 */
import type { Message } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { plain } from "./codec_oracle.ts";
import { Tagged } from "./codec_oracle_cbor.ts";

const SELF_DESCRIBED = 55799n;
const ABORT = 3;

/** Fields behind the type. `zero`: an ID or 0; `dict?`: may be left off. */
export const grammar: Readonly<Record<number, readonly string[]>> = {
  1: ["string", "dict"],
  2: ["id", "dict"],
  3: ["dict", "string", "payload"],
  4: ["string", "dict"],
  5: ["string", "dict"],
  6: ["dict", "string"],
  8: ["request", "id", "dict", "string", "payload"],
  16: ["id", "dict", "string", "payload"],
  17: ["id", "id"],
  32: ["id", "dict", "string"],
  33: ["id", "id"],
  34: ["id", "id", "dict?"],
  35: ["zero", "dict?"],
  36: ["id", "id", "dict", "payload"],
  48: ["id", "dict", "string", "payload"],
  49: ["id", "dict"],
  50: ["id", "dict", "payload"],
  64: ["id", "dict", "string"],
  65: ["id", "id"],
  66: ["id", "id", "dict?"],
  67: ["zero", "dict?"],
  68: ["id", "id", "dict", "payload"],
  69: ["id", "dict"],
  70: ["id", "dict", "payload"],
  337: ["id"],
};

export const requestTypes: readonly number[] = [16, 32, 34, 48, 64, 66, 68];

/** The plain form of what an oracle decoded. Throws when it is no message. */
export function plainMessage(value: unknown): unknown[] {
  if (value instanceof Tagged && value.tag === SELF_DESCRIBED) return plainMessage(value.content);
  if (!Array.isArray(value)) throw new Error("no list");
  const [type, ...elements] = value;
  const fields = grammar[integer(type)];
  if (fields === undefined) throw new Error("no such message");
  const message: unknown[] = [integer(type)];
  let dict: unknown;
  for (const kind of fields) {
    if (kind === "payload") {
      message.push(...payload(elements.splice(0), message[0] !== ABORT && isOpaque(dict)));
    } else if (kind === "dict?" && elements.length === 0) message.push({});
    else {
      if (elements.length === 0) throw new Error(`no ${kind}`);
      const element = elements.shift();
      if (kind.startsWith("dict")) dict = element;
      message.push(field(kind, element));
    }
  }
  if (elements.length > 0) throw new Error("too many elements");
  return message;
}

/** The plain form of a parsed message: its properties are in the order of the wire. */
export function plainParsed(message: Message): unknown[] {
  return Object.values(message).flatMap((value: unknown) => {
    if (!(value instanceof Payload)) return [plain(value)];
    const { args, kwargs, opaque } = value.decode();
    return [plain(args), plain(kwargs), opaque === undefined ? undefined : plain(opaque)];
  });
}

function field(kind: string, value: unknown): unknown {
  if (kind === "string") {
    if (typeof value !== "string") throw new Error("no string");
    return value;
  }
  if (kind.startsWith("dict")) return dictionary(value);
  const number = integer(value);
  if (number < (kind === "zero" ? 0 : 1)) throw new Error("no ID");
  if (kind === "request" && !requestTypes.includes(number)) throw new Error("no request");
  return number;
}

function integer(value: unknown): number {
  if (value instanceof Tagged) throw new Error("no integer");
  const number = plain(value);
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > 2 ** 53) {
    throw new Error("no integer");
  }
  return number;
}

function dictionary(value: unknown): unknown {
  if (!(value instanceof Map)) throw new Error("no dictionary");
  for (const key of value.keys()) if (typeof key !== "string") throw new Error("no string key");
  return plain(value);
}

function isOpaque(dict: unknown): boolean {
  return dict instanceof Map && dict.get("enc_algo") !== undefined;
}

function payload(elements: readonly unknown[], mayBeOpaque: boolean): unknown[] {
  const [args = [], kwargs = new Map()] = elements;
  if (elements.length > 2) throw new Error("too many elements");
  if (mayBeOpaque && elements.length === 1) {
    if (typeof args === "string") return [[], {}, new TextEncoder().encode(args)];
    if (args instanceof Uint8Array) return [[], {}, plain(args)];
  }
  if (!Array.isArray(args)) throw new Error("no list");
  return [plain(args), dictionary(kwargs), undefined];
}
