/**
 * Looks now and then whether files of keys and certificates are others than before, and has them read anew. By looking, as every way of replacing
 * files is seen so: written in place, renamed, or behind a link, as certbot and Kubernetes do it. One for a transport with TLS.
 */
import { stat } from "node:fs/promises";
import type { Clock, Log, Timer } from "../router/ports.ts";

export const CERTIFICATE_WATCH_MS = 5_000;

export interface CertificateWatchParts {
  /** Id, for the log. */
  readonly transport: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Absolute; none without TLS. */
  readonly files: () => readonly string[];
  /** Reads them and uses them from then on. Rejects when they are of no use; then all is as before. */
  readonly renew: () => Promise<void>;
}

export class CertificateWatch {
  readonly #parts: CertificateWatchParts;
  #seen: string | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #isOver = false;

  constructor(parts: CertificateWatchParts) {
    this.#parts = parts;
  }

  /** Call it when the files have been read. */
  async start(): Promise<void> {
    this.#seen = await this.#look();
    this.#wait();
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    if (this.#isOver) return;
    this.#timer = this.#parts.clock.after(CERTIFICATE_WATCH_MS, () => void this.#compare());
  }

  async #compare(): Promise<void> {
    const { transport, log, renew } = this.#parts;
    const found = await this.#look();
    if (found !== this.#seen && !this.#isOver) {
      // Tried once as they are: while they are replaced, a key and another's certificate may be side by side.
      this.#seen = found;
      try {
        await renew();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const text = "The certificate of transport {transport} stays as it was: {reason}";
        log.warn(text, { transport, reason });
      }
    }
    this.#wait();
  }

  async #look(): Promise<string> {
    const states = await Promise.all(
      this.#parts.files().map(async (file) => {
        const found = await stat(file).catch(() => undefined);
        return found && [found.ino, found.size, found.mtimeMs];
      }),
    );
    return JSON.stringify([this.#parts.files(), states]);
  }
}
