/** Values that a configuration takes from the environment: `"$NAME"` or `"${NAME}"`, whole. */

/** `process.env`, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that `text` names, if that is what it does. */
export function variableIn(text: string): string | undefined {
  return /^\$\{?([A-Za-z_]\w*)\}?$/.exec(text)?.[1];
}
