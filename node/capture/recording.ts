/**
 * The file of `realmway record`: lines of JSON. The first says what it is; each further one is a thing that happened, in order, on one connection: it was made,
 * a message came, something that is none came, or it ended. Messages are as WAMP has them in JSON, whatever serializer was spoken. docs/recordings.md
 */
import { readValue } from "../../wamp/codec/json_special.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { readMessage, writeValue } from "../../wamp/codec/json_text.ts";
import { isDict } from "../../wamp/options.ts";
import { ProtocolError } from "../../wamp/protocol_error.ts";
import { VERSION } from "../../wamp/version.ts";

export type Side = "client" | "router";

/** A message as a list: `[48, 1, {}, "com.example.add", [2, 3]]`. */
export type WireList = readonly unknown[];

export interface Entry {
  /** Since the recording began. */
  readonly ms: number;
  /** Of the connection, counted from 1. */
  readonly session: number;
  readonly from: Side;
  /** One of these. */
  readonly connected?: { readonly kind: string; readonly serializer: string };
  readonly message?: WireList;
  readonly broken?: string;
  readonly closed?: string;
}

export interface Recording {
  readonly url: string;
  readonly started: string;
  readonly entries: readonly Entry[];
}

/** What a secret is replaced by. */
export const MASK = "******";

const FORMAT = 1;

/** @param now milliseconds since 1970. */
export function headText(url: string, now: number): string {
  const started = new Date(now).toISOString();
  return writeValue({ "recording": FORMAT, "by": `Realmway ${VERSION}`, url, started });
}

/** @param wire the message in JSON. */
export function messageText(head: Omit<Entry, "message">, wire: string): string {
  return `${writeValue(head).slice(0, -1)},"message":${wire}}`;
}

/** Throws an Error that names the line. */
export function readRecording(text: string): Recording {
  const [first = "", ...lines] = text.split("\n").filter((line) => line.trim() !== "");
  const head = lineValue(first, 1);
  if (head["recording"] !== FORMAT) {
    const found = writeValue(head["recording"] ?? null);
    throw new Error(`line 1: found "recording" ${found}, expected ${FORMAT}`);
  }
  const entries = lines.map((line, i) => entryOf(lineValue(line, i + 2), i + 2));
  return { url: String(head["url"]), started: String(head["started"]), entries };
}

function entryOf(value: Readonly<Record<string, unknown>>, line: number): Entry {
  const { ms, session, from, connected, message, broken, closed } = value;
  if (typeof ms !== "number" || typeof session !== "number") {
    throw new Error(`line ${line}: found no "ms" and "session", expected numbers`);
  }
  if (from !== "client" && from !== "router") {
    throw new Error(`line ${line}: found "from" ${writeValue(from)}, expected client or router`);
  }
  const head: Omit<Entry, "message"> = { ms, session, from };
  if (Array.isArray(message) && typeof message[0] === "number") {
    if (from === "client") expectMessage(message, line);
    return { ...head, message };
  }
  if (typeof broken === "string") return { ...head, broken };
  if (typeof closed === "string") return { ...head, closed };
  if (isDict(connected)) {
    const { kind, serializer } = connected;
    if (!codecs.some(({ name }) => name === String(serializer).split(".")[0])) {
      const expected = codecs.map(({ name }) => name).join(", ");
      throw new Error(
        `line ${line}: found serializer ${writeValue(serializer ?? null)}, expected ${expected}`,
      );
    }
    return { ...head, connected: { kind: String(kind), serializer: String(serializer) } };
  }
  throw new Error(`line ${line}: found none of "connected", "message", "broken" and "closed"`);
}

/** What a client said is to be sent again. */
function expectMessage(message: WireList, line: number): void {
  try {
    readMessage(writeValue(message), readValue);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new Error(`line ${line}: found no message of a client (${cause.message})`, { cause });
  }
}

function lineValue(line: string, number: number): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = readValue(line);
  } catch (cause) {
    throw new Error(`line ${number}: found no JSON, expected an object`, { cause });
  }
  if (isDict(value)) return value;
  throw new Error(`line ${number}: found ${writeValue(value)}, expected an object`);
}
