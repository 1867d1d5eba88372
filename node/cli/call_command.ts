/**
 * A procedure that is a command. For each call it is run with the call as JSON on standard input: "procedure", "args", "kwargs", "details".
 * What it prints is the answer, by one of three rules:
 *   value     JSON where it can be read as JSON, else a string without its last line end; nothing is no result
 *   lines     every line so; all but the last are partial results, where the caller wants them
 *   envelope  {"args": […], "kwargs": {…}}, with "error": "com.example.error.…" an error
 * An exit code other than 0 is an error with what the command wrote to standard error. Calls that are cancelled end it by SIGTERM.
 */
import { spawn } from "node:child_process";
import { CallResult } from "../../client/call_result.ts";
import { ApplicationError } from "../../client/errors.ts";
import type { CallDetails } from "../../client/invocation.ts";
import type { CallHandler } from "../../client/registration.ts";
import { isDict } from "../../wamp/options.ts";
import type { Dict } from "../../wamp/message.ts";
import { RUNTIME_ERROR } from "../../wamp/uris.ts";
import type { AnswerForm } from "./answer_forms.ts";
import { argument } from "./option_values.ts";
import { valueText } from "./value_text.ts";

/** Of what a command complains, the end is told. */
const MOST_COMPLAINT = 2000;

export function commandHandler(
  program: string,
  args: readonly string[],
  form: AnswerForm,
): CallHandler {
  return async (callArgs, kwargs, details) => {
    const input = valueText({
      "procedure": details.procedure,
      "args": callArgs,
      "kwargs": kwargs,
      "details": details.wire,
    });
    const lines = new Lines(
      form === "lines" ? (line) => details.progress([argument(line)]) : undefined,
    );
    await runCommand([program, ...args], input, lines, details);
    return answerOf(lines.end(), form);
  };
}

/** Standard output: all of it, or, where somebody takes lines, what follows the last that was taken. */
class Lines {
  readonly #take: ((line: string) => void) | undefined;
  #text = "";

  constructor(take: ((line: string) => void) | undefined) {
    this.#take = take;
  }

  add(text: string): void {
    this.#text += text;
    if (this.#take === undefined) return;
    // The last complete line is kept back: it may be the result.
    for (let at; (at = this.#text.indexOf("\n")) >= 0 && at < this.#text.length - 1;) {
      this.#take(this.#text.slice(0, at));
      this.#text = this.#text.slice(at + 1);
    }
  }

  end(): string {
    return this.#text.replace(/\r?\n$/, "");
  }
}

function runCommand(
  [program = "", ...args]: readonly string[],
  input: string,
  lines: Lines,
  { signal }: CallDetails,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    const kill = () => child.kill("SIGTERM");
    if (signal.aborted) kill();
    signal.addEventListener("abort", kill, { once: true });
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => lines.add(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-MOST_COMPLAINT);
    });
    // A command that does not read its input may have ended.
    child.stdin.on("error", () => {});
    child.stdin.end(`${input}\n`);
    child.on("error", (cause) => {
      signal.removeEventListener("abort", kill);
      reject(new ApplicationError(RUNTIME_ERROR, [`Cannot run ${program}: ${cause.message}`]));
    });
    child.on("close", (code, how) => {
      signal.removeEventListener("abort", kill);
      if (signal.aborted) return reject(signal.reason);
      if (code === 0) return resolve();
      const text = complaint.trim() || `${program} ended with ${code ?? how}`;
      reject(new ApplicationError(RUNTIME_ERROR, [text], { "exit_code": code ?? String(how) }));
    });
  });
}

function answerOf(text: string, form: AnswerForm): unknown {
  if (form !== "envelope") return text === "" ? undefined : argument(text);
  const value = argument(text);
  const args = isDict(value) ? value["args"] ?? [] : undefined;
  const kwargs = isDict(value) ? value["kwargs"] ?? {} : undefined;
  if (!isDict(value) || !Array.isArray(args) || !isDict(kwargs)) return noEnvelope();
  return envelope(value["error"], args, kwargs);
}

function envelope(error: unknown, args: readonly unknown[], kwargs: Dict): CallResult {
  if (error === undefined) return new CallResult(args, kwargs);
  if (typeof error === "string") throw new ApplicationError(error, args, kwargs);
  return noEnvelope();
}

function noEnvelope(): never {
  throw new ApplicationError(RUNTIME_ERROR, [
    'Cannot read what the command has printed: expected {"args": […], "kwargs": {…}}',
  ]);
}
