import assert from "node:assert/strict";
import { test } from "node:test";
import { createPage } from "../../../../node/web/page.ts";

const page = createPage();
const get = (path: string) => page.request(`http://127.0.0.1:8080${path}`);

test("Page: is HTML that may load nothing but its own parts", async () => {
  const response = await get("/");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^default-src 'none'; script-src 'self'; /);
  assert.match(policy, /connect-src 'self' ws:\/\/127\.0\.0\.1:8080 wss:\/\/127\.0\.0\.1:8080;/);
  const html = await response.text();
  assert.doesNotMatch(html, /https?:|<style|style=|onclick|<script(?! type="module" src=)/);
  for (const [, path = ""] of html.matchAll(/(?:href|src)="(\/[^"]*)"/g)) {
    assert.equal((await get(path)).status, 200, path);
  }
});

test("Page: a Host header cannot write into the policy", async () => {
  const response = await page.request("http://a;script-src/");
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /connect-src 'self';/);
});

test("Page: its script and all that it imports are JavaScript for browsers", async () => {
  const seen = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const response = await get(path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), "text/javascript; charset=utf-8");
    const source = await response.text();
    assert.doesNotMatch(source, /from "node:|^(export )?interface \w+ \{/m);
    for (const [, specifier = ""] of source.matchAll(/^(?:import|.*from) "(\.[^"]+)";$/gm)) {
      await visit(new URL(specifier, `http://page${path}`).pathname);
    }
  };
  await visit("/page/page.js");
  // One by one on Deno, one bundle on Bun.
  if (seen.size === 1) return;
  await visit("/page/src/client/dial_browser.ts");
  assert.ok(seen.has("/page/src/wamp/codec/json_text.ts"), [...seen].join());
});

for (
  const path of [
    "/page/src/node/cli/main.ts",
    "/page/src/router/mod.ts",
    "/page/src/transports/dial.ts",
    "/page/src/client/nothing.ts",
    "/page/src/client/..%2fpackage.json",
    "/page/src/%2e%2e/package.json",
    "/page/index.html",
    "/page/constructor",
    "/page/..%2fpage.ts",
    "/elsewhere",
  ]
) {
  test(`Page: ${path} is not served`, async () => {
    assert.equal((await get(path)).status, 404);
  });
}
