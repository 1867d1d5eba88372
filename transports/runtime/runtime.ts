/** Which runtime this is: the one place that asks. Files of `runtime/` are imported when first needed, never by a bundle for browsers. */
import type { Runtime } from "../endpoint.ts";

export const runtimeName: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** Whether this program is an executable of its own, by `bun build --compile` or `deno compile`. */
export const isStandalone: boolean = /\/(?:\$bunfs|~BUN)\//.test(import.meta.url) ||
  (runtimeName === "deno" && Reflect.get(Reflect.get(globalThis, "Deno"), "build").standalone);

/** Whether Deno's native listener knows `reusePort`: only with --unstable-net, and asking without it ends the process. */
export const canReusePort: boolean = runtimeName !== "deno" ||
  "listenDatagram" in Reflect.get(globalThis, "Deno");

/** The runtime's own sockets: no TLS, no descriptors. */
export function nativeRuntime(): Promise<Runtime> {
  if (runtimeName === "deno") return import("./deno.ts");
  if (runtimeName === "bun") return import("./bun.ts");
  return nodeRuntime();
}

/** `node:net` and `node:tls`, which all three have. */
export function nodeRuntime(): Promise<Runtime> {
  return import("./node.ts");
}

/** Sends one datagram to a unix socket. Rejects when the C library or the socket is not there. @param address a `sockaddr_un` */
export async function sendDatagram(
  address: Uint8Array<ArrayBuffer>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const runtime = runtimeName === "deno" ? await import("./deno.ts") : await import("./bun.ts");
  return await runtime.sendDatagram(address, bytes);
}

/** The system's monotonic clock, as service managers compare it. Rejects when the C library is not there. */
export async function monotonicMicros(): Promise<bigint> {
  const runtime = runtimeName === "deno" ? await import("./deno.ts") : await import("./bun.ts");
  return await runtime.monotonicMicros();
}
