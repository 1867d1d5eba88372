/** `realmway keygen` and `realmway keys`: the Ed25519 keys of cryptosign, in files that Crossbar.io and Autobahn|Python read too. */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { formatKeyFile, generateKeyPair, readPrivateKey } from "../../auth/keygen.ts";
import { VERSION } from "../../wamp/version.ts";
import { readPrivateFile, writePrivateFile } from "../private_file.ts";
import { StartError } from "../start_error.ts";
import { print } from "./output.ts";

/** Writes a private key and, beside it, the public one. Files that are there stay as they are. */
export async function keygen(name: string): Promise<number> {
  const keys = await generateKeyPair();
  const about = { "creator": `realmway-${VERSION}`, "created-at": new Date().toISOString() };
  const files = { private: resolve(name), public: resolve(`${name}.pub`) };
  await made(files.private, writePrivateFile(files.private, formatKeyFile(keys, about)));
  const { publicKey } = keys;
  await made(
    files.public,
    writeFile(files.public, formatKeyFile({ publicKey }, about), { flag: "wx" }),
  );
  print(`Wrote ${files.private} and ${files.public}`);
  print(publicKey);
  return 0;
}

/** Prints the public key that belongs to a private one. */
export async function keys(name: string): Promise<number> {
  const file = resolve(name);
  const contents = await made(file, readPrivateFile(file), "read");
  try {
    print((await readPrivateKey(contents)).publicKey);
  } catch (cause) {
    throw new StartError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return 0;
}

/** What the file system says, in words. */
async function made<T>(file: string, coming: Promise<T>, what = "write"): Promise<T> {
  try {
    return await coming;
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    const text = cause.code === "EEXIST"
      ? "found one of that name, expected none; it stays as it is"
      : cause.message;
    throw new StartError(`Cannot ${what} ${file}: ${text}`);
  }
}
