/** Values of WAMP as the client commands print them: JSON on one line; binary values as WAMP has them in JSON, U+0000 and Base64. */
import { writeValue } from "../../wamp/codec/json_text.ts";
import type { Dict } from "../../wamp/message.ts";

export function valueText(value: unknown): string {
  return writeValue(value);
}

/** `1 "two" three=3`, as one would type them. One string alone stands for itself, so that scripts need not unquote it. */
export function valuesText(args: readonly unknown[], kwargs: Dict): string {
  const named = Object.entries(kwargs).map(([key, value]) => `${key}=${writeValue(value)}`);
  const [only] = args;
  if (args.length === 1 && named.length === 0 && typeof only === "string") return only;
  return [...args.map((value) => writeValue(value)), ...named].join(" ");
}
