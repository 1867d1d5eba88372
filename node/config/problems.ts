/**
 * What is wrong with a configuration, in words: every problem at once, each with its path and, where known, its line.
 * Schemas say only what they expect (`fields.ts`); what was found is added here. Called by `parse.ts`; the CLI prints it.
 */
import type { z } from "zod";
import { formatPath, type Path, type Position } from "./source.ts";

export interface Problem {
  readonly path: Path;
  readonly text: string;
  readonly position?: Position;
}

/** A configuration that cannot be used. The command line prints it and exits with 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  /** @param file names the configuration in the message: a path, or "the configuration". */
  constructor(file: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const lines = problems.map((problem) => `\n  ${formatProblem(problem)}`);
    super(`Cannot use ${file}: found ${count}${lines.join("")}`);
    this.problems = problems;
  }
}

/** One line: `12:9 workers[0].type: found "x", expected "router"`. */
export function formatProblem(problem: Problem): string {
  const place = problem.position === undefined
    ? ""
    : `${
      problem.position.file === undefined ? "" : `${problem.position.file}:`
    }${problem.position.line}:${problem.position.column} `;
  const path = formatPath(problem.path);
  return path === "" ? `${place}${problem.text}` : `${place}${path}: ${problem.text}`;
}

/** How a schema's message begins when it is no expectation but a refusal of something that Crossbar.io knows. */
export const REFUSED = "not supported by this version: ";

/** Zod's issues as problems. @param root the value that was parsed. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], root: unknown): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === "unrecognized_keys") {
      // One line a key: see `section` in fields.ts.
      const texts = issue.message.split("\n");
      return issue.keys.map((key, i) => ({
        path: [...issue.path, key],
        text: `found an unknown key, expected ${texts[i] ?? ""}`,
      }));
    }
    return [{ path: issue.path, text: textOf(issue, root) }];
  });
}

function textOf(issue: z.core.$ZodIssue, root: unknown): string {
  const { found, isPresent } = lookUp(root, issue.path);
  if (issue.message.startsWith(REFUSED)) {
    const isKind = issue.code === "invalid_union";
    return isKind ? `${describe(found)} is ${issue.message}` : issue.message;
  }
  if (issue.code === "invalid_key") return `found this key, expected ${keyMessage(issue)}`;
  if (!isPresent) return `missing, expected ${issue.message}`;
  const what = isSecret(issue.path) ? kindOf(found) : describe(found);
  return `found ${what}, expected ${issue.message}`;
}

/** Keys of principals whose values may be shown. */
const OPEN_KEYS: Path = ["role", "realm", "kdf", "iterations", "memory", "keylen"];

/** True for what is a secret, and for what stands where a section with secrets should: in a principal of `auth`, in place of a method, in
 * what a link shows. */
function isSecret(path: Path): boolean {
  if (path.includes("secret") || path.includes("github_secret")) return true;
  const shown = path.lastIndexOf("authentication");
  if (shown >= 0) return path.at(-1) !== "authid";
  const at = path.lastIndexOf("auth");
  if (at < 0) return false;
  const [, key, ...deeper] = path.slice(at + 1);
  if (key === undefined || key === "secret") return true;
  return ["principals", "users"].some((name) => name === key) &&
    !OPEN_KEYS.includes(deeper.at(-1) ?? "");
}

function kindOf(value: unknown): string {
  if (value === null || typeof value === "object") return describe(value);
  return value === "" ? "an empty string" : `a ${typeof value}`;
}

function keyMessage(issue: z.core.$ZodIssueInvalidElement | z.core.$ZodIssueInvalidKey): string {
  return issue.issues[0]?.message ?? issue.message;
}

/** What Zod expects, where a schema says nothing better; becomes the `message` of its issues. */
export function expectation(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return alternatives(issue.values);
    case "too_small":
      return issue.origin === "array" && issue.minimum === 1
        ? "at least one item"
        : `at least ${issue.minimum}`;
    case "too_big":
      return `at most ${issue.maximum}`;
    default:
      return "something else";
  }
}

const TYPES: Readonly<Record<string, string>> = {
  "string": "a string",
  "number": "a number",
  "int": "a whole number",
  "boolean": "true or false",
  "array": "a list",
  "object": "an object",
  "record": "an object",
};

/** `"a"`, `"a" or "b"`, `one of "a", "b", "c"`. */
export function alternatives(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value) ?? String(value));
  if (texts.length <= 2) return texts.join(" or ");
  return `one of ${texts.join(", ")}`;
}

/** A found value: short, its type recognisable. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** The value at `path`. */
export function lookUp(root: unknown, path: Path): { found: unknown; isPresent: boolean } {
  let found = root;
  for (const key of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, key)) {
      return { found: undefined, isPresent: false };
    }
    found = Reflect.get(found, key);
  }
  return { found, isPresent: found !== undefined };
}
