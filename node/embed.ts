/** What programs call to run a node of their own. */
import { type Config, opened } from "./config/config.ts";
import { type Node, type NodeSettings, runNode } from "./node.ts";

/**
 * Starts a node. Rejects with a `ConfigError` when files that the configuration names are missing, with a `ListenError` when an endpoint
 * cannot be opened; nothing is left running then.
 */
export function startNode(config: Config, settings: NodeSettings): Promise<Node> {
  return runNode(opened(config), settings);
}
