/** Opens what was passed through a router: decrypts and unpacks. Called by `sealing.ts`. [WAMP payload_passthru_mode] */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import type { Payload } from "../wamp/payload.ts";
import { DECRYPT_ERROR, NO_PAYLOAD_CODEC, TRUSTED_URI_MISMATCH } from "../wamp/encryption_uris.ts";
import { cipherOf } from "./ciphers.ts";
import { textIn } from "./details.ts";
import type { HeldKey } from "./keyring.ts";
import { isSerializer, type Packed, readTable, unpack } from "./packing.ts";

/** Why a payload cannot be opened, as far as others may know. */
export class SealError extends Error {
  override readonly name = "SealError";
  readonly uri: string;

  constructor(uri: string, text: string, options?: ErrorOptions) {
    super(text, options);
    this.uri = uri;
  }

  static plain(uri: string): SealError {
    const text =
      `Cannot accept arguments under "${uri}": found plain ones, expected encrypted ones`;
    return new SealError(DECRYPT_ERROR, text);
  }

  static of(error: unknown): SealError {
    if (error instanceof SealError) return error;
    const text = "Cannot open a payload: found bytes that the key or the serializer does not fit";
    return new SealError(DECRYPT_ERROR, text, { cause: error });
  }
}

export interface OpenedPayload {
  readonly values: { readonly args: readonly unknown[]; readonly kwargs: Dict };
  /** What it was encrypted by. */
  readonly key: HeldKey | undefined;
  readonly form: PlainForm;
}

/** How a payload that is not encrypted looks. wampy writes packed JSON as text, and native payloads of every scheme as a table; it reads
 * nothing else, so answers look as the invocation did. */
export type PlainForm = "bytes" | "text" | "table" | "arguments";

/** @param keys of the URI, from the key ring.
 * @param uri that an encrypted payload must have been made for. Rejects when it cannot be opened. */
export async function openPayload(
  details: Dict,
  payload: Payload,
  keys: readonly HeldKey[],
  isOriginating: boolean,
  uri: string,
): Promise<OpenedPayload> {
  const values = payload.decode();
  const algorithm = textIn(details, "enc_algo");
  const cipher = algorithm ?? textIn(details, "ppt_cipher");
  const serializer = textIn(details, algorithm === undefined ? "ppt_serializer" : "enc_serializer");
  if (cipher === undefined) {
    if (keys.length > 0 && keys[0]?.acceptsPlain !== true) throw SealError.plain(uri);
    return { ...unpacked(serializer, values), key: undefined };
  }
  const keyId = textIn(details, "ppt_keyid");
  const fitting = keys.filter((key) =>
    key.cipher === cipher && (keyId === undefined || key.keyId === undefined || key.keyId === keyId)
  );
  if (fitting.length === 0) {
    throw new SealError(NO_PAYLOAD_CODEC, `Cannot open a payload: found no key for ${cipher}`);
  }
  const sealed = values.opaque ?? values.args[0];
  if (!(sealed instanceof Uint8Array)) {
    throw new SealError(DECRYPT_ERROR, "Cannot open a payload: found no bytes, expected some");
  }
  const { key, plain } = await decrypted(fitting, isOriginating, sealed);
  const name = serializer ?? key.serializer;
  if (!isSerializer(name)) {
    throw new SealError(NO_PAYLOAD_CODEC, `Cannot open a payload: found serializer "${name}"`);
  }
  const packed = unpack(name, plain);
  // Peers of the specification's table have no URI in it.
  const isBound = packed.uri !== undefined || key.cipher === "cryptobox";
  if (isBound && packed.uri !== uri) {
    const text = `Cannot accept a payload: found one for "${packed.uri}", expected "${uri}"`;
    throw new SealError(TRUSTED_URI_MISMATCH, text);
  }
  return { values: packed, key, form: "bytes" };
}

/** By the first key that fits. */
async function decrypted(
  keys: readonly HeldKey[],
  isOriginating: boolean,
  sealed: Uint8Array,
): Promise<{ key: HeldKey; plain: Uint8Array }> {
  let cause: unknown;
  for (const key of keys) {
    try {
      const cipher = await cipherOf(key, isOriginating);
      return { key, plain: await cipher.open(sealed) };
    } catch (error) {
      cause = error;
    }
  }
  throw SealError.of(cause);
}

interface Values {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly opaque?: Uint8Array;
}

/** What is not encrypted. What this session has no serializer for is handed on as it is. */
function unpacked(
  serializer: string | undefined,
  values: Values,
): { values: Values | Packed; form: PlainForm } {
  const [first] = values.args;
  if (isSerializer(serializer) && first instanceof Uint8Array) {
    return { values: unpack(serializer, first), form: "bytes" };
  }
  if (serializer === "json" && typeof first === "string") {
    return { values: unpack(serializer, new TextEncoder().encode(first)), form: "text" };
  }
  const isNative = serializer === undefined || serializer === "native";
  if (isNative && values.args.length === 1 && isTable(first)) {
    return { values: readTable(first), form: "table" };
  }
  const args = values.opaque === undefined ? values.args : [values.opaque];
  return { values: { args, kwargs: values.kwargs }, form: "arguments" };
}

function isTable(value: unknown): boolean {
  return isDict(value) && ("args" in value || "kwargs" in value) &&
    Object.keys(value).every((key) => key === "args" || key === "kwargs");
}
