/** Every ByteStream that this runtime can make, as pairs of connected probes; and the certificates of `tls/`. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteStream } from "../../transports/byte_stream.ts";
import type { ClientEndpoint, Endpoint, Listener, Runtime } from "../../transports/endpoint.ts";
import { nativeRuntime, nodeRuntime, runtimeName } from "../../transports/runtime/runtime.ts";
import { Probe } from "./probe.ts";

export function pem(name: string): string {
  return readFileSync(join(import.meta.dirname ?? "", "tls", name), "utf8");
}

export const serverTls = { cert: pem("server.crt"), key: pem("server.key"), ca: pem("ca.crt") };
export const clientTls = { ca: pem("ca.crt") };

export interface Kind {
  /** "deno tcp", "node tls", ... */
  readonly name: string;
  readonly transport: "tcp" | "unix" | "tls";
  readonly runtime: Runtime;
}

const node = await nodeRuntime();
const native = await nativeRuntime();

export const kinds: readonly Kind[] = [
  ...(native === node ? [] : [
    { name: `${runtimeName} tcp`, transport: "tcp", runtime: native } as const,
    { name: `${runtimeName} unix`, transport: "unix", runtime: native } as const,
  ]),
  { name: "node tcp", transport: "tcp", runtime: node },
  { name: "node unix", transport: "unix", runtime: node },
  { name: "node tls", transport: "tls", runtime: node },
];

/** A listener of `kind` and what its clients need. */
export interface Server {
  readonly kind: Kind;
  readonly listener: Listener;
  readonly to: ClientEndpoint;
  /** A connected pair. */
  pair(): Promise<{ server: Probe; client: Probe }>;
  /** The next accepted stream, observed. */
  accepted(): Promise<Probe>;
  connect(): Promise<Probe>;
  close(): Promise<void>;
}

/** @param onStream takes accepted streams instead of `accepted` and `pair`. */
export async function serve(
  kind: Kind,
  onStream?: (stream: ByteStream) => void,
): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "realmway-"));
  const path = join(folder, "socket");
  const endpoint: Endpoint = kind.transport === "unix" ? { kind: "unix", path } : {
    kind: "tcp",
    host: "127.0.0.1",
    port: 0,
    ...(kind.transport === "tls" ? { tls: serverTls } : {}),
  };
  const ready: Probe[] = [];
  const waiting: ((probe: Probe) => void)[] = [];
  const accept = (stream: ByteStream) => {
    const probe = new Probe(stream);
    const next = waiting.shift();
    if (next !== undefined) next(probe);
    else ready.push(probe);
  };
  const listener = await kind.runtime.listen(endpoint, onStream ?? accept);
  const { address } = listener;
  const to: ClientEndpoint = "path" in address ? { kind: "unix", path: address.path } : {
    kind: "tcp",
    host: address.host,
    port: address.port,
    ...(kind.transport === "tls" ? { tls: clientTls } : {}),
  };
  const never = new AbortController().signal;
  const connect = async () => new Probe(await kind.runtime.connect(to, never));
  const accepted = () => {
    const probe = ready.shift();
    if (probe !== undefined) return Promise.resolve(probe);
    return new Promise<Probe>((resolve) => waiting.push(resolve));
  };
  return {
    kind,
    listener,
    to,
    accepted,
    connect,
    pair: async () => {
      const server = accepted();
      const client = await connect();
      return { server: await server, client };
    },
    close: async () => {
      await listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs `body` on a connected pair, then takes everything down. */
export async function withPair(
  kind: Kind,
  body: (server: Probe, client: Probe) => Promise<void>,
): Promise<void> {
  const host = await serve(kind);
  const { server, client } = await host.pair();
  try {
    await body(server, client);
  } finally {
    server.stream.abort();
    client.stream.abort();
    await Promise.all([server.closed, client.closed]);
    await host.close();
  }
}

const PERIOD = 2 ** 24;
const table = new Uint8Array(PERIOD);
for (let i = 0; i < PERIOD; i++) table[i] = i ^ (i >> 8) ^ (i >> 16);

/** Bytes that tell their place: a wrong, lost or doubled one shows. They repeat after 16 MiB. */
export function pattern(length: number, start = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const from = (start + at) % PERIOD;
    const piece = table.subarray(from, from + length - at);
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Whether `bytes` are the pattern's from `start` on. */
export function isPattern(bytes: Uint8Array, start: number): boolean {
  return Buffer.compare(bytes, pattern(bytes.length, start)) === 0;
}

/** The turn of the event loop ends. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
