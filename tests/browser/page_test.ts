/// <reference lib="dom" />
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import process from "node:process";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { DevServer, launchBrowser, MISSING } from "./browser_kit.ts";

/** Set to a directory to look at the page afterwards. */
const SCREENSHOTS = process.env["SCREENSHOTS"];

let server: DevServer;
let browser: Browser;
before(async () => {
  if (MISSING !== false) return;
  if (SCREENSHOTS !== undefined) mkdirSync(SCREENSHOTS, { recursive: true });
  [server, browser] = await Promise.all([DevServer.start(), launchBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

type View = Parameters<Browser["newPage"]>[0];

/** The page, connected. It must not log errors, but for those of `allowed`. */
async function open(view: View = {}, allowed = /^$/): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage(view);
  page.setDefaultTimeout(10_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !allowed.test(message.text())) faults.push(message.text());
  });
  await page.goto(server.url);
  await page.getByText("Connected", { exact: true }).waitFor();
  return { page, faults };
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  await page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, animations: "disabled" });
}

test(
  "Page: comes with a strict policy and asks nobody else for anything",
  { skip: MISSING },
  async () => {
    const { page, faults } = await open();
    const requests: string[] = [];
    page.on("request", (request) => requests.push(new URL(request.url()).host));
    const response = await page.reload();
    await page.getByText("Connected", { exact: true }).waitFor();
    const policy = response?.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.deepEqual([...new Set(requests)], [`127.0.0.1:${server.port}`]);
    assert.deepEqual(faults, []);
    await page.close();
  },
);

test("Page: sessions appear and leave, the page's own is marked", { skip: MISSING }, async () => {
  const { page, faults } = await open();
  const table = page.locator("#sessions");
  await table.getByText("this page").waitFor();
  const session = await server.join();
  const row = table.getByRole("row", { name: String(session.id) });
  await row.waitFor();
  assert.match(await row.innerText(), /websocket, json/);
  await session.leave();
  await row.waitFor({ state: "detached" });
  assert.deepEqual(faults, []);
  await page.close();
});

test("Page: registrations appear with their callees, and are called from their row", {
  skip: MISSING,
}, async () => {
  const { page, faults } = await open();
  const [first, second] = [await server.join(), await server.join()];
  const shared = { invoke: "roundrobin" } as const;
  const procedure = "com.example.page.double";
  await first.register(procedure, ([n]: readonly [number]) => n * 2, shared);
  const row = page.locator("#registrations").getByRole("row", { name: procedure });
  await row.getByRole("cell", { name: "1", exact: true }).waitFor();
  await second.register(procedure, ([n]: readonly [number]) => n * 2, shared);
  await row.getByRole("cell", { name: "2", exact: true }).waitFor();
  await row.getByRole("button").click();
  // The arguments have the focus.
  await page.keyboard.type("[21]");
  await page.keyboard.press("Control+Enter");
  const outcome = page.locator("#call-outcome");
  await outcome.getByText("Result").waitFor();
  assert.equal(await outcome.locator("pre").innerText(), "42");
  await shoot(page, "call");
  await first.leave();
  await row.getByRole("cell", { name: "1", exact: true }).waitFor();
  await second.leave();
  await row.waitFor({ state: "detached" });
  assert.deepEqual(faults, []);
  await page.close();
});

test("Page: 64-bit integers arrive exactly and are shown exactly", { skip: MISSING }, async () => {
  const { page, faults } = await open();
  const session = await server.join();
  const seen: unknown[] = [];
  await session.register("com.example.page.large", ([n]: readonly [bigint]) => {
    seen.push(n);
    return [n, n + 1n];
  });
  await page.fill("#call-procedure", "com.example.page.large");
  await page.fill("#call-args", "[9007199254740993, 18446744073709551615]");
  await page.click("#call button[type=submit]");
  const outcome = page.locator("#call-outcome");
  await outcome.getByText("Result").waitFor();
  assert.deepEqual(seen, [9007199254740993n]);
  assert.equal(
    await outcome.locator("pre").innerText(),
    "[\n  9007199254740993,\n  9007199254740994\n]",
  );
  await session.leave();
  assert.deepEqual(faults, []);
  await page.close();
});

test(
  "Page: errors of calls show their URI and arguments, wrong input its place",
  { skip: MISSING },
  async () => {
    const { page, faults } = await open();
    await page.fill("#call-procedure", "com.example.nobody");
    await page.click("#call button[type=submit]");
    await page.locator("#call-outcome").getByText("wamp.error.no_such_procedure").waitFor();
    await page.fill("#call-args", "[1, 2");
    await page.fill("#call-kwargs", '{"a": x}');
    await page.click("#call button[type=submit]");
    await page.getByText("something is missing at the end").waitFor();
    await page.getByText("unexpected x (column 7)").waitFor();
    assert.equal(await page.locator("#call-outcome").innerText(), "");
    await shoot(page, "wrong-input");
    await page.fill("#call-args", "");
    await page.fill("#call-kwargs", "");
    await page.click("#call button[type=submit]");
    await page.locator("#call-outcome").getByText("wamp.error.no_such_procedure").waitFor();
    assert.equal(await page.locator(".problem").count(), 0);
    assert.deepEqual(faults, []);
    await page.close();
  },
);

test("Page: a long call shows partial results and can be canceled", { skip: MISSING }, async () => {
  const { page, faults } = await open();
  const session = await server.join();
  let isInterrupted = false;
  await session.register("com.example.page.slow", (_args, _kwargs, details) => {
    details.progress(["half"]);
    return new Promise((_resolve, reject) => {
      details.signal.addEventListener("abort", () => {
        isInterrupted = true;
        reject(details.signal.reason);
      });
    });
  });
  await page.fill("#call-procedure", "com.example.page.slow");
  await page.click("#call button[type=submit]");
  await page.locator("#call-outcome").getByText('["half"]').waitFor();
  await page.click("#call-cancel");
  await page.locator("#call-outcome").getByText("Canceled").waitFor();
  // The router is at rest once it has answered this.
  await session.call("wamp.session.count");
  assert.equal(isInterrupted, true);
  await session.leave();
  assert.deepEqual(faults, []);
  await page.close();
});

test(
  "Page: publishing and subscribing by hand, with the list of subscriptions",
  { skip: MISSING },
  async () => {
    const { page, faults } = await open();
    const session = await server.join();
    const events: unknown[] = [];
    await session.subscribe(
      "com.example.page.topic",
      (args, kwargs) => events.push([args, kwargs]),
    );
    const row = page.locator("#subscriptions").getByRole("row", { name: "com.example.page.topic" });
    await row.getByRole("cell", { name: "1", exact: true }).waitFor();

    await page.getByRole("tab", { name: "Subscribe" }).click();
    await page.fill("#watch-topic", "com.example.page");
    await page.selectOption("#watch-match", "prefix");
    await page.click("#watch-form button[type=submit]");
    await page.locator("#subscriptions").getByRole("row", { name: "com.example.page prefix" })
      .waitFor();
    session.publish("com.example.page.topic", ["from the test"], { "n": 1 }, { discloseMe: true });
    await page.locator("#events").getByText('["from the test"] {"n":1}').waitFor();
    await page.locator("#events").getByText(`from ${session.authid}`).waitFor();

    await row.getByRole("button").click();
    await page.fill("#publish-args", '["from the page"]');
    await page.click("#publish button[type=submit]");
    await page.locator("#publish-outcome").getByText("Published").waitFor();
    await page.locator("#unseen").getByText("1", { exact: true }).waitFor();
    await page.getByRole("tab", { name: "Subscribe" }).click();
    await page.locator("#events").getByText('["from the page"]').waitFor();
    await session.call("wamp.session.count");
    assert.deepEqual(events, [[["from the page"], {}]]);
    await shoot(page, "events");

    await page.getByRole("button", { name: "Unsubscribe from com.example.page (prefix)" }).click();
    await page.locator("#subscriptions").getByRole("row", { name: "com.example.page prefix" })
      .waitFor({ state: "detached" });
    await session.leave();
    await row.waitFor({ state: "detached" });
    assert.deepEqual(faults, []);
    await page.close();
  },
);

test(
  "Page: filters its lists and can show the router's own topics",
  { skip: MISSING },
  async () => {
    const { page, faults } = await open();
    const table = page.locator("#subscriptions");
    await page.locator("#sessions").getByText("this page").waitFor();
    assert.equal(await table.getByText("wamp.session.on_join").count(), 0);
    await page.check("#show-meta");
    await table.getByText("wamp.session.on_join").waitFor();
    await page.fill("#filter", "on_leave");
    await table.getByText("wamp.session.on_join").waitFor({ state: "detached" });
    await table.getByText("wamp.session.on_leave").waitFor();
    assert.deepEqual(faults, []);
    await page.close();
  },
);

test(
  "Page: works by keyboard: a skip link, tabs with arrows, visible focus",
  { skip: MISSING },
  async () => {
    const { page, faults } = await open();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.className), "skip");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "tab-call");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "tab-publish");
    await page.locator("#publish").waitFor();
    await page.keyboard.press("End");
    await page.locator("#watch").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "watch-topic");
    assert.deepEqual(faults, []);
    await page.close();
  },
);

for (
  const [name, view] of [
    ["light", { colorScheme: "light", viewport: { width: 1360, height: 860 } }],
    ["dark", { colorScheme: "dark", viewport: { width: 1360, height: 860 } }],
    ["phone", { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
  ] as const
) {
  test(`Page: fits a ${name} screen`, { skip: MISSING }, async () => {
    const { page, faults } = await open(view);
    await page.locator("#sessions").getByText("this page").waitFor();
    const [content, screen, ground] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
      getComputedStyle(document.body).backgroundColor,
    ]);
    assert.equal(content, screen);
    assert.equal(ground, name === "dark" ? "rgb(14, 18, 20)" : "rgb(245, 246, 247)");
    await shoot(page, name);
    assert.deepEqual(faults, []);
    await page.close();
  });
}

test(
  "Page: a realm that is not there is told, and another can be chosen",
  { skip: MISSING },
  async () => {
    const { page } = await open();
    await page.fill("#realm", "nowhere");
    await page.press("#realm", "Enter");
    await page.getByText("wamp.error.no_such_realm").waitFor();
    await shoot(page, "no-realm");
    await page.fill("#realm", "realm1");
    await page.press("#realm", "Enter");
    await page.getByText("Connected", { exact: true }).waitFor();
    await page.close();
  },
);

// Last: the server changes.
test(
  "Page: survives a restart of the router, its subscriptions too",
  { skip: MISSING },
  async () => {
    const { page, faults } = await open({}, /WebSocket connection to/);
    await page.getByRole("tab", { name: "Subscribe" }).click();
    await page.fill("#watch-topic", "com.example.page.topic");
    await page.click("#watch-form button[type=submit]");
    await page.locator("#subscriptions").getByText("com.example.page.topic").waitFor();
    const { port } = server;
    await server.stop();
    await page.getByText("Not connected").waitFor();
    await page.getByRole("button", { name: /Retry now/ }).waitFor();
    await shoot(page, "disconnected");
    server = await DevServer.start(port);
    await page.getByText("Connected", { exact: true }).waitFor();
    const session = await server.join();
    await page.locator("#sessions").getByRole("row", { name: String(session.id) }).waitFor();
    await page.locator("#subscriptions").getByText("com.example.page.topic").waitFor();
    session.publish("com.example.page.topic", ["again"]);
    await page.locator("#events").getByText('["again"]').waitFor();
    await session.leave();
    assert.deepEqual(faults, []);
    await page.close();
  },
);
