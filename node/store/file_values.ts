/**
 * Texts by key, each with an end of its life, in one JSON file that only its owner may read: for hundreds of them, written whole a
 * moment after they change, beside the old file, which it then replaces. For thousands there is `key_values.ts`.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Clock, Log, Timer } from "../../router/ports.ts";
import { MemoryValues } from "./memory_values.ts";

const WRITE_MS = 50;
const RETRY_MS = 1000;

export interface FileValuesOptions {
  /** Absolute. Made when it is not there. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class FileValues {
  readonly #options: FileValuesOptions;
  readonly #values: MemoryValues;
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  private constructor(options: FileValuesOptions) {
    this.#options = options;
    this.#values = new MemoryValues(options.clock);
  }

  /** A file that cannot be read is told in the log and counts as empty. */
  static async open(options: FileValuesOptions): Promise<FileValues> {
    const opened = new FileValues(options);
    await opened.#read();
    return opened;
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  /** @param expires milliseconds since 1970. */
  set(key: string, value: string, expires: number): void {
    this.#values.set(key, value, expires);
    this.#writeLater(WRITE_MS);
  }

  delete(key: string): void {
    this.#values.delete(key);
    this.#writeLater(WRITE_MS);
  }

  async close(): Promise<void> {
    const isPending = this.#timer !== undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (isPending) this.#write();
    await this.#writing;
  }

  async #read(): Promise<void> {
    const { file, log } = this.#options;
    try {
      const entries: unknown = JSON.parse(await readFile(file, "utf8"));
      for (const entry of Array.isArray(entries) ? entries : []) {
        const [key, value, expires]: unknown[] = Array.isArray(entry) ? entry : [];
        if (typeof key === "string" && typeof value === "string" && typeof expires === "number") {
          this.#values.set(key, value, expires);
        }
      }
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return;
      log.error("Cannot read {file}: {error}", { file, error: String(cause) });
    }
  }

  #writeLater(ms: number): void {
    this.#timer ??= this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      this.#write();
    });
  }

  #write(): void {
    this.#writing = this.#writing.then(() => this.#writeNow());
  }

  async #writeNow(): Promise<void> {
    const { file, log } = this.#options;
    const next = `${file}.new`;
    try {
      await writeFile(next, JSON.stringify([...this.#values.living()]), { mode: 0o600 });
      await rename(next, file);
      this.#isFailing = false;
    } catch (cause) {
      if (!this.#isFailing) {
        log.error("Cannot write {file}: {error}", { file, error: String(cause) });
      }
      this.#isFailing = true;
      this.#writeLater(RETRY_MS);
    }
  }
}
