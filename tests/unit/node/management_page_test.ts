/** docs/management.md names every procedure and every event that there is, and none else. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { NODE_PROCEDURES } from "../../../node/management/management.ts";
import {
  CONTAINER_PROCEDURES,
  ROUTER_PROCEDURES,
} from "../../../node/management/worker_procedures.ts";
import {
  processProcedures,
  REFUSED_OF_NODE,
  REFUSED_OF_WORKER,
} from "../../../node/management/process_procedures.ts";

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const page = await readFile(join(ROOT, "docs", "management.md"), "utf8");
const [ofWorkers = "", ofNode = ""] = page.split("## Router workers")[1]?.split("## The node:") ??
  [];
const [ofRouter = "", ofContainer = ""] = ofWorkers.split("## Containers:");

const names = (part: string) => [...part.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name);
const refused = (part: string) =>
  [...(part.split("`crossbar.error.feature_unavailable`").at(-1) ?? "").matchAll(/`(\w+)`/g)]
    .map(([, name]) => name);

test("Management page: it names every procedure, and none else", () => {
  const works = (all: object, not: object) =>
    Object.keys(all).filter((name) => !Object.hasOwn(not, name)).sort();
  assert.deepEqual(names(ofRouter).sort(), works(ROUTER_PROCEDURES, REFUSED_OF_WORKER));
  const ofProcess = Object.keys(processProcedures).filter((name) => name !== "shutdown");
  assert.deepEqual(
    [...names(ofContainer), ...ofProcess].sort(),
    works(CONTAINER_PROCEDURES, REFUSED_OF_WORKER),
  );
  assert.deepEqual(names(ofNode).sort(), works(NODE_PROCEDURES, REFUSED_OF_NODE));
  assert.deepEqual(refused(ofRouter).sort(), Object.keys(REFUSED_OF_WORKER).sort());
  assert.deepEqual(refused(ofNode).sort(), Object.keys(REFUSED_OF_NODE).sort());
});

test("Management page: it names every event, and none else", async () => {
  const folder = join(ROOT, "node", "management");
  const files = [
    ...(await readdir(folder)).map((file) => join(folder, file)),
    join(ROOT, "node", "node.ts"),
  ];
  const code = (await Promise.all(files.map((file) => readFile(file, "utf8")))).join("\n");
  const types = ["router", "container", "guest"];
  const published = new Set([
    ...[...code.matchAll(/"(?:container\.)?(on_\w+)"/g)].map(([, event]) => event),
    ...[...code.matchAll(/`on_\$\{type\}_(\w+)`/g)]
      .flatMap(([, what]) => types.map((type) => `on_${type}_${what}`)),
  ]);
  const told = new Set([...page.matchAll(/[`.](on_\w+)`/g)].map(([, event]) => event));
  assert.deepEqual([...told].sort(), [...published].sort());
  assert.ok(published.size > 15, String(published.size));
});
