/** What the parts of one transport say about each other. Works on the raw value, as `checks.ts` does. */
import { type Found, select } from "./select.ts";
import type { Problem } from "./problems.ts";
import { formatPath, type Path } from "./source.ts";

/** Everything that is wrong within the transports of `config`. */
export function checkTransports(config: unknown): Problem[] {
  return select(config, ["workers", "*", "transports", "*"]).flatMap((transport) => [
    ...silenceProblems(transport),
    ...sizeProblems(transport),
    ...proxyProblems(transport),
    ...select(transport.value, ["rawsocket"], transport.path).flatMap(sizeProblems),
  ]);
}

/** A universal transport without any service would drop every connection. */
function silenceProblems({ path, value }: Found): Problem[] {
  if (select(value, ["type"])[0]?.value !== "universal") return [];
  const webSockets = select(value, ["websocket"])[0]?.value;
  const hasWebSocket = typeof webSockets === "object" && webSockets !== null
    ? Object.keys(webSockets).length > 0
    : webSockets !== undefined;
  const others = [...select(value, ["rawsocket"]), ...select(value, ["web"])];
  if (hasWebSocket || others.some((service) => service.value !== undefined)) return [];
  const text = 'found nothing that it speaks, expected "websocket", "rawsocket" or "web"; ' +
    "add one or remove the transport";
  return [{ path, text }];
}

/** The header of a proxy stands before TLS begins, where no runtime lets us read. */
function proxyProblems({ path, value }: Found): Problem[] {
  const proxied = select(value, ["endpoint", "proxy_protocol"], path)[0];
  const tls = select(value, ["endpoint", "tls"], path)[0];
  if (proxied?.value !== true || tls === undefined) return [];
  const text = "found it together with TLS, expected one of the two; let the balancer end TLS";
  return [{ path: proxied.path, text }];
}

/** `max_message_size` of RawSocket stands in one of two places; two values could not both hold. */
function sizeProblems(rawsocket: Found): Problem[] {
  const at = (...path: Path) => select(rawsocket.value, path, rawsocket.path)[0];
  const outer = at("max_message_size");
  const inner = at("options", "max_message_size");
  if (typeof outer?.value !== "number" || typeof inner?.value !== "number") return [];
  if (outer.value === inner.value) return [];
  const text = `found ${outer.value}, but ${inner.value} in ${formatPath(inner.path)}, ` +
    "expected one of the two; remove the other";
  return [{ path: outer.path, text }];
}
