/**
 * A connection as bytes: what a runtime must offer. `runtime/deno.ts`, `bun.ts` and `node.ts` implement it, nothing else does.
 * `listen.ts` hands accepted streams to `sniff.ts`, `dial.ts` makes them for clients.
 */
import type { PeerCertificate } from "../router/ports.ts";

export type Address =
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

/** What the runtime knows of the peer of a TLS connection. */
export interface TlsPeer {
  readonly protocol: string;
  readonly certificate: PeerCertificate | undefined;
  /** `tls-exporter` channel binding (RFC 9266), where the runtime can export keying material. */
  readonly channelBinding: Uint8Array | undefined;
}

export type StreamEnd = "clean" | "reset" | "timeout";

export interface ByteStream {
  readonly remote: Address;
  /** Whom a proxy at `remote` speaks for. Set by who reads that (`proxy_protocol.ts`, `forwarded.ts`); not there otherwise. */
  behind?: Address;
  readonly local: Address;
  readonly tls: TlsPeer | undefined;
  /** True: one of the runtime's own sockets; false: one of node:net or node:tls, whose callbacks are turns of their own. */
  readonly isNative: boolean;
  /** Set all four before the first turn ends. Called with bytes that are valid only during the call: the buffer is reused. The
   * receiver may change them (unmask in place). */
  onData: (bytes: Uint8Array<ArrayBuffer>) => void;
  onDrain: () => void;
  /** The peer has finished sending; writing still works. */
  onEnd: () => void;
  /** Exactly once, last. */
  onClose: (how: StreamEnd) => void;
  /** True: all taken or copied, the buffer is yours again. False: it is kept until onDrain; do not touch it and write nothing more.
   * onDrain comes exactly once after each false, never inside write. A write to a closed stream is ignored and returns true. */
  write(bytes: Uint8Array<ArrayBuffer>): boolean;
  pause(): void;
  resume(): void;
  /** Closes after what was written has gone, and the peer has ended its side or a few seconds have passed. What it still sends is
   * dropped. Only onClose follows. */
  close(): void;
  /** Closes now (RST where the runtime can), dropping what was not sent. Only onClose follows, not inside this call. */
  abort(): void;
}

/** An address as people write it: on a dual-stack listener the runtimes report IPv4 peers as "::ffff:192.0.2.1". */
export function plainHost(host: string): string {
  return host.startsWith("::ffff:") && host.includes(".") ? host.slice(7) : host;
}
