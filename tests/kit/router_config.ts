/** The router of a checked configuration, which has one. */
import assert from "node:assert/strict";
import { type NodeConfig, type RouterConfig, routersOf } from "../../node/config/schema.ts";

export function routerOf(config: NodeConfig): RouterConfig {
  const [[, router] = assert.fail("found no router")] = routersOf(config);
  return router;
}
