/**
 * Our TLS options as those of `node:tls`, and what `node:tls` tells of a peer.
 * Traps of Deno: bad certificates are not noticed; a paused TLS socket goes on reading, without limit; what is unread when the peer ends without close_notify is lost;
 * keying material cannot be exported.
 */
import { isIP } from "node:net";
import { Buffer } from "node:buffer";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type {
  ConnectionOptions,
  SecureContextOptions,
  TlsOptions as Options,
  TLSSocket,
} from "node:tls";
import type { PeerCertificate } from "../../router/ports.ts";
import type { TlsPeer } from "../byte_stream.ts";
import type { ClientTlsOptions, TlsOptions } from "../endpoint.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;
const CHANNEL_BINDING_LABEL = "EXPORTER-Channel-Binding";

export function serverOptions(options: TlsOptions): Options {
  const wantsCertificate = (options.clientCertificate ?? "none") !== "none";
  return {
    ...contextOptions(options),
    requestCert: wantsCertificate,
    rejectUnauthorized: options.clientCertificate === "require",
    handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
    allowHalfOpen: true,
  };
}

export function clientOptions(
  options: ClientTlsOptions,
  host: string | undefined,
): ConnectionOptions {
  const serverName = options.serverName ?? host;
  return {
    ...contextOptions(options),
    // An address is no server name, but is compared with the certificate all the same.
    ...(serverName === undefined || isIP(serverName) > 0 ? {} : { servername: serverName }),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  };
}

/** The part that may be changed while listening. Throws when certificate or key are no good. */
export function contextOptions(options: TlsOptions | ClientTlsOptions): SecureContextOptions {
  check(options);
  return {
    ...(options.cert === undefined ? {} : { cert: options.cert }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
    ...(options.ca === undefined
      ? {}
      : { ca: typeof options.ca === "string" ? options.ca : [...options.ca] }),
    ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
    minVersion: options.minVersion ?? "TLSv1.2",
  };
}

/** Deno takes any text for a certificate or key, and fails when somebody connects. */
function check(options: TlsOptions | ClientTlsOptions): void {
  const { cert, key, ca = [], passphrase } = options;
  for (const one of typeof ca === "string" ? [ca] : ca) certificateIn(one, "an authority");
  if (cert === undefined || key === undefined) return;
  const certificate = certificateIn(cert, "the certificate");
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(passphrase === undefined ? key : { key, passphrase });
  } catch (cause) {
    throw new Error("the private key is not readable, expected PEM and the right passphrase", {
      cause,
    });
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new Error("the private key belongs to another certificate");
  }
}

function certificateIn(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error(`${what} is not readable, expected PEM`, { cause });
  }
}

/** Whether a client that was asked for a certificate shows one that nobody vouches for. */
export function isImpostor(socket: TLSSocket): boolean {
  return !socket.authorized && certificateOf(socket) !== undefined;
}

export function tlsPeer(socket: TLSSocket): TlsPeer {
  const protocol = socket.getProtocol() ?? "";
  return {
    protocol,
    certificate: certificateOf(socket),
    channelBinding: protocol === "TLSv1.3" ? channelBinding(socket) : undefined,
  };
}

function certificateOf(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate();
  // Without a certificate it is an empty object, or null once the socket is gone.
  if (certificate?.fingerprint256 === undefined) return undefined;
  const subject: Record<string, string> = {};
  for (const [key, value] of Object.entries(certificate.subject ?? {})) {
    if (value !== undefined) subject[key] = Array.isArray(value) ? value.join(", ") : value;
  }
  const { fingerprint256: sha256, fingerprint: sha1 } = certificate;
  return { subject, sha256, sha1, isTrusted: socket.authorized };
}

/**
 * Makes `pause()` and `resume()` of a TLS socket true on Deno, by the TCP handle beneath: no public way leads there. Elsewhere there is
 * no such handle, and none is needed. A test on back-pressure holds this.
 */
export function setReading(socket: TLSSocket, isReading: boolean): void {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (!isObject(handle)) return;
  const beneath: unknown = Reflect.get(handle, "_nativeTcpHandle");
  if (!isObject(beneath)) return;
  const change: unknown = Reflect.get(beneath, isReading ? "readStart" : "readStop");
  if (typeof change === "function") change.call(beneath);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** RFC 9266. */
function channelBinding(socket: TLSSocket): Uint8Array | undefined {
  if (typeof socket.exportKeyingMaterial !== "function") return undefined;
  return socket.exportKeyingMaterial(32, CHANNEL_BINDING_LABEL, Buffer.alloc(0));
}
