/** What the local lint plugin accepts and refuses. Deno lints for both runtimes, so Bun skips this file. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import plugin from "../../../.ci/layers.ts";

const isDeno = "Deno" in globalThis;
const ROOT = fileURLToPath(new URL("../../../", import.meta.url).href);

/** The ids of the rules that a file of this path and text breaks. */
function broken(path: string, text: string): string[] {
  return Deno.lint.runPlugin(plugin, ROOT + path, text).map(({ id }) => id);
}

function rule(id: string, samples: { accepted: [string, string][]; refused: [string, string][] }) {
  const skip = isDeno ? false : "Deno lints for both runtimes";
  for (const [path, text] of samples.accepted) {
    test(`${id}: accepts ${text} in ${path}`, { skip }, () => {
      assert.deepEqual(broken(path, text), []);
    });
  }
  for (const [path, text] of samples.refused) {
    test(`${id}: refuses ${text} in ${path}`, { skip }, () => {
      assert.deepEqual(broken(path, text), [id]);
    });
  }
}

rule("layers/direction", {
  accepted: [
    ["wamp/parse.ts", `import { Type } from "./message.ts";`],
    ["wamp/codec/json.ts", `import { Type } from "../message.ts";`],
    ["auth/ticket.ts", `import * as uris from "../wamp/uris.ts";`],
    ["router/realm.ts", `import type { Message } from "../wamp/message.ts";`],
    ["transports/listen.ts", `import type { Transport } from "../router/ports.ts";`],
    ["client/dial.ts", `const { dial } = await import("../transports/dial.ts");`],
    ["node/controller.ts", `import { Router } from "../router/mod.ts";`],
    ["node/mod.ts", `export { Component } from "realmway";`],
    ["node/mod.ts", `import { z } from "zod";`],
    ["mod.ts", `export * from "./client/session.ts";`],
    ["client/session.ts", `import manifest from "../package.json" with { type: "json" };`],
    ["node/user_module.ts", `const module = await import(path);`],
    ["tests/kit/simulator.ts", `import { Realm } from "../../router/realm.ts";`],
    ["bench/micro/codec.ts", `import { json } from "../../wamp/codec/json.ts";`],
    ["examples/rpc.ts", `import { run } from "realmway/node";`],
  ],
  refused: [
    ["wamp/parse.ts", `import { Realm } from "../router/realm.ts";`],
    ["wamp/parse.ts", `import type { Realm } from "../router/realm.ts";`],
    ["wamp/parse.ts", `export { Realm } from "../router/realm.ts";`],
    ["wamp/parse.ts", `export * from "../router/realm.ts";`],
    ["wamp/parse.ts", `export type { Realm } from "../router/realm.ts";`],
    ["wamp/parse.ts", `const { Realm } = await import("../router/realm.ts");`],
    ["wamp/parse.ts", "const { Realm } = await import(`../router/realm.ts`);"],
    ["wamp/parse.ts", `type Realm = import("../router/realm.ts").Realm;`],
    ["wamp/codec/json.ts", `import { Realm } from "../../auth/ticket.ts";`],
    ["router/realm.ts", `import { listen } from "../transports/listen.ts";`],
    ["router/realm.ts", `import type { Session } from "../client/session.ts";`],
    ["router/realm.ts", `import { log } from "../node/log.ts";`],
    ["router/realm.ts", `import { log } from "realmway/node";`],
    ["router/realm.ts", `import { fake } from "../tests/kit/fake.ts";`],
    ["client/session.ts", `import { Realm } from "../router/realm.ts";`],
    ["client/session.ts", `import { Realm } from "realmway/router";`],
    ["client/session.ts", `import { Component } from "../mod.ts";`],
    ["transports/listen.ts", `import { dial } from "../client/dial.ts";`],
    ["mod.ts", `export { Router } from "./router/mod.ts";`],
    ["mod.ts", `export { Type } from "./wamp/message.ts";`],
  ],
});

rule("layers/extension", {
  accepted: [
    ["wamp/parse.ts", `import { Type } from "./message.ts";`],
    ["node/web/page.ts", `import page from "./page.html" with { type: "text" };`],
    ["node/web/page.ts", `import { Hono } from "hono";`],
  ],
  refused: [
    ["wamp/parse.ts", `import { Type } from "./message";`],
    ["wamp/parse.ts", `import { Type } from "./message.js";`],
    ["tests/unit/wamp/parse_test.ts", `export * from "..";`],
    ["client/dial.ts", `await import("../transports/dial");`],
  ],
});

rule("layers/node-import", {
  accepted: [
    ["transports/http_seam.ts", `import { createServer } from "node:http";`],
    ["node/log.ts", `import process from "node:process";`],
    ["router/session.ts", `import { type Node } from "./node.ts";`],
    ["tests/unit/router/realm_test.ts", `import { test } from "node:test";`],
  ],
  refused: [
    ["wamp/payload.ts", `import { Buffer } from "node:buffer";`],
    ["auth/scram.ts", `import type { Hash } from "node:crypto";`],
    ["router/session.ts", `await import("node:net");`],
  ],
});

rule("layers/runtime", {
  accepted: [
    ["transports/runtime/deno.ts", `Deno.listen({ port: 0 });`],
    ["transports/runtime/bun.ts", `Bun.listen(options);`],
    ["transports/runtime/node.ts", `const isBun = "Bun" in globalThis;`],
    ["tests/transports/listen_test.ts", `Deno.exit();`],
    ["node/cli/main.ts", `const text = "Deno or Bun";`],
  ],
  refused: [
    ["node/cli/main.ts", `Deno.exit();`],
    ["router/router.ts", `const now = Bun.nanoseconds();`],
    ["mod.ts", `globalThis.Deno?.exit();`],
    ["client/dial.ts", `globalThis["Deno"];`],
    ["client/dial.ts", `const isDeno = "Deno" in globalThis;`],
    ["client/dial.ts", `type Connection = Deno.Conn;`],
    ["node/store/sqlite.ts", `const { Database } = await import("bun:sqlite");`],
    ["transports/listen.ts", `import { listen } from "bun";`],
  ],
});

rule("layers/wamp-uri", {
  accepted: [
    ["wamp/uris.ts", `export const NO_SUCH_REALM = "wamp.error.no_such_realm";`],
    ["transports/websocket.ts", `const subprotocol = "wamp.2.json";`],
    ["router/realm.ts", `const uri = "com.wamp.error";`],
    ["wamp/uri.ts", `const isReserved = uri.startsWith("wamp.");`],
    ["tests/flow/call_test.ts", `const uri = "wamp.error.no_such_procedure";`],
  ],
  refused: [
    ["router/realm.ts", `const uri = "wamp.error.no_such_realm";`],
    ["router/meta/session.ts", `type Uri = "wamp.session.count";`],
    ["client/session.ts", "const uri = `wamp.error.${name}`;"],
  ],
});
