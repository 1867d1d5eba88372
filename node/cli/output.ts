/** What the commands print: the only place that writes to the terminal. Results go to standard output, complaints to standard error. */
import process from "node:process";
import { styleText } from "node:util";

/** How long a reader that does not read may delay the end of the process. */
const FLUSH_MS = 2000;

/** A standard stream until its reader goes away (`realmway start | head`): a node runs on without its log. */
class Output {
  readonly #stream: NodeJS.WriteStream;
  #isOpen = true;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    stream.on("error", () => this.#isOpen = false);
  }

  line(text: string): void {
    if (this.#isOpen) this.#stream.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Calls back when everything has left. */
  flush(done: () => void): void {
    if (this.#isOpen) this.#stream.write("", () => done());
    else done();
  }
}

const standard = new Output(process.stdout);
const complaints = new Output(process.stderr);

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
