/** Keys and certificates of endpoints as they are read: whether they can be used, and whether they are others than before. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import type { EndpointConfig } from "./config/schema_endpoint.ts";
import type { TlsOptions } from "../transports/endpoint.ts";
import { StartError } from "./start_error.ts";

/** Throws StartError. A key may be there before its certificate is, while both are replaced. @param transport its id. */
export function expectUsable(transport: string, { cert, key }: TlsOptions): void {
  let why: string;
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
    why = "the private key belongs to another certificate";
  } catch (cause) {
    why = cause instanceof Error ? cause.message : String(cause);
  }
  throw new StartError(`Cannot use the certificate of transport "${transport}": ${why}`);
}

export function isSameTls(one: TlsOptions, two: TlsOptions | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(two);
}

/** Absolute. @param directory the node directory. */
export function tlsFiles(endpoint: EndpointConfig, directory: string): string[] {
  const tls = "tls" in endpoint ? endpoint.tls : undefined;
  if (tls === undefined) return [];
  const { key, certificate, chain_certificates: chain = [], ca_certificates: ca = [] } = tls;
  return [key, certificate, ...chain, ...ca].map((file) => resolve(directory, file));
}
