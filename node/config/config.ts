/**
 * A checked configuration as programs hold it. The types of a configuration are inferred from its schema and change with it, so they stay inside:
 * `Config` shows none of them.
 */
import type { Environment } from "./environment.ts";
import { parseConfig as parse, readConfig as read } from "./parse.ts";
import type { NodeConfig } from "./schema.ts";

let open: (config: Config) => NodeConfig;
let close: (config: NodeConfig) => Config;

/** A checked configuration. `parseConfig` and `readConfig` make it, `startNode` takes it. */
export class Config {
  readonly #config: NodeConfig;

  static {
    open = (config) => config.#config;
    close = (config) => new Config(config);
  }

  private constructor(config: NodeConfig) {
    this.#config = config;
  }
}

/** For the node: what is in it. */
export function opened(config: Config): NodeConfig {
  return open(config);
}

/** For the command line. */
export function closed(config: NodeConfig): Config {
  return close(config);
}

/**
 * Checks a configuration that was made in the program. Throws `ConfigError` with everything that is wrong with it.
 * @param env where `"$VARIABLE"` is looked up, usually `process.env`.
 */
export function parseConfig(value: unknown, env?: Environment): Config {
  return close(parse(value, env));
}

/** Reads and checks a configuration file, JSON or YAML. Rejects with `ConfigError`, also when it cannot be read. */
export async function readConfig(file: string, env?: Environment): Promise<Config> {
  return close(await read(file, env));
}
