/** Values that a configuration takes from the environment: `"$NAME"` or `"${NAME}"`, whole. */
import type { Problem } from "./problems.ts";
import type { Found } from "./select.ts";

/** `process.env`, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that `text` names, if that is what it does. */
export function variableIn(text: string): string | undefined {
  return /^\$\{?([A-Za-z_]\w*)\}?$/.exec(text)?.[1];
}

/** Whether `disabled` of a worker says that it is left out. */
export function isDisabled(disabled: unknown, env: Environment): boolean {
  const variable = typeof disabled === "string" ? variableIn(disabled) : undefined;
  return variable === undefined ? disabled === true : Boolean(env[variable]);
}

/** A secret whose variable is not set. The variable is not named, as it may be a secret that looks like one. */
export function unsetProblems({ path, value }: Found, env: Environment): Problem[] {
  const variable = typeof value === "string" ? variableIn(value) : undefined;
  if (variable === undefined || env[variable]) return [];
  const text = "found the name of an environment variable that is not set, expected one that is";
  return [{ path, text }];
}
