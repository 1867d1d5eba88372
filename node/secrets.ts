/** Secrets as the configuration has them: themselves, `"$VARIABLE"`, or `{"file": "…"}`. */
import { resolve } from "node:path";
import { isDict } from "../wamp/options.ts";
import { type Environment, variableIn } from "./config/environment.ts";
import { readPrivateFile } from "./private_file.ts";

export interface SecretSettings {
  readonly env: Environment;
  /** The node directory. */
  readonly directory: string;
}

/** Undefined when `value` is none, or its variable is not set. Rejects with StartError when others may read the file. */
export async function secretOf(
  value: unknown,
  { env, directory }: SecretSettings,
): Promise<string | undefined> {
  if (typeof value === "string") {
    const variable = variableIn(value);
    return variable === undefined ? value : env[variable];
  }
  const file = isDict(value) ? value["file"] : undefined;
  if (typeof file !== "string") return undefined;
  const bytes = await readPrivateFile(resolve(directory, file));
  return new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
}
