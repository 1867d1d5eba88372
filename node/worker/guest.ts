/** From a guest's configuration to the child process that it is. Called by `children.ts`. */
import { resolve } from "node:path";
import type { Environment } from "../config/environment.ts";
import type { GuestConfig } from "../config/schema_guest.ts";
import type { ProcessEnvConfig } from "../config/schema_process.ts";
import type { ChildOptions } from "./child.ts";

/** @param directory the node directory. @param env the node's environment. */
export function guestOptions(
  id: string,
  config: GuestConfig,
  directory: string,
  env: Environment,
): ChildOptions {
  const { executable, arguments: args, options } = config;
  const { stdin } = options;
  return {
    id,
    command: executable.includes("/") ? resolve(directory, executable) : executable,
    args,
    cwd: resolve(directory, options.workdir),
    env: processEnvironment(options.env, env),
    input: stdin === "close"
      ? undefined
      : { text: `${JSON.stringify(stdin.value)}\n`, isClosed: stdin.close },
    stdout: options.stdout,
    stderr: options.stderr,
    restart: options.restart,
    firstDelayMs: options.initial_retry_delay,
    longestDelayMs: options.max_retry_delay,
  };
}

/** What a child process has in its environment. */
export function processEnvironment(
  { inherit, vars }: ProcessEnvConfig,
  env: Environment,
): Record<string, string> {
  const isInherited = (name: string) =>
    typeof inherit === "boolean" ? inherit : inherit.includes(name);
  const inherited = Object.entries(env).filter(([name]) => isInherited(name));
  return Object.fromEntries(
    [...inherited, ...Object.entries(vars)].flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const]
    ),
  );
}
