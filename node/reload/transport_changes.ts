/** What of a transport cannot be changed while it listens. Part of `changes.ts`. */
import type { Problem } from "../config/problems.ts";
import { addressOf } from "../config/endpoint_address.ts";
import { clash } from "../config/endpoint_checks.ts";
import type { EndpointConfig } from "../config/schema_endpoint.ts";
import type { TransportConfig } from "../config/schema_transport.ts";
import type { Piece } from "./layout.ts";

type Transports = readonly Piece<TransportConfig>[];

export function transportProblems(before: Transports, after: Transports): Problem[] {
  return after.flatMap((transport) => {
    const { id, config: { endpoint }, path } = transport;
    const place = [...path, "endpoint"];
    const was = before.find((one) => one.id === id);
    if (was !== undefined && addressOf(was.config.endpoint) === addressOf(endpoint)) {
      return socketProblems(was.config.endpoint, endpoint, place);
    }
    const rival = before.find((one) => isTaken(endpoint, one.config.endpoint));
    if (rival === undefined) return [];
    if (rival.id === id) {
      const text =
        `found another interface with the port it listens on, expected another port; ${ALTERNATIVE}`;
      return [{ path: [...place, "interface"], text }];
    }
    const text = `found "${id}", but transport "${rival.id}" listens there now; keep its id, ` +
      "or reload once without it";
    return [{ path: [...path, "id"], text }];
  });
}

const ALTERNATIVE = "or restart the node for it";

const OTHERS = { tcp: "port", unix: "path", inherited: "socket" } as const;

/** What a socket is opened with. */
function socketProblems(
  was: EndpointConfig,
  now: EndpointConfig,
  path: Problem["path"],
): Problem[] {
  const problem = (key: string) => ({
    path: [...path, key],
    text: `found a change, but the endpoint listens; restart the node for it, or choose another ${
      OTHERS[now.type]
    }`,
  });
  const problems: Problem[] = [];
  if (was.type !== "inherited" && now.type !== "inherited" && was.backlog !== now.backlog) {
    problems.push(problem("backlog"));
  }
  if (was.type === "tcp" && now.type === "tcp") {
    if (was.shared !== now.shared) problems.push(problem("shared"));
    if (was.version !== now.version) problems.push(problem("version"));
  }
  if (was.type === "unix" || now.type === "unix") return problems;
  if ((was.tls === undefined) !== (now.tls === undefined)) problems.push(problem("tls"));
  const asked = (one: typeof was) => one.tls?.ca_certificates !== undefined;
  if (was.tls !== undefined && now.tls !== undefined && asked(was) !== asked(now)) {
    problems.push(problem("tls.ca_certificates"));
  }
  return problems;
}

/** Whether one cannot be listened on because of the other. */
function isTaken(wanted: EndpointConfig, taken: EndpointConfig): boolean {
  if (wanted.type !== "tcp" || taken.type !== "tcp") {
    return addressOf(wanted) === addressOf(taken);
  }
  const claimOf = ({ port, interface: address }: typeof wanted) => ({ port, address });
  return wanted.port !== 0 && clash(claimOf(wanted), claimOf(taken));
}
