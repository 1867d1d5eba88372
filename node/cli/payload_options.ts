/**
 * Arguments on the command line. Each is JSON where it can be read as JSON, else a string: `2` is a number, `two` a string, `'"2"'` a
 * string, `'{"a": 1}'` an object. `--strings` takes all of them as strings.
 */
import type { Dict } from "../../wamp/message.ts";
import { argument } from "./option_values.ts";
import { UsageError } from "./usage_error.ts";

export const ARGUMENT_RULE =
  "an argument: JSON where it can be read as JSON (2, true, '[1, 2]', '\"2\"'), else a string";

export interface PayloadOptions {
  readonly strings?: true | undefined;
  readonly args?: string | undefined;
  readonly kwargs?: Dict | undefined;
  readonly kwarg?: Dict | undefined;
}

export function argumentsOf(texts: readonly string[], options: PayloadOptions): {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
} {
  const kwargs = { ...options.kwargs, ...options.kwarg };
  if (options.args === undefined) {
    return { args: options.strings ? texts : texts.map((text) => argument(text)), kwargs };
  }
  const args = argument(options.args);
  if (!Array.isArray(args) || texts.length > 0) {
    throw new UsageError(
      "Cannot use --args: expected one JSON list: --args '[1, 2]', and no further arguments",
    );
  }
  return { args, kwargs };
}
