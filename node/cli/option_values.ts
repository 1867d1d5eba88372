/** What options and arguments of the command line may be, and what their help looks like. */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { isDict } from "../../wamp/options.ts";
import { readValue } from "../../wamp/codec/json_special.ts";
import type { Dict } from "../../wamp/message.ts";
import { styled } from "./output.ts";

export const NODE_DIRECTORY =
  "node directory (default: .crossbar or .realmway in the working directory)";
export const CONFIG_FILE =
  "configuration file, relative to --cbdir; without that to the working directory, then to the node " +
  "directory (default: config.json or config.yaml)";

export function name(text: string): string {
  if (text !== "") return text;
  throw new InvalidArgumentError("Expected a name that is not empty.");
}

export function milliseconds(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number <= 2 ** 31) return number;
  throw new InvalidArgumentError("Expected milliseconds, a whole number from 1.");
}

export function natural(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && number <= 1e9) return number;
  throw new InvalidArgumentError("Expected a whole number from 1.");
}

/** For options that may be given several times, or once with commas. */
export function names(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...before ?? [], ...text.split(",").map((one) => name(one.trim()))];
}

export function sessionIds(text: string, before: readonly number[] | undefined): readonly number[] {
  return [
    ...before ?? [],
    ...text.split(",").map((one) => {
      const id = Number(one);
      if (/^\d+$/.test(one.trim()) && id > 0 && id <= 2 ** 53) return id;
      throw new InvalidArgumentError("Expected session IDs, with commas between them.");
    }),
  ];
}

export function dictionary(text: string): Dict {
  const value = jsonOr(text, undefined);
  if (isDict(value) && !(value instanceof Uint8Array)) return value;
  throw new InvalidArgumentError('Expected a JSON object: {"name": "value"}');
}

/** "name=value", added to those before. The value is read as an argument is. */
export function keyword(text: string, before: Dict | undefined): Dict {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected name=value.");
  return { ...before, [text.slice(0, at)]: argument(text.slice(at + 1)) };
}

/** The value that `text` is in JSON, with whole numbers exact; else `text` itself. */
export function argument(text: string): unknown {
  return jsonOr(text, text);
}

function jsonOr(text: string, otherwise: unknown): unknown {
  try {
    return readValue(text);
  } catch {
    // No JSON, then: what that means is for the caller to say.
    return otherwise;
  }
}

/** A part of a command's help. */
export function examples(lines: readonly string[]): string {
  return `\n${styled("bold", "Examples:")}\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
