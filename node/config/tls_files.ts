/**
 * Whether the key, the certificates and the ciphers of an endpoint can be used. The runtimes find out late, when listening or, on Deno, when
 * somebody connects. Files that cannot be read are left to `files.ts`.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { runtimeCiphers } from "../ciphers.ts";
import { type Found, select } from "./select.ts";
import { describe, type Problem } from "./problems.ts";
import type { Path } from "./source.ts";

/** @param tls the `tls` section of an endpoint, not yet checked. */
export async function tlsProblems(tls: Found, directory: string): Promise<Problem[]> {
  const read = async (...key: Path): Promise<Pem[]> => {
    const files = select(tls.value, key, tls.path).map(({ path, value }) =>
      pemOf(path, value, directory)
    );
    return (await Promise.all(files)).filter((pem) => pem !== undefined);
  };
  const [keys, certificates, chain, authorities] = await Promise.all([
    read("key"),
    read("certificate"),
    read("chain_certificates", "*"),
    read("ca_certificates", "*"),
  ]);
  return [
    ...keys.flatMap((pem) => keyProblems(pem, certificates[0])),
    ...[...certificates, ...chain, ...authorities].flatMap(certificateProblems),
    ...select(tls.value, ["ciphers"], tls.path).flatMap(cipherProblems),
  ];
}

interface Pem {
  readonly path: Path;
  readonly file: string;
  readonly text: string;
}

async function pemOf(path: Path, name: unknown, directory: string): Promise<Pem | undefined> {
  if (typeof name !== "string") return undefined;
  const file = resolve(directory, name);
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : { path, file, text };
}

function keyProblems({ path, file, text }: Pem, certificate: Pem | undefined): Problem[] {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    const found = text.includes("ENCRYPTED")
      ? "a private key with a passphrase"
      : "no private key that can be read";
    return [{ path, text: `found ${found} in ${file}, expected one in PEM without passphrase` }];
  }
  const own = certificate && certificatesIn(certificate.text)[0];
  if (certificate === undefined || own === undefined || own.checkPrivateKey(key)) return [];
  const reason = `found a private key of another certificate in ${file}`;
  return [{ path, text: `${reason}, expected that of ${certificate.file}` }];
}

function certificateProblems({ path, file, text }: Pem): Problem[] {
  if (certificatesIn(text).length > 0) return [];
  const found = `found no certificate that can be read in ${file}`;
  return [{ path, text: `${found}, expected one in PEM` }];
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All of a file; none when one of them is damaged. */
function certificatesIn(text: string): X509Certificate[] {
  try {
    return (text.match(CERTIFICATE) ?? []).map((one) => new X509Certificate(one));
  } catch {
    return [];
  }
}

function cipherProblems({ path, value }: Found): Problem[] {
  if (typeof value !== "string" || value === "" || runtimeCiphers(value)) return [];
  const expected = "ciphers that this runtime has, as ECDHE-RSA-AES128-GCM-SHA256, joined by :";
  return [{ path, text: `found ${describe(value)}, expected ${expected}` }];
}
