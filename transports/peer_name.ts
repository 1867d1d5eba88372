/** How session details and logs name the other end of a connection. */
import type { Address } from "./byte_stream.ts";

/** "tcp4:127.0.0.1:50122", "tcp6:[::1]:50122", "unix:/run/x.sock", "unix" for a client's nameless socket. */
export function peerName(address: Address): string {
  if ("path" in address) return address.path === "" ? "unix" : `unix:${address.path}`;
  return address.host.includes(":")
    ? `tcp6:[${address.host}]:${address.port}`
    : `tcp4:${address.host}:${address.port}`;
}
