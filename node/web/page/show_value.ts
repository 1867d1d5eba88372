/** Values of a realm as text: JSON, with what JSON does not know written so that it can be told apart. */

/** @param indent 2 for a block, 0 for one line. */
export function showValue(value: unknown, indent: 0 | 2 = 2): string {
  return JSON.stringify(value, (_key, one: unknown) => plain(one), indent) ?? "nothing";
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

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}`;
  if (!(value instanceof Uint8Array)) return value;
  const hex = Array.from(
    value.subarray(0, MAX_BYTES),
    (byte) => byte.toString(16).padStart(2, "0"),
  );
  return `<${value.length} bytes: ${hex.join(" ")}${value.length > MAX_BYTES ? " …" : ""}>`;
}
