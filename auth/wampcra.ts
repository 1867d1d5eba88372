/**
 * Challenge and response with a shared secret: HMAC-SHA-256 over a JSON text, keyed with the secret, or, where the principal has a
 * salt, with what PBKDF2 makes of the secret, as Base64 text. The router may keep that derived secret instead of the secret.
 * [WAMP wampcra]
 */
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";
import type {
  Answer,
  AuthRequest,
  ClientMethod,
  ClientMethodOptions,
  Denial,
  RouterMethod,
  RouterMethodOptions,
  Step,
} from "./authmethod.ts";
import { denied, guarded, HandshakeError, unusable } from "./authmethod.ts";
import { type Bytes, fromBase64, isEqual, randomBytes, toBase64, utf8 } from "./bytes.ts";
import { DIGEST_LENGTH, hmacSha256, pbkdf2 } from "./crypto.ts";
import type { Decoys, Found } from "./principals.ts";
import {
  admitted,
  countIn,
  decoys,
  findOrDecoy,
  PrincipalError,
  requiredTextIn,
  saltLike,
  textIn,
} from "./principals.ts";

const METHOD = "wampcra";

/** What peers take for granted where a salt comes without them. */
const DEFAULT_ITERATIONS = 1000;
const DEFAULT_KEY_LENGTH = 32;
/** A router must not keep its clients busy for long, nor a record its router. */
const MOST_ITERATIONS = 5_000_000;
const MOST_KEY_LENGTH = 1024;

export interface Salting {
  readonly salt: string;
  readonly iterations: number;
  /** Bytes. */
  readonly keylen: number;
}

/** The key that secret and salt make: Base64, as all peers use it. */
export async function deriveCraSecret(secret: string, salting: Salting): Promise<string> {
  const { salt, iterations, keylen } = salting;
  return toBase64(await pbkdf2(utf8(secret), utf8(salt), iterations, keylen));
}

/** The answer to `challenge`. @param secret the secret itself, or the derived one. */
export async function signCra(secret: string, challenge: string): Promise<string> {
  return toBase64(await hmacSha256(utf8(secret), utf8(challenge)));
}

/** Records have "secret", and with it "salt", "iterations" (default 1000) and "keylen" (default 32) or nothing; or "derived-secret"
 * with all three. */
export interface CraRouterOptions extends RouterMethodOptions {
  /** Keeps what unknown principals are shown the same over restarts and processes. 32 random bytes; secret. */
  readonly decoyKey?: Bytes;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export function wampcraRouter(options: CraRouterOptions): RouterMethod {
  const nobody = noPrincipal(options);

  async function challenge(request: AuthRequest, authid: string): Promise<Step> {
    const query = { authmethod: METHOD, request, authid } as const;
    const found = await findOrDecoy(options, query, nobody);
    if ("refusal" in found) return found;
    const admission = admitted(found.record, request, { ...options, authmethod: METHOD });
    if ("refusal" in admission) return admission;
    const salting = saltingOf(found.record);
    const text = JSON.stringify({
      "authid": admission.authid,
      "authrole": admission.authrole,
      "authmethod": METHOD,
      "authprovider": admission.authprovider,
      "nonce": toBase64(randomBytes(DIGEST_LENGTH)),
      "timestamp": new Date((options.now ?? Date.now)()).toISOString(),
      "session": request.session,
    });
    const extra: Dict = { "challenge": text, ...salting };
    return {
      authmethod: METHOD,
      extra,
      async answer({ signature }) {
        const key = await keyOf(found.record, salting);
        return await problemOf(key, text, signature, found) ?? admission;
      },
    };
  }

  return guarded(METHOD, [METHOD], (request) => {
    if (request.authid === undefined) {
      return unusable(METHOD, "found no HELLO.Details.authid, expected one");
    }
    return challenge(request, request.authid);
  });
}

/** Undefined when the signature fits. */
async function problemOf(
  key: string,
  text: string,
  signature: string,
  { isKnown }: Found,
): Promise<Denial | undefined> {
  const expected = await hmacSha256(utf8(key), utf8(text));
  const given = fromBase64(signature.trim()) ?? new Uint8Array(DIGEST_LENGTH);
  const isFit = isEqual(expected, given);
  if (!isKnown) return denied(METHOD, "no such principal");
  return isFit ? undefined : denied(METHOD, "a wrong signature");
}

function saltingOf(record: Dict): Salting | undefined {
  const salt = textIn(record, "salt");
  const iterations = countIn(record, "iterations", 1, MOST_ITERATIONS) ?? DEFAULT_ITERATIONS;
  const keylen = countIn(record, "keylen", 1, MOST_KEY_LENGTH) ?? DEFAULT_KEY_LENGTH;
  return salt === undefined || salt === "" ? undefined : { salt, iterations, keylen };
}

/** True for a record that `keyOf` can work with. */
function isSecret(record: Dict, salting: Salting | undefined): boolean {
  const derived = textIn(record, "derived-secret") ?? "";
  return derived === "" ? requiredTextIn(record, "secret") !== "" : salting !== undefined;
}

async function keyOf(record: Dict, salting: Salting | undefined): Promise<string> {
  if (textIn(record, "derived-secret") === undefined) {
    const secret = requiredTextIn(record, "secret");
    return salting === undefined ? secret : await deriveCraSecret(secret, salting);
  }
  if (salting === undefined) throw new PrincipalError("salt", undefined, "that of derived-secret");
  return requiredTextIn(record, "derived-secret");
}

function noPrincipal({ decoyKey, principals, defaultRole }: CraRouterOptions): Decoys {
  return decoys({
    key: decoyKey,
    samples: principals.samples,
    isFit: (sample) => isSecret(sample, saltingOf(sample)),
    otherwise: { "role": defaultRole ?? "user" },
    async disguise(sample, bytes) {
      const secret = toBase64(await bytes("secret"));
      const salt = textIn(sample, "salt") ?? "";
      return {
        ...sample,
        ...(salt !== "" && { "salt": saltLike(salt, await bytes("salt")) }),
        [textIn(sample, "derived-secret") === undefined ? "secret" : "derived-secret"]: secret,
      };
    },
  });
}

/** `authentication: { wampcra: { authid, secret } }`: a secret that signs a challenge. */
export interface CraClientOptions extends ClientMethodOptions {
  /** The secret itself, salted or not. */
  readonly secret: string;
}

export function wampcraClient(options: CraClientOptions): ClientMethod {
  return {
    names: [METHOD],
    authid: options.authid,
    authrole: options.authrole,
    begin: () => ({
      authextra: options.authextra ?? {},
      async answer(_authmethod, extra) {
        const challenge = extra["challenge"];
        if (typeof challenge !== "string") {
          throw new HandshakeError(
            "Cannot answer CHALLENGE: found no text in Extra.challenge, expected one",
          );
        }
        const salting = demanded(extra);
        const key = salting === undefined
          ? options.secret
          : await deriveCraSecret(options.secret, salting);
        return { signature: await signCra(key, challenge), extra: EMPTY_DICT } satisfies Answer;
      },
    }),
  };
}

/** CHALLENGE.Extra's salting, within limits. */
function demanded(extra: Dict): Salting | undefined {
  try {
    return saltingOf(extra);
  } catch (cause) {
    const text = `found salting beyond ${MOST_ITERATIONS} iterations or ${MOST_KEY_LENGTH} bytes`;
    throw new HandshakeError(`Cannot answer CHALLENGE: ${text}, expected less`, { cause });
  }
}
