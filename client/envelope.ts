/**
 * How one payload goes out: what the attributes of its message say, how its arguments are packed, and by which key they are encrypted.
 * Made by `sealing.ts` for each message that has one. [WAMP payload_passthru_mode]
 */
import type { Dict } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { textOf } from "../wamp/utf8.ts";
import { cipherOf } from "./ciphers.ts";
import { textIn } from "./details.ts";
import type { HeldKey, KeyRing } from "./keyring.ts";
import type { OpenedPayload, PlainForm } from "./opened_payload.ts";
import { isSerializer, pack } from "./packing.ts";
import type { RequestUris } from "./request_uris.ts";

type Packed = Uint8Array | Payload;

export class Envelope {
  /** `ppt_*` or `enc_*`. */
  readonly attributes: Dict;
  readonly key: HeldKey | undefined;
  readonly #uri: string;
  readonly #isOriginating: boolean;
  readonly #form: PlainForm;

  private constructor(
    attributes: Dict,
    key: HeldKey | undefined,
    uri: string,
    isOriginating: boolean,
    form: PlainForm,
  ) {
    this.attributes = attributes;
    this.key = key;
    this.#uri = uri;
    this.#isOriginating = isOriginating;
    this.#form = form;
  }

  /** For what is encrypted by `key`. */
  static sealed(key: HeldKey, uri: string, isOriginating: boolean): Envelope {
    return new Envelope(attributesOf(key), key, uri, isOriginating, "bytes");
  }

  /** For what is packed, or marked at least, but not encrypted. */
  static plain(scheme: string, serializer: string, uri: string, form?: PlainForm): Envelope {
    const attributes = { "ppt_scheme": scheme, "ppt_serializer": serializer };
    // Native is what the other technology made, as it is; only the specification's own scheme has a table to put it into.
    const usual = isSerializer(serializer) ? "bytes" : scheme === "wamp" ? "table" : "arguments";
    return new Envelope(attributes, undefined, uri, true, form ?? usual);
  }

  /** For the answer to an invocation: as it was sealed itself. Undefined when this session cannot write what it could not read. */
  static answering(
    details: Dict,
    { key, form }: OpenedPayload,
    uri: string,
  ): Envelope | undefined {
    if (key !== undefined) return Envelope.sealed(key, uri, false);
    const scheme = textIn(details, "ppt_scheme");
    const serializer = textIn(details, "ppt_serializer") ?? "native";
    if (scheme === undefined || textIn(details, "ppt_cipher") !== undefined) return undefined;
    if (serializer !== "native" && !isSerializer(serializer)) return undefined;
    return Envelope.plain(scheme, serializer, uri, form);
  }

  /** The arguments in one value. Throws for what cannot be written. */
  pack(args: readonly unknown[], kwargs: Dict): Packed {
    const { key } = this;
    if (key !== undefined) return pack(key.serializer, { "uri": this.#uri, args, kwargs });
    const serializer = this.attributes["ppt_serializer"];
    switch (this.#form) {
      case "bytes":
      case "text": {
        const bytes = pack(isSerializer(serializer) ? serializer : "json", { args, kwargs });
        return this.#form === "bytes" ? bytes : Payload.of([textOf(bytes, 0, bytes.length)]);
      }
      case "table":
        return Payload.of([{ args, kwargs }]);
      case "arguments":
        return Payload.of(args, kwargs);
    }
  }

  /** Rejects when the key cannot be used. */
  async seal(packed: Packed): Promise<Payload> {
    if (packed instanceof Payload) return packed;
    if (this.key === undefined) return Payload.of([packed]);
    const cipher = await cipherOf(this.key, this.#isOriginating);
    const sealed = await cipher.seal(packed);
    return this.key.cipher === "cryptobox" ? Payload.opaque(sealed) : Payload.of([sealed]);
  }
}

function attributesOf(key: HeldKey): Dict {
  if (key.cipher === "cryptobox") return { "enc_algo": "cryptobox", "enc_serializer": "json" };
  return {
    "ppt_scheme": "wamp",
    "ppt_serializer": key.serializer,
    "ppt_cipher": key.cipher,
    ...(key.keyId !== undefined && { "ppt_keyid": key.keyId }),
  };
}

/** For a CALL or PUBLISH: by what the program asked for, else by the key ring; undefined: as it is. */
export function envelopeFor(
  keyring: KeyRing,
  uri: string,
  options: Dict,
  role: "broker" | "dealer",
  router: RequestUris,
): Envelope | undefined {
  const keys = keyring.keysFor(uri);
  const scheme = textIn(options, "ppt_scheme");
  const [newest] = keys;
  if (scheme === undefined && newest === undefined) return undefined;
  if (newest?.cipher !== "cryptobox" || scheme !== undefined) {
    if (!router.offers(role, "payload_passthru_mode")) {
      throw new Error(
        `Cannot pass a payload under "${uri}" through: found a router without payload_passthru_mode`,
      );
    }
  }
  if (scheme === undefined) return newest && Envelope.sealed(newest, uri, true);
  if (!/^(?:wamp|mqtt|x_.+)$/.test(scheme)) {
    throw new Error(
      `Cannot pass a payload under "${uri}" through: found scheme "${scheme}", expected "wamp", "mqtt" or a name that begins with "x_"`,
    );
  }
  const cipher = textIn(options, "ppt_cipher");
  const keyId = textIn(options, "ppt_keyid");
  if (cipher === undefined) {
    if (newest !== undefined && !newest.acceptsPlain) {
      throw new Error(
        `Cannot pass a payload under "${uri}" through: found no cipher, expected one, as the key ring has a key`,
      );
    }
    const serializer = textIn(options, "ppt_serializer") ?? (scheme === "wamp" ? "cbor" : "native");
    return Envelope.plain(scheme, serializer, uri);
  }
  const key = keys.find((one) =>
    one.cipher === cipher && (keyId === undefined || one.keyId === keyId)
  );
  if (key === undefined || scheme !== "wamp") {
    throw new Error(
      `Cannot encrypt a payload under "${uri}": found no key for ${scheme} ${cipher}${
        keyId === undefined ? "" : ` with the ID "${keyId}"`
      }, expected one in the key ring`,
    );
  }
  return Envelope.sealed(key, uri, true);
}

/** For the ERROR that answers an invocation. Box keys go by the URI of the error, as Autobahn|Python has it; undefined where there is none
 * for it. */
export function errorEnvelope(
  keyring: KeyRing,
  invocation: Envelope,
  error: string,
): Envelope | undefined {
  const { key } = invocation;
  if (key === undefined) return invocation;
  const own = key.cipher === "cryptobox"
    ? keyring.keysFor(error).find(({ cipher }) => cipher === "cryptobox")
    : key;
  return own && Envelope.sealed(own, error, false);
}
