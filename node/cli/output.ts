/** What the commands print: the only place that writes to the terminal. Results go to standard output, complaints to standard error. */
import { fstatSync } from "node:fs";
import process from "node:process";
import { styleText } from "node:util";
import type { Environment } from "../config/environment.ts";
import { runtimeName } from "../../transports/runtime/runtime.ts";

/** How long a reader that does not read may delay the end of the process. */
const FLUSH_MS = 2000;

/** Characters that may wait for a reader; a node that logs into a pipe which nobody reads loses lines, not its life. */
const MOST_WAITING = 1024 * 1024;

/**
 * A standard stream until its reader goes away (`realmway start | head`): a node runs on without its log.
 * One write at a time, and never one that blocks: on Deno `process.stdout.write` and `node:fs` stop the whole process while a pipe is
 * full, so there the runtime's own write is used.
 */
class Output {
  readonly #name: "stdout" | "stderr";
  #waiting = "";
  #lost = 0;
  #isWriting = false;
  #isOpen = true;
  #onEmpty: (() => void)[] = [];

  constructor(name: "stdout" | "stderr") {
    this.#name = name;
    process[name].on("error", () => this.#isOpen = false);
  }

  line(text: string): void {
    if (!this.#isOpen) return;
    if (this.#waiting.length > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting += text.endsWith("\n") ? text : `${text}\n`;
    if (!this.#isWriting) void this.#drain();
  }

  /** Calls back when everything has left. */
  flush(done: () => void): void {
    if (this.#isWriting) this.#onEmpty.push(done);
    else done();
  }

  async #drain(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#waiting !== "" && this.#isOpen) {
        const text = this.#waiting;
        this.#waiting = "";
        await this.#write(text);
        if (this.#lost > 0 && this.#waiting === "") {
          this.#waiting = `${this.#lost} lines were lost: nobody read them\n`;
          this.#lost = 0;
        }
      }
    } catch {
      // The reader has gone, and nobody is left to be told.
      this.#isOpen = false;
    }
    this.#isWriting = false;
    for (const done of this.#onEmpty.splice(0)) done();
  }

  async #write(text: string): Promise<void> {
    if (runtimeName === "deno") {
      const { writeOutput } = await import("../../transports/runtime/deno.ts");
      return await writeOutput(this.#name, new TextEncoder().encode(text));
    }
    await new Promise<void>((resolve, reject) => {
      process[this.#name].write(text, (error) => error ? reject(error) : resolve());
    });
  }
}

const standard = new Output("stdout");
const complaints = new Output("stderr");

/** Writes whole lines to standard output. */
export function print(text: string): void {
  standard.line(text);
}

/** Writes whole lines to standard error. */
export function complain(text: string): void {
  complaints.line(text);
}

/** True when people read standard output. */
export function isTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** Whether standard output takes colours: a terminal, unless NO_COLOR says otherwise (no-color.org). */
export function hasColors(stream: "stdout" | "stderr" = "stdout"): boolean {
  const { NO_COLOR: noColor, TERM: term } = process.env;
  return process[stream].isTTY === true && (noColor === undefined || noColor === "") &&
    term !== "dumb";
}

/** Whether standard output is systemd's journal: JOURNAL_STREAM names its device and inode, so that who is piped elsewhere knows better. */
export function isJournal(env: Environment): boolean {
  const stream = env["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  const { dev, ino } = fstatSync(1);
  return stream === `${dev}:${ino}`;
}

/** For people where people read, for the journal with its priorities, for programs elsewhere. */
export function defaultLogFormat(): "color" | "nocolor" | "syslogd" | "json" {
  if (isJournal(process.env)) return "syslogd";
  if (hasColors()) return "color";
  return isTerminal() ? "nocolor" : "json";
}

export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** `text` in `style` where colours are shown. */
export function styled(
  style: Style,
  text: string,
  stream: "stdout" | "stderr" = "stdout",
): string {
  return hasColors(stream) ? styleText(style, text, { validateStream: false }) : text;
}

/** Ends the process once everything printed has left it. */
export function exit(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(code), FLUSH_MS);
  standard.flush(() => complaints.flush(() => process.exit(code)));
}
