/** The connections that a listener has accepted and that have not ended, so that stopping can wait for them and end the rest. */
import type { Clock } from "../router/ports.ts";
import type { ByteStream } from "../transports/byte_stream.ts";

export class OpenStreams {
  readonly #clock: Clock;
  readonly #streams = new Set<ByteStream>();
  #onEmpty: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call it when nobody will set the stream's callbacks any more. */
  add(stream: ByteStream): void {
    const closed = stream.onClose;
    this.#streams.add(stream);
    stream.onClose = (how) => {
      this.#streams.delete(stream);
      if (this.#streams.size === 0) this.#onEmpty?.();
      closed(how);
    };
  }

  /** Resolves when all have ended; those that have not after `limitMs` are cut off. */
  end(limitMs: number): Promise<void> {
    if (this.#streams.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#clock.after(limitMs, () => {
        for (const stream of this.#streams) stream.abort();
        resolve();
      });
      this.#onEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
