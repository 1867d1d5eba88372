/**
 * What programs call to run a node of their own. The types of a configuration are inferred from its schema and change with it, so they
 * stay inside: `Config` shows none of them.
 */
import type { Environment } from "./config/checks.ts";
import { parseConfig as parse, readConfig as read } from "./config/parse.ts";
import type { NodeConfig } from "./config/schema.ts";
import { type Node, type NodeSettings, runNode } from "./node.ts";

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

/**
 * Starts a node. Rejects with a `ConfigError` when files that the configuration names are missing, with a `ListenError` when an endpoint
 * cannot be opened; nothing is left running then.
 */
export function startNode(config: Config, settings: NodeSettings): Promise<Node> {
  return runNode(open(config), settings);
}
