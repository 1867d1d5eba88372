/** `realmway hash`: from a secret to what a configuration keeps in its place. The secret comes from standard input, never from the command line. */
import process from "node:process";
import { hashCraSecret, hashScramPassword, type ScramKdf } from "../../auth/hash.ts";
import { StartError } from "../start_error.ts";
import { complain, print } from "./output.ts";

/** Longer is no secret but a wrong file. */
const MOST_LENGTH = 4096;

/** What a terminal in raw mode sends for Ctrl-C and Ctrl-D. */
const INTERRUPT = "\x03";
const END = "\x04";

export interface HashOptions {
  readonly kdf?: ScramKdf | undefined;
  readonly iterations?: number | undefined;
  readonly memory?: number | undefined;
}

export async function hash(method: "scram" | "wampcra", options: HashOptions): Promise<number> {
  const { kdf, iterations, memory } = options;
  if (method === "wampcra" && (kdf !== undefined || memory !== undefined)) {
    throw new StartError("Cannot hash for wampcra: found --kdf or --memory, expected PBKDF2 alone");
  }
  const secret = await readSecret();
  const count = iterations === undefined ? {} : { iterations };
  try {
    const entry = method === "wampcra"
      ? await hashCraSecret(secret, count)
      : await hashScramPassword(secret, { ...count, ...(kdf && { kdf }), memory });
    print(JSON.stringify(entry, undefined, 2));
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause));
  }
  return 0;
}

/** The first line of standard input. */
async function readSecret(): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) complain("Secret (it is not shown):");
  // In raw mode the terminal does not echo.
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  let text = "";
  try {
    for await (const chunk of stdin) {
      text += String(chunk);
      if (endOf(text) < text.length || text.length > MOST_LENGTH) break;
    }
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
  }
  const secret = text.slice(0, endOf(text));
  const isInterrupted = text.charAt(secret.length) === INTERRUPT;
  if (secret === "" || isInterrupted || secret.length > MOST_LENGTH) {
    throw new StartError("Cannot hash the secret: found none on standard input, expected a line");
  }
  // Whoever types may correct.
  return stdin.isTTY ? corrected(secret) : secret;
}

/** Where the line ends, or the text. */
function endOf(text: string): number {
  const found = ["\r", "\n", INTERRUPT, END].map((mark) => text.indexOf(mark));
  return Math.min(text.length, ...found.filter((at) => at >= 0));
}

function corrected(typed: string): string {
  const kept: string[] = [];
  for (const character of typed) {
    if (character === "\u007f" || character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}
