/** Ed25519 keys in the files of OpenSSH, as far as cryptosign needs them: without a passphrase. Called by `keygen.ts`. */
import { type Bytes, fromBase64, isEqual, utf8 } from "./bytes.ts";
import { DIGEST_LENGTH } from "./crypto.ts";

const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC = utf8("openssh-key-v1\0");
const TYPE = "ssh-ed25519";

export function isSshKey(text: string): boolean {
  return text.startsWith(BEGIN);
}

/** The 32 bytes of the private key. Throws when it is encrypted, or of another kind. */
export function sshSeed(text: string): Bytes {
  const blob = text.endsWith(END)
    ? fromBase64(text.slice(BEGIN.length, -END.length).replaceAll(/\s/g, ""))
    : undefined;
  if (blob === undefined || !isEqual(blob.slice(0, MAGIC.length), MAGIC)) {
    throw refusal("damaged text", "an OpenSSH private key");
  }
  const file = new Reader(blob.slice(MAGIC.length));
  const [cipher, kdf] = [file.text(), file.text()];
  if (cipher !== "none" || kdf !== "none") throw refusal("a passphrase", "a key without one");
  file.bytes();
  const count = file.number();
  if (count !== 1) throw refusal(`${count} keys`, "one");
  file.bytes();
  const keys = new Reader(file.bytes());
  const [check1, check2] = [keys.number(), keys.number()];
  const type = keys.text();
  if (check1 !== check2 || type !== TYPE) throw refusal(`a key of type "${type}"`, TYPE);
  keys.bytes();
  // Seed and public key, one behind the other.
  const secret = keys.bytes();
  if (secret.length !== 2 * DIGEST_LENGTH) throw refusal("a damaged key", "64 bytes");
  return secret.slice(0, DIGEST_LENGTH);
}

/** Lengths and what they measure, one after the other. */
class Reader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  number(): number {
    if (this.#at + 4 > this.#bytes.length) throw refusal("its end", "more");
    const number = new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(this.#at);
    this.#at += 4;
    return number;
  }

  bytes(): Bytes {
    const end = this.number() + this.#at;
    if (end > this.#bytes.length) throw refusal("its end", "more");
    const bytes = this.#bytes.slice(this.#at, end);
    this.#at = end;
    return bytes;
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }
}

function refusal(found: string, expected: string): Error {
  return new Error(`Cannot read the key file: found ${found}, expected ${expected}`);
}
