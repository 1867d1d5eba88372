/**
 * From the options of a client command to what `connect` needs. Secrets come from files that their owner alone may read, or from the
 * environment; never from the command line, which every user of the machine can list.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { readPrivateKey } from "../../auth/keygen.ts";
import type { Authentication, ConnectOptions } from "../../client/connect.ts";
import type { SerializerName } from "../../client/transport.ts";
import type { ClientTlsOptions } from "../../transports/endpoint.ts";
import { readPrivateFile } from "../private_file.ts";
import { StartError } from "../start_error.ts";
import type { ClientOptions } from "./client_options.ts";
import { UsageError } from "./usage_error.ts";

const SERIALIZERS: readonly SerializerName[] = ["json", "msgpack", "cbor"];

function serializersOf({ serializer }: ClientOptions): readonly SerializerName[] {
  return (serializer ?? ["json"]).map((wanted) => {
    const known = SERIALIZERS.find((one) => one === wanted);
    if (known !== undefined) return known;
    const found = JSON.stringify(wanted);
    throw new UsageError(`Cannot use --serializer: found ${found}, expected json, msgpack or cbor`);
  });
}

/** For `connect`. Rejects with a UsageError or a StartError. */
export async function connectOptionsOf(options: ClientOptions): Promise<ConnectOptions> {
  const { url, realm, connectTimeout: timeoutMs } = options;
  const [authentication, tls] = [await authenticationOf(options), await tlsOf(options)];
  return {
    url,
    realm,
    serializers: serializersOf(options),
    timeoutMs,
    ...(authentication && { authentication }),
    ...(tls && { native: { tls } }),
  };
}

/** What of the options says who somebody is, and by what they prove it. */
export type CredentialOptions = Pick<
  ClientOptions,
  | "authmethod"
  | "authid"
  | "authrole"
  | "authextra"
  | "secretFile"
  | "secretEnv"
  | "channelBinding"
>;

/** Undefined for sessions without proof. Rejects with a UsageError or a StartError. */
export async function authenticationOf(
  options: CredentialOptions,
): Promise<Authentication | undefined> {
  const { authmethod, authid, authrole, authextra, channelBinding } = options;
  const needsSecret = authmethod !== undefined && !["anonymous", "tls"].includes(authmethod);
  checkSecret(options, needsSecret);
  if (channelBinding !== undefined && authmethod !== "cryptosign" && authmethod !== "scram") {
    throw new UsageError(
      "Cannot use --channel-binding: found no cryptosign or scram in --authmethod, expected one",
    );
  }
  const common = {
    ...(authid !== undefined && { authid }),
    ...(authrole !== undefined && { authrole }),
    ...(authextra && { authextra }),
  };
  if (authmethod === undefined) {
    return Object.keys(common).length === 0 ? undefined : { anonymous: common };
  }
  if (!needsSecret) return { [authmethod]: common };
  const bytes = await secretOf(options);
  if (authmethod === "cryptosign") {
    if (channelBinding === "tls-server-end-point") {
      throw new UsageError("Cannot use --channel-binding: cryptosign has no tls-server-end-point");
    }
    const binding = channelBinding && { channelBinding };
    return { cryptosign: { ...common, privkey: await privateKey(bytes), ...binding } };
  }
  const secret = new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
  if (authmethod === "ticket") return { ticket: { ...common, ticket: secret } };
  if (authmethod === "jwt") return { jwt: { ...common, token: secret } };
  if (authid === undefined) {
    throw new UsageError(`Cannot use ${authmethod}: found no --authid, expected one`);
  }
  return authmethod === "wampcra"
    ? { wampcra: { ...common, authid, secret } }
    : { scram: { ...common, authid, password: secret, ...(channelBinding && { channelBinding }) } };
}

function checkSecret(
  { authmethod, secretFile, secretEnv }: CredentialOptions,
  isNeeded: boolean,
): void {
  const given = [secretFile, secretEnv].filter((one) => one !== undefined).length;
  if (given === (isNeeded ? 1 : 0)) return;
  const found = given === 0 ? "no secret" : given === 1 ? "a secret" : "two secrets";
  const expected = isNeeded ? "one of --secret-file and --secret-env" : "none";
  throw new UsageError(
    `Cannot use ${authmethod ?? "an anonymous session"}: found ${found}, expected ${expected}`,
  );
}

async function secretOf({ secretFile, secretEnv = "" }: CredentialOptions): Promise<Uint8Array> {
  if (secretFile !== undefined) return await opened(secretFile, readPrivateFile);
  const value = process.env[secretEnv];
  if (value === undefined || value === "") {
    throw new UsageError(
      `Cannot use --secret-env: found no ${secretEnv} in the environment, expected one`,
    );
  }
  return new TextEncoder().encode(value);
}

/** Hexadecimal itself, or a key file of realmway, Crossbar.io or OpenSSH. */
async function privateKey(bytes: Uint8Array): Promise<string> {
  const text = new TextDecoder().decode(bytes).trim();
  if (/^[0-9a-fA-F]{64}(?:[0-9a-fA-F]{64})?$/.test(text)) return text;
  try {
    return (await readPrivateKey(bytes)).privateKey;
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Undefined when nothing is asked beyond what the system knows. */
async function tlsOf(options: ClientOptions): Promise<ClientTlsOptions | undefined> {
  const { tlsCa, tlsCertificate, tlsKey } = options;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined)) {
    throw new UsageError(
      "Cannot use a client certificate: expected --tls-certificate and --tls-key",
    );
  }
  if (tlsCa === undefined && tlsKey === undefined) return undefined;
  const text = async (file: string) => new TextDecoder().decode(await opened(file, readFile));
  return {
    ...(tlsCa !== undefined && { ca: await text(tlsCa) }),
    ...(tlsCertificate !== undefined && { cert: await text(tlsCertificate) }),
    ...(tlsKey !== undefined && {
      key: new TextDecoder().decode(await opened(tlsKey, readPrivateFile)),
    }),
  };
}

async function opened(file: string, read: (file: string) => Promise<Uint8Array>) {
  try {
    return await read(file);
  } catch (cause) {
    if (cause instanceof StartError || !(cause instanceof Error)) throw cause;
    throw new StartError(`Cannot read ${file}: ${cause.message}`, { cause });
  }
}
