/**
 * Salted challenge and response (RFC 5802 with SHA-256): the router keeps keys that let nobody in, and proves that it has them.
 * "wamp-scram" is the specification's name; "scram" is that of Autobahn|Python and Crossbar.io, whose dialect is spoken to those who
 * use it: see `scram_keys.ts`. [WAMP wamp-scram]
 */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import {
  type Answer,
  type AuthRequest,
  CHANNEL_BINDINGS,
  type ChannelBinding,
  type ClientHandshake,
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
import { type Bytes, concat, fromBase64, isEqual, randomBytes, toBase64, toHex } from "./bytes.ts";
import { DIGEST_LENGTH } from "./crypto.ts";
import { admitted, type Decoys, decoys, findOrDecoy, type Found } from "./principals.ts";
import { saslprep } from "./saslprep.ts";
import {
  authMessage,
  AUTOBAHN_ARGON2,
  bytesIn,
  clientProof,
  type Dialect,
  type Exchange,
  type Hashing,
  hashingIn,
  isCheap,
  isNonce,
  isProof,
  saltPassword,
  type ScramKeys,
  scramKeys,
  serverSignature,
  type StoredKeys,
  storedKeys,
} from "./scram_keys.ts";

const METHOD = "scram";
const NAMES = ["wamp-scram", "scram"] as const;
type Name = typeof NAMES[number];

/** A multiple of three bytes ends without padding, so that Base64 texts, joined, are the text of the bytes, joined: Crossbar.io
 * joins the bytes. */
const NONCE_LENGTH = 18;
/** What unknown principals seem to have where there is nobody to be like. */
const ORDINARY: Dict = {
  "kdf": "argon2id13",
  "iterations": 2,
  "memory": 19_456,
  "salt": "00".repeat(16),
  "role": "user",
};

/** Records have "kdf", "iterations", "memory" (of argon2id13), "salt", "stored-key" and "server-key", the last three in hexadecimal or
 * Base64: what `hash.ts` makes. */
export interface ScramRouterOptions extends RouterMethodOptions {
  /** Keeps what unknown principals are shown the same over restarts and processes. 32 random bytes; secret. */
  readonly decoyKey?: Bytes;
}

export function scramRouter(options: ScramRouterOptions): RouterMethod {
  const nobody = noPrincipal(options);

  async function challenge(request: AuthRequest, authid: string, nonce: string): Promise<Step> {
    const channel = channelOf(request.authextra, request.connection);
    if (channel === "unsupported") return unsupported();
    const found = await findOrDecoy(options, { authmethod: METHOD, request, authid }, nobody);
    if ("refusal" in found) return found;
    const keys = storedKeys(found.record);
    const { kdf, iterations, memory, salt } = keys.hashing;
    const name = nameFor(request, found.record);
    const isSpelledOut = name === "scram" && !Object.hasOwn(request.authextra, "channel_binding");
    const exchange: Exchange = {
      authid: request.authid ?? authid,
      clientNonce: nonce,
      nonce: nonce + toBase64(randomBytes(NONCE_LENGTH)),
      salt,
      iterations,
      channel,
    };
    return {
      authmethod: name,
      extra: {
        "nonce": exchange.nonce,
        "salt": toBase64(salt),
        "kdf": isSpelledOut && kdf === "argon2id13" ? AUTOBAHN_ARGON2 : kdf,
        "iterations": iterations,
        // Autobahn takes no null for a number.
        ...(memory !== undefined || name === "wamp-scram" ? { "memory": memory ?? null } : {}),
      },
      answer: (answer) => conclude({ request, name, exchange, keys, found }, answer),
    };
  }

  async function conclude(pending: Pending, { signature, extra }: Answer): Promise<Step> {
    const { request, name, exchange, keys, found } = pending;
    const problem = answerProblem(name, exchange, extra);
    if (problem !== undefined) return denied(name, problem, { "scram": "other-error" });
    const proof = fromBase64(signature) ?? new Uint8Array();
    const given = proof.length === DIGEST_LENGTH ? proof : new Uint8Array(DIGEST_LENGTH);
    // Who says "scram" may speak either dialect; both are tried in any case.
    const messages = name === "scram" && exchange.channel === undefined
      ? [authMessage(exchange, "wamp"), authMessage(exchange, "autobahn")]
      : [authMessage(exchange, "wamp")];
    const proofs = await Promise.all(
      messages.map((message) => isProof(given, keys.storedKey, message)),
    );
    const message = messages[proofs.indexOf(true)];
    if (!found.isKnown) return denied(name, "no such principal", { "scram": "invalid-proof" });
    if (message === undefined) return denied(name, "a wrong proof", { "scram": "invalid-proof" });
    const verifier = toBase64(await serverSignature(keys.serverKey, message));
    const authextra = {
      "verifier": `v=${verifier}`,
      ...(name === "scram" && { "scram_server_signature": verifier }),
    };
    return admitted(found.record, request, { ...options, authmethod: name, authextra });
  }

  return guarded(METHOD, NAMES, (request) => {
    const nonce = request.authextra["nonce"];
    const authid = request.authid === undefined ? undefined : saslprep(request.authid);
    if (authid === undefined || authid === "") {
      return unusable(METHOD, "found no HELLO.Details.authid that SASLprep allows, expected one");
    }
    if (!isNonce(nonce)) {
      const expected = "expected at least 8 bytes in Base64";
      return unusable(METHOD, `found no nonce in HELLO.Details.authextra, ${expected}`);
    }
    return challenge(request, authid, nonce);
  });
}

/** What was said so far. */
interface Pending {
  readonly request: AuthRequest;
  readonly name: Name;
  readonly exchange: Exchange;
  readonly keys: StoredKeys;
  readonly found: Found;
}

/** The name that the client knows the method by. To one that knows both, the record's kdf tells which keys the principal has. */
function nameFor({ authmethods }: AuthRequest, record: Dict): Name {
  const offered = NAMES.filter((name) => authmethods.includes(name));
  const preferred = record["kdf"] === AUTOBAHN_ARGON2 ? "scram" : "wamp-scram";
  return offered.includes(preferred) ? preferred : offered[0] ?? preferred;
}

type Channel = Exchange["channel"];

function channelOf(authextra: Dict, connection: Connection): Channel | "unsupported" {
  const asked = authextra["channel_binding"] ?? undefined;
  if (asked === undefined) return undefined;
  const type = CHANNEL_BINDINGS.find((known) => known === asked);
  const data = type && connection.channelBinding?.(type);
  return type === undefined || data === undefined ? "unsupported" : { type, data };
}

function unsupported(): Step {
  const details = { "scram": "unsupported-channel-binding-type" };
  return { ...unusable(METHOD, "found a channel binding that this connection has not"), details };
}

/** What in AUTHENTICATE.Extra does not fit, whoever the peer is. Autobahn sends none of it. */
function answerProblem(name: Name, exchange: Exchange, extra: Dict): string | undefined {
  const { nonce, channel } = exchange;
  const isLenient = name === "scram" && channel === undefined;
  if (extra["nonce"] !== nonce && !(isLenient && (extra["nonce"] ?? undefined) === undefined)) {
    return "another nonce";
  }
  if ((extra["channel_binding"] ?? undefined) !== channel?.type) return "another channel binding";
  const data = extra["cbind_data"] ?? undefined;
  if (channel === undefined) return data === undefined ? undefined : "data of no channel binding";
  return isEqual(fromBase64(data) ?? new Uint8Array(), channel.data)
    ? undefined
    : "data of another channel";
}

function noPrincipal({ decoyKey, principals }: ScramRouterOptions): Decoys {
  return decoys({
    key: decoyKey,
    samples: principals.samples,
    isFit: (sample) => storedKeys(sample).hashing.iterations > 0,
    otherwise: ORDINARY,
    async disguise(sample, bytes) {
      const { length } = bytesIn(sample, "salt");
      const salt = concat(await bytes("salt"), await bytes("more salt")).slice(0, length);
      return {
        ...sample,
        "salt": toHex(salt),
        "stored-key": toHex(await bytes("stored-key")),
        "server-key": toHex(await bytes("server-key")),
      };
    },
  });
}

/** `authentication: { scram: { authid, password } }`: a password that the router does not know. */
export interface ScramClientOptions extends ClientMethodOptions {
  readonly authid: string;
  readonly password: string;
  /** Binds the proof to the TLS connection; fails if either end cannot. */
  readonly channelBinding?: ChannelBinding;
}

/** The slow hash is made once and kept as long as the router asks for the same one. */
export function scramClient(options: ScramClientOptions): ClientMethod {
  const { password, channelBinding: type, authextra } = options;
  const authid = saslprep(options.authid);
  if (authid === undefined || authid === "") {
    throw new HandshakeError(
      "Cannot use the authid: it is empty or has characters SASLprep forbids",
    );
  }
  let hashed: { readonly as: string; readonly keys: Promise<ScramKeys> } | undefined;
  const keysFor = (hashing: Hashing, dialect: Dialect): Promise<ScramKeys> => {
    const as = JSON.stringify([dialect, { ...hashing, salt: toHex(hashing.salt) }]);
    if (hashed?.as !== as) {
      const keys = saltPassword(password, hashing, dialect).then(scramKeys);
      hashed = { as, keys };
      keys.catch(() => hashed = undefined);
    }
    return hashed.keys;
  };
  return {
    // Crossbar.io knows this one alone.
    names: ["scram", "wamp-scram"],
    authid,
    authrole: options.authrole,
    begin(connection) {
      const data = type && connection.channelBinding?.(type);
      if (type !== undefined && data === undefined) {
        throw new HandshakeError(
          `Cannot bind to the channel: found no ${type} of the connection, expected one`,
        );
      }
      const channel = type !== undefined && data !== undefined ? { type, data } : undefined;
      return handshake({ authid, channel, keysFor, authextra: authextra ?? {} });
    },
  };
}

interface Attempt {
  readonly authid: string;
  readonly channel: Channel;
  readonly keysFor: (hashing: Hashing, dialect: Dialect) => Promise<ScramKeys>;
  readonly authextra: Dict;
}

function handshake({ authid, channel, keysFor, authextra }: Attempt): ClientHandshake {
  const clientNonce = toBase64(randomBytes(NONCE_LENGTH));
  let expected: Bytes | undefined;
  return {
    authextra: {
      ...authextra,
      "nonce": clientNonce,
      ...(channel !== undefined && { "channel_binding": channel.type }),
    },
    async answer(authmethod, extra) {
      const nonce = extra["nonce"];
      if (typeof nonce !== "string" || !isContinued(nonce, clientNonce)) {
        throw new HandshakeError(
          "Cannot answer CHALLENGE: found a nonce that does not continue ours, expected one",
        );
      }
      const hashing = demanded(extra);
      const isAutobahn = authmethod === "scram" && channel === undefined &&
        extra["kdf"] !== "argon2id13";
      const dialect = isAutobahn ? "autobahn" : "wamp";
      const { salt, iterations } = hashing;
      const exchange = { authid, clientNonce, nonce, salt, iterations, channel };
      const message = authMessage(exchange, dialect);
      const keys = await keysFor(hashing, dialect);
      expected = await serverSignature(keys.serverKey, message);
      return {
        signature: toBase64(await clientProof(keys, message)),
        extra: {
          "nonce": nonce,
          "channel_binding": channel?.type ?? null,
          "cbind_data": channel === undefined ? null : toBase64(channel.data),
        },
      };
    },
    welcomed(details) {
      const given = fromBase64(verifierIn(details));
      if (expected !== undefined && given !== undefined && isEqual(given, expected)) return;
      throw new HandshakeError("Cannot trust the router: found no proof of its key, expected one");
    },
  };
}

function isContinued(nonce: string, clientNonce: string): boolean {
  return nonce.startsWith(clientNonce) && nonce.length > clientNonce.length;
}

/** CHALLENGE's demands, neither too cheap nor too dear. */
function demanded(extra: Dict): Hashing {
  let hashing: Hashing;
  try {
    hashing = hashingIn(extra, fromBase64(extra["salt"]));
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new HandshakeError(`Cannot answer CHALLENGE: ${text}`, { cause });
  }
  if (!isCheap(hashing)) return hashing;
  throw new HandshakeError(
    "Cannot answer CHALLENGE: found a hash that is cheap to crack, expected a dear one",
  );
}

/** The specification's place with or without "v=", or Crossbar.io's. */
function verifierIn(details: Dict): string | undefined {
  const authextra = details["authextra"];
  if (!isDict(authextra)) return undefined;
  const verifier = authextra["verifier"] ?? authextra["scram_server_signature"];
  return typeof verifier === "string" ? verifier.replace(/^v=/, "") : undefined;
}
