/** Where a transport listens, for who compares. */
import type { EndpointConfig } from "./schema_endpoint.ts";

/** "tcp:0.0.0.0:8080", "unix:router.sock", "inherited:web:0". */
export function addressOf(endpoint: EndpointConfig): string {
  if (endpoint.type === "unix") return `unix:${endpoint.path}`;
  if (endpoint.type === "inherited") return `inherited:${endpoint.name ?? ""}:${endpoint.index}`;
  const { interface: host = endpoint.version === 6 ? "::" : "0.0.0.0" } = endpoint;
  const { portrange, port = portrange?.join("-") } = endpoint;
  return `tcp:${host}:${port}`;
}
