/** The management realm's configuration, and what leads to it: as that of a worker. Used by `node.ts`. */
import { realm } from "../config/schema_realm.ts";
import { MANAGEMENT_REALM, type ManagementConfig, OPERATOR } from "../config/schema_management.ts";
import { transport, type TransportConfig } from "../config/schema_transport.ts";
import type { RealmConfig } from "../config/schema_realm.ts";

/** Generated code would never pay for being generated. */
const ONCE = { jitless: true };

export function managementRealm(config: ManagementConfig | undefined): {
  readonly realms: readonly RealmConfig[];
  readonly transports: readonly TransportConfig[];
} {
  const own = realm.parse({
    "name": MANAGEMENT_REALM,
    "id": "management",
    "roles": [{ "name": OPERATOR, "allow-by-default": true }],
  }, ONCE);
  const { socket, roles = [], transports = [] } = config ?? {};
  return {
    realms: [{ ...own, roles: [...own.roles, ...roles] }],
    transports: [...(socket === undefined ? [] : [socketTransport(socket)]), ...transports],
  };
}

/** Who can open it is the node's own user. */
function socketTransport(path: string): TransportConfig {
  const auth = { "anonymous": { "type": "static", "role": OPERATOR } };
  return transport.parse({
    "id": "management_socket",
    "type": "universal",
    "endpoint": { "type": "unix", "path": path },
    "rawsocket": { "auth": auth },
    "websocket": { "ws": { "auth": auth } },
  }, ONCE);
}
