/**
 * Where to listen and where to connect, and what can go wrong with either.
 * Plain values: `listen.ts` and `connect.ts` take them, `runtime/` acts on them, `node/config` makes them.
 */
import type { Address, ByteStream } from "./byte_stream.ts";

export type Endpoint = TcpEndpoint | UnixEndpoint | FdEndpoint;

export interface TcpEndpoint {
  readonly kind: "tcp";
  /** A name or a literal address; "::" takes IPv4 too. */
  readonly host: string;
  /** 0: any free one; `Listener.address` tells which. */
  readonly port: number;
  /** Which addresses of a name count. Default: both, IPv4 first. */
  readonly version?: 4 | 6;
  /** Connections that the kernel holds until they are accepted. Default 511. */
  readonly backlog?: number;
  /** Several processes may listen on the port, and the kernel spreads connections over them. */
  readonly reusePort?: boolean;
  readonly tls?: TlsOptions;
  /** Default true: small writes leave at once. */
  readonly noDelay?: boolean;
}

export interface UnixEndpoint {
  readonly kind: "unix";
  readonly path: string;
  /** Permissions of the socket file, such as 0o660. Default: what the umask leaves. */
  readonly mode?: number;
  readonly backlog?: number;
  readonly tls?: TlsOptions;
}

/** A listening socket that was inherited, such as by socket activation. */
export interface FdEndpoint {
  readonly kind: "fd";
  readonly fd: number;
  readonly tls?: TlsOptions;
}

/** Certificates and keys are texts in PEM. */
export interface TlsOptions {
  /** The certificate, followed by those of its chain. */
  readonly cert: string;
  readonly key: string;
  readonly passphrase?: string;
  /** Authorities of client certificates. */
  readonly ca?: string | readonly string[];
  /** "request": `ByteStream.tls.certificate` is set when the client has one that `ca` vouches for, others are refused;
   * "require": clients without are refused too. Default "none". */
  readonly clientCertificate?: "none" | "request" | "require";
  /** Default "TLSv1.2". */
  readonly minVersion?: TlsVersion;
  /** OpenSSL's notation. */
  readonly ciphers?: string;
  /** Default 10 s. */
  readonly handshakeTimeoutMs?: number;
}

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** Where a client connects. */
export type ClientEndpoint =
  | {
    readonly kind: "tcp";
    readonly host: string;
    readonly port: number;
    readonly version?: 4 | 6;
    readonly tls?: ClientTlsOptions;
    readonly noDelay?: boolean;
    /** Connects by way of it. */
    readonly proxy?: ProxyOptions;
  }
  | { readonly kind: "unix"; readonly path: string; readonly tls?: ClientTlsOptions };

/** An HTTP proxy that connects for others (CONNECT). */
export interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Sent by Basic authentication, unencrypted. */
  readonly username?: string;
  readonly password?: string;
}

/** TLS of a client. Certificates and keys are texts in PEM. */
export interface ClientTlsOptions {
  /** The name that the certificate must carry. Default: the endpoint's host. */
  readonly serverName?: string;
  /** Authorities instead of the system's. */
  readonly ca?: string | readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** False: any certificate will do. Default true. */
  readonly rejectUnauthorized?: boolean;
  readonly minVersion?: TlsVersion;
  readonly ciphers?: string;
}

export interface Listener {
  /** With the real port. */
  readonly address: Address;
  /** Stops accepting and removes a unix socket's file. Accepted streams live on. */
  close(): Promise<void>;
  /** Takes new certificates for connections to come. Throws a ListenError when they are no good or the listener has no TLS. */
  setSecureContext(tls: TlsOptions): void;
}

/** What each file of `runtime/` exports. Names are resolved and defaults filled in before; errors are the runtime's own. */
export interface Runtime {
  /** Rejects with the runtime's error. `onStream` must set the stream's four callbacks before it returns. */
  listen(endpoint: Endpoint, onStream: (stream: ByteStream) => void): Promise<Listener>;
  /** Rejects with the runtime's error; with `signal.reason` when that fires first. */
  connect(endpoint: ClientEndpoint, signal: AbortSignal): Promise<ByteStream>;
}

/** A listener cannot be opened; the text names the address, the cause and the remedy. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** A peer cannot be reached. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  /** What a reconnecting client may decide by. */
  readonly reason: "refused" | "not_found" | "timeout" | "tls" | "aborted" | "other";

  constructor(reason: ConnectError["reason"], text: string, options?: ErrorOptions) {
    super(text, options);
    this.reason = reason;
  }
}

/** "EADDRINUSE" and the like: errors of the three runtimes carry it, those of Deno's permissions only their name. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.name;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
