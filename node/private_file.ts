/** Files with keys in them: made so that nobody else can read them, and refused when somebody else can. */
import { open, writeFile } from "node:fs/promises";
import process from "node:process";
import { StartError } from "./start_error.ts";

/** Group and others. */
const FOREIGN_RIGHTS = 0o077;
const MODE = 0o600;

/** Makes the file. Rejects with EEXIST when there is one: keys are never overwritten. */
export async function writePrivateFile(file: string, contents: string): Promise<void> {
  await writeFile(file, contents, { flag: "wx", mode: MODE });
}

/** Rejects with StartError when others than its owner may read or write the file. */
export async function readPrivateFile(file: string): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    // The file that was opened, not one that has its name meanwhile.
    const { mode } = await handle.stat();
    if (process.platform !== "win32" && (mode & FOREIGN_RIGHTS) !== 0) {
      const found = `rights ${(mode & 0o777).toString(8)}`;
      throw new StartError(
        `Cannot use ${file}: found ${found}, expected that its owner alone may read it: chmod 600 ${file}`,
      );
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
