/** Keys and certificates of endpoints as they are read: whether they can be used, and whether they are others than before. */
import { createPrivateKey, X509Certificate } from "node:crypto";
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
