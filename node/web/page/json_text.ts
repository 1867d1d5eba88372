/** JSON as people type it: read with errors that say what is wrong and where. */

/** Wrong input; the text is for people. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** A JSON list; nothing is the empty list. */
export function parseList(text: string): readonly unknown[] {
  if (text.trim() === "") return [];
  const value = parse(text);
  if (Array.isArray(value)) return value;
  throw new InputError(`Found ${kindOf(value)}, expected a list: [${text.trim()}]`);
}

/** A JSON object; nothing is the empty object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> {
  if (text.trim() === "") return {};
  const value = parse(text);
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new InputError(describeFault(text, faultIn(text)));
  }
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

const SPACE = /\s*/y;
const SCALAR =
  // deno-lint-ignore no-control-regex -- JSON forbids them inside strings
  /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const KEY = /"(?:[^"\\]|\\.)*"\s*:/y;

/** Where `text` stops being JSON: browsers do not tell, or each in other words. */
function faultIn(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const items = (item: () => boolean, end: RegExp): boolean => {
    if (take(end)) return true;
    do {
      if (!item()) return false;
    } while (take(/,/y));
    return take(end);
  };
  const value = (): boolean => {
    if (take(/\[/y)) return items(value, /\]/y);
    if (take(/\{/y)) return items(() => take(KEY) && value(), /\}/y);
    return take(SCALAR);
  };
  if (value()) take(SPACE);
  return at;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? "a text" : typeof value === "number" ? "a number" : `${value}`;
}
