/**
 * Values of a realm as text: JSON with whole numbers exact at any size, and with what JSON does not know written so that it can be
 * told apart.
 */

/** @param indent 2 for a block, 0 for one line. */
export function showValue(value: unknown, indent: 0 | 2 = 2): string {
  return value === undefined ? "nothing" : show(value, indent, "\n");
}

/** Arguments as one text: the lists and dictionaries that are not empty. */
export function showArguments(
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  indent: 0 | 2 = 0,
): string {
  const parts: string[] = [];
  const hasKwargs = Object.keys(kwargs).length > 0;
  if (args.length > 0 || !hasKwargs) parts.push(showValue(args, indent));
  if (hasKwargs) parts.push(showValue(kwargs, indent));
  return parts.join(indent === 0 ? " " : "\n");
}

const MAX_BYTES = 32;

/** @param line how a line of the block around `value` begins. */
function show(value: unknown, indent: number, line: string): string {
  if (typeof value === "bigint") return `${value}`;
  if (typeof value === "number") return showNumber(value);
  if (value instanceof Uint8Array) return `"${showBytes(value)}"`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const inner = `${line}${" ".repeat(indent)}`;
  const colon = indent === 0 ? ":" : ": ";
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((one) => show(one, indent, inner))
    : Object.entries(value).map(([key, one]) =>
      `${JSON.stringify(key)}${colon}${show(one, indent, inner)}`
    );
  const [open, close] = isList ? "[]" : "{}";
  if (items.length === 0 || indent === 0) return `${open}${items.join(",")}${close}`;
  return `${open}${inner}${items.join(`,${inner}`)}${line}${close}`;
}

/** What is beyond 2^53 and no bigint is a float, and looks like one. */
function showNumber(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return Math.abs(value) > 2 ** 53 && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function showBytes(bytes: Uint8Array): string {
  const hex = Array.from(
    bytes.subarray(0, MAX_BYTES),
    (byte) => byte.toString(16).padStart(2, "0"),
  );
  return `<${bytes.length} bytes: ${hex.join(" ")}${bytes.length > MAX_BYTES ? " …" : ""}>`;
}
