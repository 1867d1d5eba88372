/** A connection by way of an HTTP proxy: CONNECT, and from the proxy's 200 on the bytes of the other end. Used by `node.ts`. [RFC 9110, 9.3.6] */
import * as net from "node:net";
import { ConnectError, type ProxyOptions } from "../endpoint.ts";

/** A longer answer is none. */
const MAX_HEAD_BYTES = 16_384;

/** Resolves with a paused socket. Rejects with a ConnectError, the socket's error, or the signal's reason. */
export function tunnel(
  { host, port }: { readonly host: string; readonly port: number },
  proxy: ProxyOptions,
  signal: AbortSignal,
): Promise<net.Socket> {
  const name = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (/[\s/]/.test(name)) return Promise.reject(new ConnectError("other", "no name of a host"));
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: proxy.host, port: proxy.port, allowHalfOpen: true }, () => {
      socket.write(`CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n${authorization(proxy)}\r\n`);
    });
    const settle = () => {
      signal.removeEventListener("abort", aborted);
      socket.off("data", read).off("end", ended).off("error", fail);
    };
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const aborted = () => fail(signal.reason);
    const ended = () => fail(new ConnectError("refused", "the proxy closed the connection"));
    let head = "";
    const read = (bytes: Uint8Array) => {
      head += String.fromCharCode(...bytes.subarray(0, MAX_HEAD_BYTES));
      const end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length < MAX_HEAD_BYTES) return;
      const problem = problemOf(head, end);
      if (problem !== undefined) return fail(new ConnectError("refused", problem));
      settle();
      socket.pause();
      resolve(socket);
    };
    socket.on("error", () => {}).on("error", fail).on("end", ended).on("data", read);
    signal.addEventListener("abort", aborted, { once: true });
  });
}

/** @param end of the head; negative when it has none. */
function problemOf(head: string, end: number): string | undefined {
  const [line = ""] = head.split("\r\n", 1);
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line) ?? [];
  if (end < 0 || status === undefined) return "the proxy does not speak HTTP";
  if (status === "407") return "the proxy wants other credentials (407)";
  if (!status.startsWith("2")) return `the proxy refuses (${line.slice(9, 80)})`;
  // Who is called speaks first in none of WAMP's transports.
  return head.length > end + 4 ? "the proxy sent more than its answer" : undefined;
}

function authorization({ username, password }: ProxyOptions): string {
  if (username === undefined) return "";
  const bytes = new TextEncoder().encode(`${username}:${password ?? ""}`);
  return `Proxy-Authorization: Basic ${btoa(String.fromCharCode(...bytes))}\r\n`;
}
