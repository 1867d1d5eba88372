/**
 * The secret that decoys are made of: what a principal is shown that does not exist, its salt above all, must be the same after a restart,
 * or it would tell that there is no such principal. So it is kept in the node directory, where nobody else may read it.
 */
import { join } from "node:path";
import { type Bytes, fromHex, randomBytes, toHex } from "../auth/bytes.ts";
import type { Log } from "../router/ports.ts";
import { readPrivateFile, writePrivateFile } from "./private_file.ts";
import { StartError } from "./start_error.ts";

const FILE = "decoy.key";
const LENGTH = 32;

/** Reads the key, or makes it. Where the directory cannot be written, it lasts as long as the process, and the log says so. */
export async function decoyKey(directory: string, log: Log): Promise<Bytes> {
  const file = join(directory, FILE);
  const made = randomBytes(LENGTH);
  try {
    await writePrivateFile(file, `${toHex(made)}\n`);
    return made;
  } catch (cause) {
    if (!isError(cause, "EEXIST")) {
      log.warn("Cannot keep {file}, so peers may learn from a restart who is known: {error}", {
        file,
        error: cause instanceof Error ? cause.message : String(cause),
      });
      return made;
    }
  }
  const key = fromHex(new TextDecoder().decode(await readPrivateFile(file)).trim(), LENGTH);
  if (key !== undefined) return key;
  const expected = `${2 * LENGTH} hexadecimal digits; remove it, and it is made anew`;
  throw new StartError(`Cannot read ${file}: found something else, expected ${expected}`);
}

function isError(cause: unknown, code: string): boolean {
  return cause instanceof Error && "code" in cause && cause.code === code;
}
