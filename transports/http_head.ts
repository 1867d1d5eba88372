/**
 * The head of an HTTP/1.1 message, read strictly: for the WebSocket handshake, both sides. Everything else about HTTP is node:http's.
 * Only CRLF ends a line, names are tokens directly before the colon, lines are never folded, and nothing is repaired: what is not
 * plain is "malformed", and the caller decides what that means. [RFC 9110] [RFC 9112]
 */

import { Buffer } from "node:buffer";

/** A longer head is nobody's WebSocket handshake. */
export const MAX_HEAD_BYTES = 8192;

export interface HttpHead {
  /** All of it, without the empty line. */
  readonly text: string;
  readonly startLine: string;
  /** Lower-case names; the values of a repeated header joined with ", ". */
  readonly headers: ReadonlyMap<string, string>;
  /** Names that stand there more than once. */
  readonly repeated: ReadonlySet<string>;
  /** Index of the first byte behind the head. */
  readonly end: number;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Reads the head in `bytes[0..length)`. */
export function parseHead(
  bytes: Uint8Array,
  length: number,
): HttpHead | "incomplete" | "too long" | "malformed" {
  const end = headEnd(bytes, Math.min(length, MAX_HEAD_BYTES));
  if (end === 0) return length >= MAX_HEAD_BYTES ? "too long" : "incomplete";
  const text = latin1(bytes, 0, end - 4);
  const fields = readFields(text);
  return fields === undefined ? "malformed" : { text, ...fields, end };
}

/** The headers of a head that `parseHead` has accepted: lower-case names. */
export function headersOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(readFields(text)?.headers ?? []);
}

function readFields(
  text: string,
): Pick<HttpHead, "startLine" | "headers" | "repeated"> | undefined {
  const [startLine = "", ...lines] = text.split("\r\n");
  if (/[\r\n\0]/.test(startLine)) return undefined;
  const headers = new Map<string, string>();
  const repeated = new Set<string>();
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const earlier = headers.get(key);
    if (earlier !== undefined) repeated.add(key);
    headers.set(key, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  return { startLine, headers, repeated };
}

/** The elements of a comma-separated list, trimmed; empty ones are left out, as RFC 9110 asks of recipients. */
export function listOf(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value.split(",").map(trimmed).filter((element) => element !== "");
}

export interface Extension {
  readonly name: string;
  /** In order, as they came: a name may stand twice. The value is "" when there is none. */
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/** The offers of Sec-WebSocket-Extensions; undefined when they are malformed. [RFC 6455 9.1] */
export function parseExtensions(value: string | undefined): Extension[] | undefined {
  const extensions: Extension[] = [];
  // A quoted value must be a token once unquoted, so that no comma or semicolon can hide in it.
  for (const offer of listOf(value)) {
    const [name = "", ...parts] = offer.split(";").map(trimmed);
    if (!isToken(name)) return undefined;
    const parameters: [string, string | undefined][] = [];
    for (const part of parts) {
      const [, key, , quoted, plain] =
        /^([^=\s"]+)([ \t]*=[ \t]*(?:"([^"\\]*)"|([^"\s=]+)))?$/.exec(part) ??
          [];
      const parameter = quoted ?? plain;
      if (key === undefined || !isToken(key)) return undefined;
      if (parameter !== undefined && !isToken(parameter)) return undefined;
      parameters.push([key.toLowerCase(), parameter]);
    }
    extensions.push({ name: name.toLowerCase(), parameters });
  }
  return extensions;
}

function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

/** Index behind the first empty line, or 0. */
function headEnd(bytes: Uint8Array, length: number): number {
  for (let at = bytes.indexOf(0x0d); at >= 0 && at + 3 < length; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
  }
  return 0;
}

/** Byte by byte to characters: header values may hold bytes beyond ASCII, which mean nothing to us. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
