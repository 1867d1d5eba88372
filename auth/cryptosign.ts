/**
 * Ed25519: the peer signs 32 random bytes with the key that its principal is known by. With channel binding, the bytes are combined
 * with the id of the TLS connection, so that nobody between the ends can pass the signature on. The router may prove itself likewise.
 * On the wire: hexadecimal, lower-case; a signature is followed by the bytes that it signs. [WAMP cryptosignauth]
 */
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";
import {
  type Answer,
  type AuthRequest,
  type ChannelBinding,
  type ClientMethod,
  type ClientMethodOptions,
  type Connection,
  denied,
  guarded,
  HandshakeError,
  type RouterMethod,
  type RouterMethodOptions,
  type Step,
  unusable,
} from "./authmethod.ts";
import { type Bytes, concat, fromHex, isEqual, randomBytes, toHex, xor } from "./bytes.ts";
import {
  DIGEST_LENGTH,
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  sha256,
  SIGNATURE_LENGTH,
} from "./crypto.ts";
import { admitted, decoys, findOrDecoy, PrincipalError, textIn, textsIn } from "./principals.ts";

const METHOD = "cryptosign";
const CHALLENGE_LENGTH = 32;

/** The bindings that the specification has for this method. */
const BINDINGS: readonly ChannelBinding[] = ["tls-unique", "tls-exporter"];

/** A private key, wherever it is kept. */
export interface SigningKey {
  /** 64 hexadecimal digits. */
  readonly publicKey: string;
  sign(message: Bytes): Bytes | Promise<Bytes>;
}

/** @param privateKey 64 hexadecimal digits, the seed of RFC 8032; or 128, where the public key follows, as NaCl has it. */
export async function signingKey(privateKey: string): Promise<SigningKey> {
  const bytes = fromHex(privateKey, DIGEST_LENGTH) ?? fromHex(privateKey, 2 * DIGEST_LENGTH);
  if (bytes === undefined) {
    throw new Error(
      "Cannot use the private key: found something else, expected 64 hexadecimal digits",
    );
  }
  const seed = bytes.slice(0, DIGEST_LENGTH);
  const publicKey = toHex(await ed25519PublicKey(seed));
  return { publicKey, sign: (message) => ed25519Sign(seed, message) };
}

/** The signature over `challenge` (with the channel id, if any), followed by what it signs: 192 hexadecimal digits. */
export async function signChallenge(
  key: SigningKey,
  challenge: Bytes,
  channelId?: Bytes,
): Promise<string> {
  const message = bound(challenge, channelId);
  return toHex(await key.sign(message)) + toHex(message);
}

/** True when `signature` is what `signChallenge` makes with the private key that belongs to `publicKey`. */
export async function verifyChallenge(
  publicKey: Bytes,
  signature: unknown,
  challenge: Bytes,
  channelId?: Bytes,
): Promise<boolean> {
  const bytes = fromHex(signature, SIGNATURE_LENGTH + CHALLENGE_LENGTH);
  const given = bytes ?? new Uint8Array(SIGNATURE_LENGTH + CHALLENGE_LENGTH);
  const message = given.slice(SIGNATURE_LENGTH);
  const isSigned = await ed25519Verify(publicKey, given.slice(0, SIGNATURE_LENGTH), message);
  return isSigned && isEqual(message, bound(challenge, channelId));
}

function bound(challenge: Bytes, channelId: Bytes | undefined): Bytes {
  return channelId === undefined ? challenge : xor(challenge, channelId);
}

/** 32 bytes; undefined when the connection has no binding of the kind. For "tls-unique" the digest of the TLS Finished message, whose
 * length depends on the cipher, as Autobahn has it. */
async function channelIdOf(
  connection: Connection,
  type: ChannelBinding,
): Promise<Bytes | undefined> {
  const data = connection.channelBinding?.(type);
  if (data === undefined) return undefined;
  const id = type === "tls-unique" ? await sha256(concat(data)) : concat(data);
  return id.length === CHALLENGE_LENGTH ? id : undefined;
}

/** Records have "authorized_keys", a list of public keys in hexadecimal; dynamic authenticators may answer one as "pubkey". */
export interface CryptosignRouterOptions extends RouterMethodOptions {
  /** Signs the challenges of clients that ask the router to prove itself. It signs what they choose: use it for nothing else. */
  readonly routerKey?: SigningKey;
}

export function cryptosignRouter(options: CryptosignRouterOptions): RouterMethod {
  const nobody = decoys({
    key: undefined,
    samples: options.principals.samples,
    isFit: (sample) => Object.hasOwn(sample, "authorized_keys"),
    otherwise: { "role": "user" },
    async disguise(sample, bytes) {
      const key = toHex(await bytes("key"));
      const keys = textsIn(sample, "authorized_keys") ?? [key];
      return { ...sample, "authorized_keys": keys.map(() => key) };
    },
  });

  async function challenge(request: AuthRequest, publicKey: Bytes): Promise<Step> {
    const { authid } = request;
    const name = toHex(publicKey);
    const query = { authmethod: METHOD, request, authid, publicKey: name } as const;
    const found = await findOrDecoy(options, query, nobody);
    if ("refusal" in found) return found;
    // Signatures are checked in any case, with the key that the peer has shown.
    const isAuthorized = keysOf(found.record).includes(name) && found.isKnown;
    const binding = BINDINGS.find((type) => type === request.authextra["channel_binding"]);
    const channelId = binding && await channelIdOf(request.connection, binding);
    const challenge = randomBytes(CHALLENGE_LENGTH);
    return {
      authmethod: METHOD,
      extra: {
        "challenge": toHex(challenge),
        "channel_binding": channelId === undefined ? null : binding,
        ...await proof(options.routerKey, request.authextra["challenge"], channelId),
      },
      async answer({ signature }) {
        const isProved = await verifyChallenge(publicKey, signature, challenge, channelId);
        if (!found.isKnown) return denied(METHOD, "no such principal");
        if (!isAuthorized) return denied(METHOD, "a key that is not the principal's");
        if (!isProved) return denied(METHOD, "a wrong signature");
        return admitted(found.record, request, { ...options, authmethod: METHOD, authid: name });
      },
    };
  }

  return guarded(METHOD, [METHOD], (request) => {
    const publicKey = fromHex(request.authextra["pubkey"], DIGEST_LENGTH);
    const binding = request.authextra["channel_binding"] ?? undefined;
    if (publicKey === undefined) {
      const expected = `expected ${2 * DIGEST_LENGTH} hexadecimal digits`;
      return unusable(METHOD, `found no public key in HELLO.Details.authextra.pubkey, ${expected}`);
    }
    if (binding !== undefined && !BINDINGS.some((type) => type === binding)) {
      const expected = `expected one of ${BINDINGS.join(", ")}`;
      return unusable(
        METHOD,
        `found an unknown HELLO.Details.authextra.channel_binding, ${expected}`,
      );
    }
    return challenge(request, publicKey);
  });
}

function keysOf(record: Dict): readonly string[] {
  const keys = textsIn(record, "authorized_keys") ?? [];
  const key = textIn(record, "pubkey");
  const all = key === undefined ? keys : [...keys, key];
  return all.map((text) => {
    if (fromHex(text, DIGEST_LENGTH) === undefined) {
      throw new PrincipalError("authorized_keys", text, `${2 * DIGEST_LENGTH} hexadecimal digits`);
    }
    return text.toLowerCase();
  });
}

/** What a client that asked for it learns of the router. Nothing, if the router has no key: the client decides what that means. */
async function proof(
  key: SigningKey | undefined,
  asked: unknown,
  channelId: Bytes | undefined,
): Promise<Dict> {
  const challenge = fromHex(asked, CHALLENGE_LENGTH);
  if (key === undefined || challenge === undefined) return EMPTY_DICT;
  const signature = await signChallenge(key, challenge, channelId);
  return { "pubkey": key.publicKey, "signature": signature };
}

/** `authentication: { cryptosign: { privkey: "0123…" } }`: a key pair of Ed25519. */
export interface CryptosignClientOptions extends ClientMethodOptions {
  /** The private key in hexadecimal, or whatever signs with it: an agent, a security module. */
  readonly privkey: string | SigningKey;
  /** Binds the signature to the TLS connection; fails if either end cannot. */
  readonly channelBinding?: "tls-unique" | "tls-exporter";
  /** The router must prove that it has one of these public keys. */
  readonly routerKeys?: readonly string[];
}

export function cryptosignClient(options: CryptosignClientOptions): ClientMethod {
  return {
    names: [METHOD],
    authid: options.authid,
    authrole: options.authrole,
    async begin(connection) {
      const { privkey, channelBinding: binding, routerKeys } = options;
      const key = typeof privkey === "string" ? await signingKey(privkey) : privkey;
      const channelId = binding && await channelIdOf(connection, binding);
      if (binding !== undefined && channelId === undefined) {
        throw new HandshakeError(
          `Cannot bind to the channel: found no ${binding} of the connection, expected one`,
        );
      }
      const asked = routerKeys === undefined ? undefined : randomBytes(CHALLENGE_LENGTH);
      let isProved = false;
      return {
        authextra: {
          ...options.authextra,
          "pubkey": key.publicKey,
          ...(binding !== undefined && { "channel_binding": binding }),
          ...(asked !== undefined && { "challenge": toHex(asked) }),
        },
        async answer(_authmethod, extra) {
          if ((extra["channel_binding"] ?? undefined) !== binding) {
            const found = JSON.stringify(extra["channel_binding"] ?? null);
            throw new HandshakeError(
              `Cannot answer CHALLENGE: found channel binding ${found}, expected ${
                binding ?? "none"
              }`,
            );
          }
          if (asked !== undefined) await checkRouter(routerKeys ?? [], extra, asked, channelId);
          isProved = true;
          return await answerTo(extra, key, channelId);
        },
        // A false router must not get round its proof by leaving out CHALLENGE.
        ...(asked !== undefined && {
          welcomed() {
            if (!isProved) throw distrust("WELCOME without CHALLENGE");
          },
        }),
      };
    },
  };
}

async function answerTo(
  extra: Dict,
  key: SigningKey,
  channelId: Bytes | undefined,
): Promise<Answer> {
  const challenge = fromHex(extra["challenge"], CHALLENGE_LENGTH);
  if (challenge === undefined) {
    throw new HandshakeError(
      "Cannot answer CHALLENGE: found no challenge of 64 hexadecimal digits, expected one",
    );
  }
  return { signature: await signChallenge(key, challenge, channelId), extra: EMPTY_DICT };
}

async function checkRouter(
  routerKeys: readonly string[],
  extra: Dict,
  asked: Bytes,
  channelId: Bytes | undefined,
): Promise<void> {
  const pubkey = fromHex(extra["pubkey"], DIGEST_LENGTH);
  const isKnown = pubkey !== undefined &&
    routerKeys.some((key) => key.toLowerCase() === toHex(pubkey));
  if (isKnown && await verifyChallenge(pubkey, extra["signature"], asked, channelId)) return;
  const found = isKnown ? "a wrong signature" : "none of its keys";
  throw distrust(found);
}

function distrust(found: string): HandshakeError {
  return new HandshakeError(`Cannot trust the router: found ${found}, expected its proof`);
}
