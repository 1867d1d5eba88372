/** The file by which others find a running node's process: there while it runs, and never two nodes' at once. */
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { codeOf } from "../../transports/endpoint.ts";
import { StartError } from "../start_error.ts";
import { isRunning } from "./running.ts";

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
        await replaceStale(path);
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

/** There with its content, or not at all: nobody takes for stale what is being written. */
async function writeNew(path: string): Promise<void> {
  const own = await written(path);
  try {
    await link(own, path);
  } finally {
    await rm(own, { force: true });
  }
}

/** The path of a file of our own with our number, beside `path`. */
async function written(path: string): Promise<string> {
  const own = `${path}.${process.pid}`;
  // What is wrong with the place, writing tells.
  await rm(own, { force: true }).catch(() => {});
  await writeFile(own, `${process.pid}\n`, { flag: "wx", mode: 0o644 });
  return own;
}

/** The file is never away meanwhile, and one process at a time replaces it: of several that find it stale the others then find it taken. */
async function replaceStale(path: string): Promise<void> {
  expectStale(path, await pidIn(path));
  const lock = `${path}.lock`;
  await locked(path, lock);
  try {
    expectStale(path, await pidIn(path));
    const own = await written(path);
    await rename(own, path).finally(() => rm(own, { force: true }));
  } finally {
    await rm(lock, { force: true });
  }
}

async function locked(path: string, lock: string): Promise<void> {
  while (true) {
    try {
      return await writeNew(lock);
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw cause;
    }
    const pid = await pidIn(lock);
    expectStale(path, pid);
    // Who had it was killed with it; where nobody has it any more it is free.
    if (pid !== undefined) await rm(lock, { force: true });
  }
}

function expectStale(path: string, pid: number | undefined): void {
  if (pid === undefined || pid === process.pid || !isRunning(pid)) return;
  throw new StartError(
    `Cannot write the PID file ${path}: found process ${pid} in it, which runs, expected none; ` +
      "stop it, or remove the file if that is no node",
  );
}

async function pidIn(path: string): Promise<number | undefined> {
  const text = (await readFile(path, "utf8").catch(() => "")).trim();
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}
