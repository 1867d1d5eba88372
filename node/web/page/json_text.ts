/**
 * JSON as people type it: read with errors that say what is wrong and where, and with whole numbers exact at any size, which
 * `JSON.parse` would round beyond 2^53.
 */

/** Wrong input; the text is for people. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** A JSON list; nothing is the empty list. */
export function parseList(text: string): readonly unknown[] {
  if (text.trim() === "") return [];
  const value = new Reader(text).read();
  if (Array.isArray(value)) return value;
  throw new InputError(`Found ${kindOf(value)}, expected a list: [${text.trim()}]`);
}

/** A JSON object; nothing is the empty object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === "") return {};
  const value = new Reader(text).read();
  if (isObject(value)) return value;
  throw new InputError(`Found ${kindOf(value)}, expected an object: {"name": ${text.trim()}}`);
}

/** A URI or pattern that is not empty. */
export function parseUri(text: string): string {
  const uri = text.trim();
  if (uri === "") throw new InputError("Found nothing, expected a URI such as com.example.name");
  if (/[\s#]/.test(uri)) throw new InputError("Found a space or #, which a URI cannot have");
  return uri;
}

const SPACE = /[ \t\n\r]*/y;
// deno-lint-ignore no-control-regex -- JSON forbids them inside strings
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Reads one text once. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): unknown {
    const value = this.#value();
    this.#take(SPACE);
    if (this.#at < this.#text.length) this.#fail();
    return value;
  }

  #value(): unknown {
    if (this.#isNext("[")) return this.#items("]", () => this.#value());
    if (this.#isNext("{")) return Object.fromEntries(this.#items("}", () => this.#entry()));
    const number = this.#take(NUMBER);
    if (number !== undefined) return numberOf(number);
    return JSON.parse(this.#take(STRING) ?? this.#take(WORD) ?? this.#fail());
  }

  #entry(): [string, unknown] {
    this.#take(SPACE);
    const key: string = JSON.parse(this.#take(STRING) ?? this.#fail());
    if (!this.#isNext(":")) this.#fail();
    return [key, this.#value()];
  }

  #items<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    if (this.#isNext(end)) return items;
    do items.push(item()); while (this.#isNext(","));
    if (!this.#isNext(end)) this.#fail();
    return items;
  }

  /** Steps over spaces, and over `mark` if it comes next. */
  #isNext(mark: string): boolean {
    this.#take(SPACE);
    if (this.#text.charAt(this.#at) !== mark) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(): never {
    throw new InputError(describeFault(this.#text, this.#at));
  }
}

function numberOf(token: string): number | bigint {
  const value = Number(token);
  return /[.eE]/.test(token) || Number.isSafeInteger(value) ? value : BigInt(token);
}

function describeFault(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  const place = text.includes("\n") ? `line ${line}, column ${column}` : `column ${column}`;
  const found = text.charAt(at);
  if (found === "") return "This is not JSON yet: something is missing at the end";
  if (found === "'") return `This is not JSON: texts need double quotes (${place})`;
  if (found === '"') return `This is not JSON: a text does not end, or has a bare \\ (${place})`;
  return `This is not JSON: unexpected ${found} (${place})`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return "a text";
  return typeof value === "boolean" ? `${value}` : "a number";
}
