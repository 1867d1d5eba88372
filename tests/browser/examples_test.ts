/** The guide's examples as module bundles, in pages and in workers, against the demo router. */
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { EXAMPLES } from "../../examples/programs.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";
import { launchBrowser, MISSING } from "./browser_kit.ts";
import { BrowserProgram, bundle, SITE, THREADS } from "./bundle.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url).href);
const examples = EXAMPLES.filter(({ not }) => not?.Chromium === undefined);

let programs: Awaited<ReturnType<typeof bundle>>;
let browser: Browser;
let node: Node;
let router = "";
before(async () => {
  if (MISSING !== false) return;
  const files = new Set(examples.flatMap((one) => one.programs.map(({ file }) => file)));
  programs = await bundle([...files].map((file) => here(`../../examples/${file}.ts`)));
  browser = await launchBrowser();
  const config = JSON.parse(
    readFileSync(here("../../examples/router/.realmway/config.json"), "utf8"),
  );
  const [transport] = config.workers[0].transports;
  transport.endpoint.port = 0;
  transport.paths["/"] = { "type": "static", "directory": SITE };
  node = await startNode(parseConfig(config), { directory: programs.folder });
  const base = node.listeners[0]?.urls.find((url) => url.startsWith("ws:")) ?? "";
  router = new URL("/ws", base).href;
});
after(async () => {
  await browser?.close();
  await node?.stop();
  programs?.remove();
});

for (const thread of THREADS) {
  for (const { programs } of examples) {
    const names = programs.map(({ file }) => file).join(", ");
    test(`Examples in Chromium, ${thread}: ${names}`, { skip: MISSING }, async () => {
      const site = router.replace("ws:", "http:");
      const started: BrowserProgram[] = [];
      try {
        for (const { file, prints } of programs) {
          const program = await BrowserProgram.start(browser, site, { file, thread, router });
          started.push(program);
          await program.printed(prints);
        }
      } finally {
        for (const program of started) await program.close();
      }
    });
  }
}
