/** Where a transport listens, for who compares. */
import type { EndpointConfig } from "./schema_endpoint.ts";

/** "tcp:0.0.0.0:8080", "unix:router.sock". */
export function addressOf(endpoint: EndpointConfig): string {
  if (endpoint.type === "unix") return `unix:${endpoint.path}`;
  const { interface: host = endpoint.version === 6 ? "::" : "0.0.0.0" } = endpoint;
  const { portrange, port = portrange?.join("-") } = endpoint;
  return `tcp:${host}:${port}`;
}
