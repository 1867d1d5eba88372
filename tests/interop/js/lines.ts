/** What all peers in JavaScript share: the lines on stdin and stdout, and the values in them. See ../README.md. */
import { Buffer } from "node:buffer";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Value } from "../values.ts";

export type Dict = Readonly<Record<string, unknown>>;

/** Who joins, and by what. */
export interface Credentials {
  readonly method: string;
  readonly authid: string;
  /** The ticket, the secret, the password or the private key in hexadecimal. */
  readonly secret: string;
}

/** One line from the tests. Each action has the keys that it needs. */
export interface Request {
  readonly id: number;
  readonly do: string;
  readonly session: string;
  readonly transport: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly socket: string;
  readonly realm: string;
  readonly auth?: Credentials;
  readonly serializer: string;
  readonly procedure: string;
  readonly topic: string;
  readonly behaviour: string;
  readonly count: number;
  readonly call: number;
  readonly args?: readonly Value[];
  readonly kwargs?: Readonly<Record<string, Value>>;
  readonly options?: Dict;
  readonly cancelMode?: "skip" | "kill" | "killnowait";
}

export function write(line: Dict): void {
  // IDs may come as BigInt
  const text = JSON.stringify(
    line,
    (_, value) => typeof value === "bigint" ? Number(value) : value,
  );
  process.stdout.write(`${asciiOnly(text)}\n`);
}

/** The same JSON in ASCII: U+2028 ends a line for Node. */
export function asciiOnly(json: string): string {
  return json.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** From a line's tagged values to JavaScript's. */
export function untag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untag);
  if (value === null || typeof value !== "object") return value;
  if ("$int" in value) {
    const number = Number(value["$int"]);
    return Number.isSafeInteger(number) ? number : BigInt(String(value["$int"]));
  }
  if ("$float" in value) return Number(value["$float"]);
  if ("$bytes" in value) return Buffer.from(String(value["$bytes"]), "hex");
  if ("$unserializable" in value) {
    return {
      get refused() {
        throw new Error("unserializable on purpose");
      },
    };
  }
  return mapValues(value, untag);
}

/** From JavaScript's values to those of a line. */
export function tag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tag);
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : { "$int": String(value) };
  }
  if (Object.is(value, -0)) return { "$float": "-0" };
  if (value === undefined) return { "$undefined": true };
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Uint8Array) return { "$bytes": Buffer.from(value).toString("hex") };
  return mapValues(value, tag);
}

function mapValues(object: object, change: (value: unknown) => unknown): Dict {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** An answer that is WAMP's, not the library's or ours. */
export class Refused extends Error {
  readonly line: Dict;

  constructor(uri: string, args?: readonly unknown[], kwargs?: Dict) {
    super(uri);
    this.line = { uri, args: tag(args ?? []), kwargs: tag(kwargs ?? {}) };
  }
}

/** Reads requests until stdin ends; `actions` has one async function per `do`. */
export function serve(
  versions: string,
  actions: Readonly<Record<string, (request: Request) => Dict | Promise<Dict>>>,
): void {
  // The foreign libraries leave promises to themselves when a message cannot be serialized
  process.on("unhandledRejection", () => {});
  const { bun, deno, node } = process.versions;
  const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
  write({ note: "ready", versions: `${versions}, ${runtime}` });
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const request: Request = JSON.parse(line);
    try {
      write({ id: request.id, result: await actions[request.do]?.(request) });
    } catch (error) {
      if (error instanceof Refused) write({ id: request.id, error: error.line });
      else write({ id: request.id, failed: error instanceof Error ? error.stack : String(error) });
    }
  }).on("close", () => process.exit());
}

/** Arguments of a request as JavaScript's values; no keyword arguments are undefined. */
export function argumentsOf(request: Request): { args: unknown[]; kwargs: Dict | undefined } {
  const kwargs = Object.entries(request.kwargs ?? {});
  return {
    args: (request.args ?? []).map(untag),
    kwargs: kwargs.length === 0
      ? undefined
      : Object.fromEntries(kwargs.map(([key, value]) => [key, untag(value)])),
  };
}

/** The named one of a few things; a test that asks for another is wrong. */
export function named<T>(things: Readonly<Record<string, T>>, name: string): T {
  const found = things[name];
  if (found === undefined) throw new Error(`Cannot find "${name}"`);
  return found;
}

/** Sessions by name. */
export class Sessions<T> extends Map<string, T> {
  of(request: Request): T {
    const found = this.get(request.session);
    if (found === undefined) throw new Error(`Cannot find session "${request.session}"`);
    return found;
  }
}
