/** `realmway codegen`, as a process against a node; what it writes goes through the type checker, where there is one (Deno). */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "realmway";
import { parseConfig, startNode } from "realmway/node";
import { endAll, openConfig, run, workplace } from "./cli_process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);
const exec = promisify(execFile);

after(endAll);

const PRICE = {
  description: "What an article costs.\nEnds no comment: */",
  args: {
    type: "array",
    prefixItems: [{ title: "article", type: "string" }, { title: "pieces", type: "integer" }],
    minItems: 1,
  },
  kwargs: { type: "object", properties: { currency: { type: "string" } } },
  result: { type: "object", properties: { amount: { type: "number" } }, required: ["amount"] },
  errors: ["com.shop.error.unknown"],
};
const SOLD = { args: { prefixItems: [{ title: "article", type: "string" }], items: false } };

const EXPECTED = `export interface Shop {
  procedures: {
    "com.shop.close": (...args: unknown[]) => unknown;
    /**
     * What an article costs.
     * Ends no comment: *\\/
     * Named arguments: { currency?: string }
     * Errors: com.shop.error.unknown
     */
    "com.shop.price": (article: string, pieces?: number) => { amount: number };
  };
  topics: {
    "com.shop.sold": [article: string];
  };
}

export type ShopError = "com.shop.error.unknown";
`;

/** What a program may do with the interface, and what not. */
const PROGRAM = `import { type Session, typed } from "realmway";
import type { Shop, ShopError } from "./shop.ts";

export async function use(session: Session): Promise<number> {
  const shop = typed<Shop>(session);
  const price = await shop.call("com.shop.price", "bike", 2);
  shop.publish("com.shop.sold", "bike");
  // @ts-expect-error: a wrong argument
  await shop.call("com.shop.price", 5);
  // @ts-expect-error: an unknown procedure
  await shop.call("com.shop.prize", "bike");
  // @ts-expect-error: a wrong event
  shop.publish("com.shop.sold", 5);
  // @ts-expect-error: an unknown error
  const error: ShopError = "com.shop.error.other";
  return price.amount + error.length;
}
`;

test("realmway codegen: writes the interface of a realm, which compiles and is strict", async () => {
  const { directory, remove } = await workplace();
  const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
  const open = parseConfig(openConfig([{ type: "websocket", endpoint }]));
  const node = await startNode(open, { directory });
  try {
    const url = node.listeners[0]?.urls[0] ?? "";
    await using session = await connect({ url, realm: "realm1" });
    await session.register("com.shop.price", () => ({ amount: 1 }));
    await session.register("com.shop.close", () => {});
    await session.register("com.shop.rest", () => {}, { match: "prefix" });
    await session.call("wamp.reflect.define", ["com.shop.price", PRICE]);
    await session.call("wamp.reflect.define", ["com.shop.sold", SOLD, "topic"]);
    await session.call("wamp.reflect.define", ["com.shop.error.unknown", {}, "error"]);
    const file = join(directory, "shop.ts");
    const args = ["codegen", "-u", url, "--name", "Shop"];
    const written = await run([...args, "-o", file], directory);
    assert.deepEqual([written.code, written.stdout], [0, ""], written.stderr);
    const text = await readFile(file, "utf8");
    const head = `/** By "realmway codegen" of ${url}, realm1. For typed<Shop>(session). */\n` +
      `// A pattern, which no name is known of: "com.shop.rest" (prefix)\n`;
    assert.equal(text, head + EXPECTED);
    const shown = await run(args, directory);
    assert.equal(shown.stdout, text);
    const json = await run([...args, "--json"], directory);
    const kinds = json.stdout.trim().split("\n").map((line) => JSON.parse(line).kind);
    assert.deepEqual(kinds, ["procedure", "procedure", "procedure", "topic", "error"]);
    const wrong = await run(["codegen", "-u", url, "--name", "a b"], directory);
    assert.equal(wrong.code, 2);
    if (process.versions["deno"] === undefined) return;
    await writeFile(join(directory, "program.ts"), PROGRAM);
    const config = join(ROOT, "deno.json");
    await exec(process.execPath, ["check", "--config", config, join(directory, "program.ts")]);
  } finally {
    await node.stop();
    await remove();
  }
});
