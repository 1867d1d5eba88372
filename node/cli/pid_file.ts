/** The file by which others find a running node's process: there while it runs, and never two nodes' at once. */
import { readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { StartError } from "../start_error.ts";

export class PidFile {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Rejects with a StartError when another process has it, or when it cannot be written. */
  static async claim(path: string): Promise<PidFile> {
    try {
      await writeNew(path).catch(async (cause) => {
        if (codeOf(cause) !== "EEXIST") throw cause;
        await removeStale(path);
        await writeNew(path);
      });
    } catch (cause) {
      if (cause instanceof StartError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(`Cannot write the PID file ${path}: ${reason}`, { cause });
    }
    return new PidFile(path);
  }

  async release(): Promise<void> {
    // Who took it from us keeps it.
    if (await pidIn(this.#path) === process.pid) await rm(this.#path, { force: true });
  }
}

async function writeNew(path: string): Promise<void> {
  await writeFile(path, `${process.pid}\n`, { flag: "wx", mode: 0o644 });
}

async function removeStale(path: string): Promise<void> {
  const pid = await pidIn(path);
  if (pid !== undefined && pid !== process.pid && isAlive(pid)) {
    throw new StartError(
      `Cannot write the PID file ${path}: found process ${pid} in it, which runs, expected none; ` +
        "stop it, or remove the file if that is no node",
    );
  }
  await rm(path, { force: true });
}

async function pidIn(path: string): Promise<number | undefined> {
  const text = (await readFile(path, "utf8").catch(() => "")).trim();
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // Somebody else's is alive, too.
    return codeOf(cause) === "EPERM";
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}
