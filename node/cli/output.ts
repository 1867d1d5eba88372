/** What the commands print: the only place that writes to the terminal. Results go to standard output, complaints to standard error. */
import process from "node:process";
import { styleText } from "node:util";

/** Writes whole lines to standard output. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Writes whole lines to standard error. */
export function complain(text: string): void {
  process.stderr.write(text.endsWith("\n") ? text : `${text}\n`);
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
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}
