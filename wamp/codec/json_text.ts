/**
 * Messages as JSON text, by the runtime's own parser: for browsers, whose WebSockets bring strings. A client's messages alone, in a tenth
 * of the code of the bytes' way (`json.ts`, `../parse.ts`, `../serialize.ts`), which stands beside it as the oracle of its tests.
 * The same values either way: binary as U+0000 and Base64, integers of 64 bits as bigints, floats beyond 2^53 with a fraction.
 * [WAMP serialization_binary_json]
 */
import { MAX_ID } from "../id.ts";
import { type Dict, EMPTY_DICT, type Message, Type } from "../message.ts";
import { Payload } from "../payload.ts";
import { ProtocolError } from "../protocol_error.ts";
import { MAX_DEPTH } from "./codec.ts";

/** The fields of each message behind its type, in order; `*` stands for arguments, `?` for a dictionary that may be left off. */
const FIELDS_BY_NAME: Readonly<Record<keyof typeof Type, string>> = {
  HELLO: "realm details",
  WELCOME: "session details",
  ABORT: "details reason *",
  CHALLENGE: "authmethod extra",
  AUTHENTICATE: "signature extra",
  GOODBYE: "details reason",
  ERROR: "requestType request details error *",
  PUBLISH: "request options topic *",
  PUBLISHED: "request publication",
  SUBSCRIBE: "request options topic",
  SUBSCRIBED: "request subscription",
  UNSUBSCRIBE: "request subscription options?",
  UNSUBSCRIBED: "request details?",
  EVENT: "subscription publication details *",
  CALL: "request options procedure *",
  CANCEL: "request options",
  RESULT: "request details *",
  REGISTER: "request options procedure",
  REGISTERED: "request registration",
  UNREGISTER: "request registration options?",
  UNREGISTERED: "request details?",
  INVOCATION: "request registration details *",
  INTERRUPT: "request options",
  YIELD: "request options *",
  EVENT_RECEIVED: "publication",
};
const FIELDS: ReadonlyMap<unknown, string> = new Map(
  Object.entries(Type).map(([name, type]) => [type, FIELDS_BY_NAME[name as keyof typeof Type]]),
);

/** Requests that an ERROR may answer. */
const REQUESTS: readonly unknown[] = [
  Type.PUBLISH,
  Type.SUBSCRIBE,
  Type.UNSUBSCRIBE,
  Type.CALL,
  Type.REGISTER,
  Type.UNREGISTER,
  Type.INVOCATION,
];
const DICTS = /^(?:details|options|extra)/;
const TEXTS = /^(?:realm|reason|authmethod|signature|error|topic|procedure)$/;

/** Throws RangeError for values that are nested too deep, or refer to themselves. */
export function writeMessage(message: Message): string {
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  const list: string[] = [String(message.type)];
  for (const name of FIELDS.get(message.type)?.split(" ") ?? []) {
    if (name === "*") {
      const payload = writePayload((message as { payload: Payload }).payload);
      if (payload !== "") list.push(payload);
    } else if (!name.endsWith("?")) list.push(writeValue(fields[name]));
    else if (fields[name.slice(0, -1)] !== EMPTY_DICT) {
      list.push(writeValue(fields[name.slice(0, -1)]));
    }
  }
  return `[${list.join()}]`;
}

/** Payloads that were written before they were sent. */
const written = new WeakMap<Payload, string>();

/** The elements of a payload, with their commas; remembered, so that it is sent as it was when it was first written. */
export function writePayload(payload: Payload): string {
  let text = written.get(payload);
  if (text === undefined) {
    const { args, kwargs, opaque } = payload.decode();
    text = opaque === undefined
      ? [args, kwargs].slice(0, payload.count).map((value) => writeValue(value)).join()
      : writeValue(opaque);
    if (!payload.isBorrowed && payload.count > 0) written.set(payload, text);
  }
  return text;
}

/** As JSON.stringify, and for binary values and bigints. */
export function writeValue(value: unknown, depth = 0): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.toWellFormed?.() ?? value);
    case "number":
      // A number without fraction would come back as an integer.
      return Number.isInteger(value) && Math.abs(value) > 2 ** 53
        ? value.toExponential()
        : JSON.stringify(value === 0 ? 0 : value);
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return value === null ? "null" : writeObject(value, depth + 1);
    default:
      return "null";
  }
}

function writeObject(value: object, depth: number): string {
  if (depth > MAX_DEPTH) {
    throw new RangeError(
      `Cannot encode a value: found nesting deeper than ${MAX_DEPTH}, expected less`,
    );
  }
  if (Array.isArray(value)) return `[${value.map((item) => writeValue(item, depth)).join()}]`;
  if (value instanceof ArrayBuffer) value = new Uint8Array(value);
  if (value instanceof Uint8Array) return `"\\u0000${btoa(binaryOf(value))}"`;
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return writeValue(value.toJSON(), depth);
  }
  return `{${
    Object.entries(value)
      .filter(([, item]) => !["undefined", "function", "symbol"].includes(typeof item))
      .map(([key, item]) => `${writeValue(key)}:${writeValue(item, depth)}`)
      .join()
  }}`;
}

function binaryOf(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return binary;
}

/** Throws ProtocolError for what is no message. @param parse `JSON.parse`; for texts that are `SPECIAL` that of `json_special.ts`. */
export function readMessage(text: string, parse: (text: string) => unknown): Message {
  const list = parsed(text, parse);
  const fields = Array.isArray(list) ? FIELDS.get(list[0]) : undefined;
  if (!Array.isArray(list) || fields === undefined) return wrong("a message", list);
  const message: Record<string, unknown> = { type: list[0] };
  let at = 1;
  for (const field of fields.split(" ")) {
    if (field === "*") {
      const isOpaque = list[0] !== Type.ABORT &&
        ((message["details"] ?? message["options"]) as Dict)["enc_algo"] !== undefined;
      message["payload"] = readPayload(list.splice(at), isOpaque);
      break;
    }
    const name = field.replace("?", "");
    message[name] = at === list.length && name !== field
      ? EMPTY_DICT
      : readField(name, list[at++], fields.endsWith("details?") ? 0 : 1);
  }
  if (at < list.length) wrong("the end of a message", list[at]);
  return message as unknown as Message;
}

function parsed(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new ProtocolError(`Cannot read JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
}

/** @param least 0 where the router may speak of its own accord, which answers no request. */
function readField(name: string, value: unknown, least: number): unknown {
  if (DICTS.test(name)) {
    if (!isTable(value)) wrong(name, value);
    return Object.keys(value).length === 0 ? EMPTY_DICT : value;
  }
  const isRight = TEXTS.test(name)
    ? typeof value === "string"
    : name === "requestType"
    ? REQUESTS.includes(value)
    : Number.isInteger(value) && Number(value) >= least && Number(value) <= MAX_ID;
  return isRight ? value : wrong(name, value);
}

function readPayload(elements: readonly unknown[], isOpaque: boolean): Payload {
  const [args = [], kwargs = EMPTY_DICT, ...rest] = elements;
  if (rest.length > 0) wrong("the end of a message", rest);
  if (isOpaque && (typeof args === "string" || args instanceof Uint8Array)) {
    return Payload.opaque(
      args instanceof Uint8Array ? args : new TextEncoder().encode(String(args)),
    );
  }
  if (!Array.isArray(args) || !isTable(kwargs)) return wrong("arguments", elements);
  return Payload.of(args, kwargs);
}

function isTable(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

function wrong(expected: string, found: unknown): never {
  const what = isTable(found) ? "a dictionary" : Array.isArray(found) ? "a list" : String(found);
  throw new ProtocolError(
    `Cannot read a message: found ${what.slice(0, 60)}, expected ${expected}`,
  );
}
