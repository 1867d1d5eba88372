/** Text in pieces, as a pipe brings it, into whole lines. */

/** A line longer than this is cut: who writes without end must not fill the memory. */
const LONGEST = 64 * 1024;

export class Lines {
  readonly #onLine: (line: string) => void;
  readonly #longest: number;
  #rest = "";

  /** @param onLine is not called for empty lines. */
  constructor(onLine: (line: string) => void, longest: number = LONGEST) {
    this.#onLine = onLine;
    this.#longest = longest;
  }

  add(text: string): void {
    const parts = text.split("\n");
    for (const [i, part] of parts.entries()) {
      this.#rest += part;
      if (i < parts.length - 1) this.end();
      while (this.#rest.length > this.#longest) {
        this.#onLine(this.#rest.slice(0, this.#longest));
        this.#rest = this.#rest.slice(this.#longest);
      }
    }
  }

  /** What is left counts as a line. */
  end(): void {
    const line = this.#rest.replace(/\r$/, "");
    this.#rest = "";
    if (line !== "") this.#onLine(line);
  }
}
