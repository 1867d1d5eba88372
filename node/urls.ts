/** The addresses of a listener, as people type them. */
import { type Address, plainHost } from "../transports/byte_stream.ts";
import type { TransportConfig } from "./config/schema.ts";
import type { TransportServices } from "./services.ts";

/** What is bound: "tcp:127.0.0.1:8080", "tcp:0.0.0.0:8080", "unix:/run/router.sock". */
export function addressOf(address: Address): string {
  return "path" in address ? `unix:${address.path}` : `tcp:${hostAndPort(address)}`;
}

/** WebSocket first, then HTTP, then RawSocket. What the configuration says of WebSocket ("url") stands. */
export function urlsOf(
  config: TransportConfig,
  services: TransportServices,
  address: Address,
  isSecure: boolean,
): string[] {
  if ("path" in address) {
    return [addressOf(address), ...services.webSocketPlaces.filter((place) => !isPath(place))];
  }
  const place = reachable(address);
  const secure = isSecure ? "s" : "";
  const hasPages = config.type === "web" ||
    (config.type === "universal" && config.web !== undefined);
  return [
    ...services.webSocketPlaces.map((one) => isPath(one) ? `ws${secure}://${place}${one}` : one),
    ...(hasPages ? [`http${secure}://${place}/`] : []),
    ...(services.rawSocket === undefined ? [] : [`rs${secure}://${place}`]),
  ];
}

function isPath(place: string): boolean {
  return place.startsWith("/");
}

/** Whether other machines reach a listener on each of this machine's addresses. */
export function isOnAllInterfaces(address: Address): boolean {
  return "host" in address && isEverywhere(plainHost(address.host));
}

function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  const plain = plainHost(host);
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** "All interfaces" is no address to connect to: this machine's name for itself is. */
function reachable(address: { readonly host: string; readonly port: number }): string {
  const isNowhere = isEverywhere(plainHost(address.host));
  return isNowhere ? `localhost:${address.port}` : hostAndPort(address);
}
