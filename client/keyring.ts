/**
 * Which payloads are for the other peer's eyes only, and by which keys: what programs give to `connect`. Knows patterns of URIs and the
 * forms of keys; `ciphers.ts` encrypts, `sealing.ts` asks both. [WAMP payload_passthru_mode]
 */
import { isProtected, type Match } from "../wamp/uri.ts";

/** How a payload is written when it is no part of the message: `ppt_serializer`. "native" leaves that to the session. */
export type PassthruSerializer = "native" | "json" | "msgpack" | "cbor";

/** An algorithm with a key that both sides have. */
export type SecretCipher = "xsalsa20poly1305" | "aes256gcm";

/** How one call or one event is passed through the router: `ppt_*`. Routers that do not know it refuse it.
 * `{ scheme: "wamp", serializer: "cbor" }`, `{ scheme: "mqtt" }`, `{ scheme: "x_mine", serializer: "json" }`. */
export interface Passthru {
  /** "wamp", "mqtt" or a name that begins with "x_". */
  readonly scheme: string;
  /** Default: "cbor" for "wamp", "native" for others. */
  readonly serializer?: PassthruSerializer;
  /** Encrypts with a key of the key ring. */
  readonly cipher?: SecretCipher;
  /** Which key of that cipher. Default: the newest one for the URI. */
  readonly keyId?: string;
}

interface KeyPlace {
  /** The URIs of procedures and topics that the key is for. */
  readonly uri: string;
  /** Default "prefix". */
  readonly match?: Match;
  /** Takes unencrypted payloads too. Default false: they are refused, as a router could otherwise exchange what is sent. */
  readonly acceptsPlain?: boolean;
}

/** A key that all parties share: payload passthru mode with the scheme "wamp". */
export interface SecretKey extends KeyPlace {
  readonly cipher: SecretCipher;
  /** 32 bytes, or their hexadecimal digits or Base64. */
  readonly key: Uint8Array | string;
  /** Tells the other side which key it is, so that keys can be replaced while both are in use. */
  readonly keyId?: string;
  /** Default "cbor". */
  readonly serializer?: Exclude<PassthruSerializer, "native">;
}

/** Keys of both parties, as in Autobahn|Python's key ring: X25519, 32 bytes or their Base64 or hexadecimal digits. Who calls or publishes
 * needs `originatorPriv` and `responderPub`, who is called or subscribes `responderPriv` and `originatorPub`. */
export interface BoxKey extends KeyPlace {
  readonly cipher: "cryptobox";
  readonly originatorPriv?: Uint8Array | string;
  readonly originatorPub?: Uint8Array | string;
  readonly responderPriv?: Uint8Array | string;
  readonly responderPub?: Uint8Array | string;
}

/** One key of the ring, its bytes checked. */
export interface HeldKey {
  readonly uri: string;
  readonly match: Match;
  readonly acceptsPlain: boolean;
  readonly cipher: SecretCipher | "cryptobox";
  readonly keyId: string | undefined;
  readonly serializer: Exclude<PassthruSerializer, "native">;
  readonly secret: Uint8Array | undefined;
  readonly originator: PartyKey;
  readonly responder: PartyKey;
}

interface PartyKey {
  readonly priv: Uint8Array | undefined;
  readonly pub: Uint8Array | undefined;
}

const NOBODY: PartyKey = { priv: undefined, pub: undefined };

/** Keys by URI pattern: what a session with it calls, publishes, yields and receives under those URIs is encrypted end to end. May be
 * changed while sessions use it. Of several patterns the exact one counts, then the longest prefix, then the wildcard that begins most
 * specifically; of several keys for one pattern the newest encrypts and all decrypt. See docs/extensions.md, "End-to-end encryption".
 *
 * @example
 * ```ts
 * import { KeyRing } from "realmway";
 *
 * const keyring = new KeyRing();
 * const key = KeyRing.newSecret(); // to be given to the other side on another way
 * keyring.add({ uri: "com.example.secret.", cipher: "aes256gcm", key, keyId: "2026-11" });
 * // connect({ url, realm, keyring })
 * ```
 */
export class KeyRing {
  readonly #keys: HeldKey[] = [];

  constructor(keys: readonly (SecretKey | BoxKey)[] = []) {
    for (const key of keys) this.add(key);
  }

  /** 32 random bytes in Base64. */
  static newSecret(): string {
    return toBase64(crypto.getRandomValues(new Uint8Array(32)));
  }

  /** A pair for `BoxKey`, in Base64. */
  static async newBoxPair(): Promise<{ readonly priv: string; readonly pub: string }> {
    const pair = await crypto.subtle.generateKey("X25519", true, ["deriveBits"]);
    if (!("privateKey" in pair)) throw new Error("Cannot make a key: found one, expected a pair");
    const { d = "", x = "" } = await crypto.subtle.exportKey("jwk", pair.privateKey);
    return { priv: fromBase64Url(d), pub: fromBase64Url(x) };
  }

  /** Throws for keys that cannot be used. */
  add(key: SecretKey | BoxKey): void {
    const { uri, match = "prefix", acceptsPlain = false, cipher } = key;
    const place = { uri, match, acceptsPlain, cipher };
    if (cipher !== "cryptobox") {
      const { keyId, serializer = "cbor" } = key;
      const secret = bytesOf(key.key, `key for "${uri}"`);
      const parties = { originator: NOBODY, responder: NOBODY };
      this.#keys.unshift({ ...place, keyId, serializer, secret, ...parties });
      return;
    }
    const originator = party(key.originatorPriv, key.originatorPub, uri);
    const responder = party(key.responderPriv, key.responderPub, uri);
    if (!isUsable(originator, responder) && !isUsable(responder, originator)) {
      throw new Error(
        `Cannot use a cryptobox key for "${uri}": found no pair, expected a private key of one party and a key of the other`,
      );
    }
    const rest = { keyId: undefined, serializer: "json", secret: undefined } as const;
    this.#keys.unshift({ ...place, ...rest, originator, responder });
  }

  /** Forgets the keys of a pattern, or the one of them with the ID. */
  remove(uri: string, match: Match = "prefix", keyId?: string): void {
    for (let i = this.#keys.length - 1; i >= 0; i--) {
      const key = this.#keys[i];
      if (key === undefined || key.uri !== uri || key.match !== match) continue;
      if (keyId === undefined || key.keyId === keyId) this.#keys.splice(i, 1);
    }
  }

  /** For the session: the keys of the pattern that counts for `uri`, newest first. Names of the protocol and the node have none, as the
   * router itself answers them. */
  keysFor(uri: string): readonly HeldKey[] {
    if (isProtected(uri)) return [];
    const matching = this.#keys.filter((key) => isMatch(key, uri));
    let best: HeldKey | undefined;
    for (const key of matching) if (best === undefined || isCloser(key, best)) best = key;
    return matching.filter((key) => key.uri === best?.uri && key.match === best.match);
  }
}

function party(
  priv: Uint8Array | string | undefined,
  pub: Uint8Array | string | undefined,
  uri: string,
): PartyKey {
  return {
    priv: priv === undefined ? undefined : bytesOf(priv, `private key for "${uri}"`),
    pub: pub === undefined ? undefined : bytesOf(pub, `public key for "${uri}"`),
  };
}

/** True when `mine` can speak with `theirs`: of a private key the public one follows. */
function isUsable(mine: PartyKey, theirs: PartyKey): boolean {
  return mine.priv !== undefined && (theirs.priv !== undefined || theirs.pub !== undefined);
}

function isMatch({ match, uri: pattern }: HeldKey, uri: string): boolean {
  switch (match) {
    case "exact":
      return pattern === uri;
    case "prefix":
      return uri.startsWith(pattern);
    case "wildcard": {
      const wanted = pattern.split(".");
      const found = uri.split(".");
      return wanted.length === found.length &&
        wanted.every((component, i) => component === "" || component === found[i]);
    }
  }
}

const RANK = { "exact": 2, "prefix": 1, "wildcard": 0 } as const;

function isCloser(key: HeldKey, than: HeldKey): boolean {
  if (key.match !== than.match) return RANK[key.match] > RANK[than.match];
  if (key.match !== "wildcard") return key.uri.length > than.uri.length;
  const mine = key.uri.split(".");
  const theirs = than.uri.split(".");
  const at = mine.findIndex((component, i) => (component === "") !== (theirs[i] === ""));
  return at !== -1 && mine[at] !== "";
}

/** 32 bytes of a key. The text of the error never has the key. */
function bytesOf(key: Uint8Array | string, what: string): Uint8Array {
  const bytes = typeof key === "string" ? decoded(key) : key.slice();
  if (bytes?.length === 32) return bytes;
  const found = bytes === undefined
    ? "neither hexadecimal digits nor Base64"
    : `${bytes.length} bytes`;
  throw new Error(`Cannot use a ${what}: found ${found}, expected 32 bytes`);
}

function decoded(text: string): Uint8Array | undefined {
  if (/^(?:[0-9a-f]{2}){32}$/i.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  }
  if (!/^[\w+/-]*={0,2}$/.test(text)) return undefined;
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  try {
    return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64Url(text: string): string {
  return `${text.replaceAll("-", "+").replaceAll("_", "/")}=`;
}
