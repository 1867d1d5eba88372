/**
 * Variables of the environment in a configuration: `"$NAME"` as a whole string, `"${NAME}"` and `"${NAME:-default}"` anywhere in one;
 * `"$${NAME}"` is the text `${NAME}`. Secrets,
 * ports to listen on and `disabled` are left to those who read them; what is the user's own (values to serve, JSON Schemas) stays as it is.
 */
import type { Environment } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { SECRETS } from "./secret_keys.ts";
import type { Path } from "./source.ts";

const LEFT_ALONE: readonly PropertyKey[] = [...SECRETS, "disabled"];
/** Also what stands below them. */
const OWN: readonly string[] = ["value", "schemas", "validate"];

export interface Expanded {
  readonly value: unknown;
  /** Variables that are not set. */
  readonly problems: Problem[];
  /** Where a string came from a variable as a whole: it may mean a number. */
  readonly whole: readonly Path[];
}

export function expandVariables(root: unknown, env: Environment): Expanded {
  const problems: Problem[] = [];
  const whole: Path[] = [];
  const expand = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") {
      if (!value.includes("$")) return value;
      if (/^\$([A-Za-z_]\w*|\{[^{}]*\})$/.test(value)) whole.push(path);
      return textOf(value, env, (name) => {
        const text = `found ${
          JSON.stringify(value)
        }, expected the environment variable ${name} to be set`;
        problems.push({ path, text });
      });
    }
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item, i) => expand(item, [...path, i]));
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [
        key,
        isLeftAlone(key, path) && typeof child !== "object" || OWN.includes(key)
          ? child
          : expand(child, [...path, key]),
      ]),
    );
  };
  return { value: expand(root, []), problems, whole };
}

/** Ports to listen on, too; those to connect to, of a `transport`, are not. */
function isLeftAlone(key: string, path: Path): boolean {
  return LEFT_ALONE.includes(key) || key === "port" && !path.includes("transport");
}

function textOf(text: string, env: Environment, onUnset: (name: string) => void): string {
  const valueOf = (name: string, fallback: string | undefined) => {
    const value = env[name] || fallback;
    if (value === undefined) onUnset(name);
    return value ?? "";
  };
  const [, plain] = /^\$([A-Za-z_]\w*)$/.exec(text) ?? [];
  if (plain !== undefined) return valueOf(plain, undefined);
  return text.replace(
    /(\$?)(\$\{([A-Za-z_]\w*)(?::-([^{}]*))?\})/g,
    (_, escape: string, literal: string, name: string, fallback: string | undefined) =>
      escape === "" ? valueOf(name, fallback) : literal,
  );
}

/** The same with what a variable meant where the schema expected no string: "8" a number, "true" a flag. */
export function withMeanings(root: unknown, paths: readonly Path[]): unknown {
  const copy: unknown = structuredClone(root);
  for (const path of paths) {
    const key = path.at(-1);
    let holder: unknown = copy;
    for (const step of path.slice(0, -1)) {
      holder = typeof holder === "object" && holder !== null
        ? Reflect.get(holder, step)
        : undefined;
    }
    if (key === undefined || typeof holder !== "object" || holder === null) continue;
    const text: unknown = Reflect.get(holder, key);
    if (typeof text === "string" && /^(true|false|null|-?\d+(\.\d+)?)$/.test(text)) {
      Reflect.set(holder, key, JSON.parse(text));
    }
  }
  return copy;
}
