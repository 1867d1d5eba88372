/** What the web services answer, and what hostile requests get: the app alone, without a socket. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Log } from "../../../router/ports.ts";
import { newStats, TransportHost } from "../../../transports/host.ts";
import { systemClock } from "../../../transports/clock.ts";
import { parseConfig } from "../../../node/config/parse.ts";
import { createWeb } from "../../../node/web/services.ts";
import { parseWebPath } from "../../../node/web/web_path.ts";
import { routerOf } from "../../kit/router_config.ts";

const ORIGIN = "http://localhost:8080";
const MODIFIED = new Date("2024-05-06T07:08:09Z");
let root = "";
const logged: string[] = [];
const log: Log = {
  debug: () => {},
  info: (text, properties) =>
    logged.push(text.replace(/\{(\w+)\}/g, (_, key) => String(properties[key]))),
  warn: () => {},
  error: (text, properties) => logged.push(`${text} ${String(properties["error"])}`),
};

before(async () => {
  root = await mkdtemp(join(tmpdir(), "realmway-web-"));
  await mkdir(join(root, "www", "sub dir"), { recursive: true });
  await mkdir(join(root, "www", "indexed"));
  await mkdir(join(root, "www", ".well-known"));
  await mkdir(join(root, "www", ".crossbar"));
  await mkdir(join(root, "node"));
  const files = {
    "www/hello.txt": "Hello, world",
    "www/page.html": "<p>page</p>",
    "www/empty.js": "",
    "www/data.jgz": "x",
    "www/file.xyz": "x",
    "www/large.bin": "0123456789".repeat(20_000),
    "www/indexed/index.html": "<p>index</p>",
    "www/sub dir/<b>&.txt": "odd name",
    "www/.hidden": "hidden",
    "www/.well-known/acme": "token",
    "www/.crossbar/config.json": "secret",
    "node/config.json": "secret",
    "outside.txt": "outside",
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(root, name), text);
    await utimes(join(root, name), MODIFIED, MODIFIED);
  }
  await symlink(join(root, "outside.txt"), join(root, "www", "escape.txt"));
  await symlink(root, join(root, "www", "escape"));
  await symlink(join(root, "www", "hello.txt"), join(root, "www", "inside.txt"));
});
after(() => rm(root, { recursive: true }));

function webApp(paths: object, options: object = {}, isSecure = false) {
  const transport = { type: "web", endpoint: { type: "tcp", port: 1 }, paths, options };
  const config = parseConfig({
    version: 2,
    workers: [{ type: "router", transports: [transport] }],
  });
  const web = routerOf(config).transports[0];
  assert.ok(web?.type === "web");
  return createWeb(web.paths, {
    nodeDirectory: join(root, "node"),
    options: web.options,
    isSecure,
    log,
    services: new WeakMap(),
    bridge: {
      join: () => Promise.reject(new Error("no router")),
      secret: () => Promise.resolve(undefined),
      clock: systemClock,
      log,
    },
    longPoll: {
      attach: () => assert.fail("no router"),
      host: new TransportHost({ onFault: (error) => assert.fail(String(error)) }),
      stats: newStats(),
      listener: "transport001",
      clock: systemClock,
      open: new Set(),
    },
    peerOf: () => ({ host: "127.0.0.1", name: "tcp4:127.0.0.1:1", isSecure }),
    facts: {
      id: "node1",
      startedAt: Date.parse("2024-01-01T00:00:00Z"),
      now: () => Date.parse("2024-01-02T03:04:05Z"),
    },
  });
}

const files = (options = {}) => webApp({ "/": { type: "static", directory: "../www", options } });

async function get(app: ReturnType<typeof webApp>, path: string, init: RequestInit = {}) {
  // Not `new URL`: hostile paths must arrive as they are, as they do from a socket.
  const request = new Request(`${ORIGIN}/`, init);
  Object.defineProperty(request, "url", { value: `${ORIGIN}${path}` });
  const response = await app.fetch(request);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test("Static: serves files with type, validators and caching", async () => {
  const { status, headers, text } = await get(files(), "/hello.txt");
  assert.equal(status, 200);
  assert.equal(text, "Hello, world");
  assert.equal(headers.get("content-type"), "text/plain; charset=utf-8");
  assert.equal(headers.get("content-length"), "12");
  assert.equal(headers.get("last-modified"), "Mon, 06 May 2024 07:08:09 GMT");
  assert.equal(headers.get("cache-control"), "public, max-age=43200");
  assert.equal(headers.get("accept-ranges"), "bytes");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(headers.get("etag") ?? "", /^"[0-9a-f]+-[0-9a-f]+"$/);
});

test("Static: media types are known, added to, and unknown", async () => {
  const app = files({ "mime_types": { ".xyz": "chemical/x-xyz" } });
  const type = async (path: string) => (await get(app, path)).headers.get("content-type");
  assert.equal(await type("/page.html"), "text/html; charset=utf-8");
  assert.equal(await type("/empty.js"), "text/javascript; charset=utf-8");
  assert.equal(await type("/data.jgz"), "text/javascript; charset=utf-8");
  assert.equal(await type("/file.xyz"), "chemical/x-xyz");
  assert.equal(
    (await get(files(), "/file.xyz")).headers.get("content-type"),
    "application/octet-stream",
  );
});

test("Static: a client's fresh copy is answered with 304", async () => {
  const etag = (await get(files(), "/hello.txt")).headers.get("etag") ?? "";
  const status = async (headers: Record<string, string>) =>
    (await get(files(), "/hello.txt", { headers })).status;
  assert.equal(await status({ "if-none-match": etag }), 304);
  assert.equal(await status({ "if-none-match": `"other", W/${etag}` }), 304);
  assert.equal(await status({ "if-none-match": "*" }), 304);
  assert.equal(await status({ "if-none-match": '"other"' }), 200);
  assert.equal(await status({ "if-modified-since": MODIFIED.toUTCString() }), 304);
  assert.equal(await status({ "if-modified-since": "Mon, 06 May 2024 07:08:08 GMT" }), 200);
  assert.equal(await status({ "if-modified-since": "nonsense" }), 200);
  // An entity tag outweighs the date.
  assert.equal(
    await status({ "if-none-match": '"other"', "if-modified-since": MODIFIED.toUTCString() }),
    200,
  );
});

test("Static: one range is sent alone", async () => {
  const range = async (value: string, more: Record<string, string> = {}) => {
    const { status, headers, text } = await get(files(), "/hello.txt", {
      headers: { "range": value, ...more },
    });
    return [status, headers.get("content-range"), text];
  };
  assert.deepEqual(await range("bytes=0-4"), [206, "bytes 0-4/12", "Hello"]);
  assert.deepEqual(await range("bytes=7-"), [206, "bytes 7-11/12", "world"]);
  assert.deepEqual(await range("bytes=-5"), [206, "bytes 7-11/12", "world"]);
  assert.deepEqual(await range("bytes=-500"), [206, "bytes 0-11/12", "Hello, world"]);
  assert.deepEqual(await range("bytes=7-500"), [206, "bytes 7-11/12", "world"]);
  assert.deepEqual(await range("bytes=12-"), [416, "bytes */12", ""]);
  assert.deepEqual(await range("bytes=-0"), [416, "bytes */12", ""]);
  for (const ignored of ["bytes=5-4", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b"]) {
    assert.deepEqual(await range(ignored), [200, null, "Hello, world"], ignored);
  }
  assert.deepEqual(await range("bytes=0-4", { "if-range": '"old"' }), [200, null, "Hello, world"]);
  assert.deepEqual(await range("bytes=0-4", { "if-range": MODIFIED.toUTCString() }), [
    206,
    "bytes 0-4/12",
    "Hello",
  ]);
});

test("Static: large files arrive whole, and HEAD sends no body", async () => {
  const { text, headers } = await get(files(), "/large.bin");
  assert.equal(text, "0123456789".repeat(20_000));
  assert.equal(headers.get("content-length"), "200000");
  const head = await get(files(), "/large.bin", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers.get("content-length"), head.text], [
    200,
    "200000",
    "",
  ]);
});

test("Static: other methods are refused", async () => {
  for (const method of ["POST", "PUT", "DELETE"]) {
    const { status, headers } = await get(files(), "/hello.txt", { method });
    assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD"]);
  }
});

test("Static: a directory shows its index.html, and nothing without one", async () => {
  assert.equal((await get(files(), "/indexed/")).text, "<p>index</p>");
  const redirect = await get(files(), "/indexed?a=b");
  assert.deepEqual([redirect.status, redirect.headers.get("location")], [301, "/indexed/?a=b"]);
  assert.equal((await get(files(), "/sub%20dir/")).status, 404);
  assert.equal((await get(files(), "/")).status, 404);
  assert.equal((await get(files(), "/hello.txt/")).status, 404);
});

test("Static: a listing shows what is served and escapes names", async () => {
  const app = files({ "enable_directory_listing": true });
  const { text } = await get(app, "/sub%20dir/");
  assert.ok(text.includes('<a href="./%3Cb%3E%26.txt">&#60;b&#62;&#38;.txt</a>'));
  assert.ok(text.includes('<a href="../">'));
  const top = (await get(app, "/")).text;
  assert.ok(top.includes('<a href="./sub%20dir/">sub dir/</a>'));
  assert.ok(!top.includes(".hidden") && !top.includes(".crossbar"));
});

test("Static: hidden files and the node directory are never served", async () => {
  for (
    const path of ["/.hidden", "/.crossbar/config.json", "/%2ecrossbar/config.json", "/.crossbar/"]
  ) {
    assert.equal((await get(files({ "enable_directory_listing": true }), path)).status, 404, path);
  }
  assert.equal((await get(files(), "/.well-known/acme")).text, "token");
  const above = webApp({ "/": { type: "static", directory: ".." } });
  assert.equal((await get(above, "/outside.txt")).text, "outside");
  assert.equal((await get(above, "/node/config.json")).status, 404);
});

test("Static: no path and no symbolic link leads out of the directory", async () => {
  const paths = [
    "/../outside.txt",
    "/%2e%2e/outside.txt",
    "/..%2foutside.txt",
    "/..%5coutside.txt",
    "/..\\outside.txt",
    "/indexed/../../outside.txt",
    "/indexed/%2e%2e/%2e%2e/outside.txt",
    "/./hello.txt",
    "//hello.txt",
    "//etc/passwd",
    "/indexed//index.html",
    "/hello.txt%00",
    "/%00",
    "/%ff",
    "/%",
    "/%2fetc%2fpasswd",
    "/escape.txt",
    "/escape/outside.txt",
    "/escape/",
    `/${"a".repeat(5000)}`,
    "/hello.txt/x",
  ];
  for (const path of paths) {
    const { status, text } = await get(files({ "enable_directory_listing": true }), path);
    assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    assert.ok(!text.includes("outside"), path);
  }
  assert.equal((await get(files(), "/inside.txt")).text, "Hello, world");
});

test("Static: a default file answers for what does not exist", async () => {
  const app = files({ "default_file": "page.html" });
  assert.deepEqual([(await get(app, "/nowhere")).status, (await get(app, "/nowhere")).text], [
    200,
    "<p>page</p>",
  ]);
  assert.equal((await get(app, "/../x")).status, 400);
});

test("Static: other origins may read files unless configured otherwise", async () => {
  const allowed = async (options: object) =>
    (await get(files(options), "/hello.txt")).headers.get("access-control-allow-origin");
  assert.equal(await allowed({}), "*");
  assert.equal(await allowed({ "allow_cross_origin": false }), null);
  assert.equal(
    (await get(files({ "cache_timeout": null }), "/hello.txt")).headers.get("cache-control"),
    "no-cache",
  );
});

test("Web: the first name of a path picks the service", async () => {
  const app = webApp({
    "/": { type: "nodeinfo" },
    "files": { type: "static", directory: "../www" },
    "ws": { type: "websocket" },
    "old": { type: "redirect", url: "https://example.com/new" },
    "more": {
      type: "path",
      paths: { "inner": { type: "json", value: 5 }, "ws": { type: "websocket" } },
    },
  });
  assert.equal((await get(app, "/files/hello.txt")).text, "Hello, world");
  assert.match((await get(app, "/ws")).text, /The router is running/);
  assert.match((await get(app, "/ws/x?y")).text, /The router is running/);
  assert.match((await get(app, "/more/ws")).text, /The router is running/);
  assert.equal((await get(app, "/more/inner")).text, "5\n");
  assert.equal((await get(app, "/more/inner/x")).status, 404);
  assert.equal((await get(app, "/more")).status, 404);
  assert.equal((await get(app, "/nowhere")).status, 404);
  const old = await get(app, "/old/anything");
  assert.deepEqual([old.status, old.headers.get("location")], [302, "https://example.com/new"]);
});

test("Web: the address of a WebSocket service shows a page, or 426 when that is off", async () => {
  const app = (options: object) =>
    webApp({ "/": { type: "websocket", serializers: ["json"], options } });
  const page = await get(app({}), "/");
  assert.equal(page.status, 200);
  assert.match(page.text, /wamp\.2\.json<.*wamp\.2\.json\.batched/);
  assert.match(page.text, /Realmway \d/);
  assert.doesNotMatch((await get(app({ "show_server_version": false }), "/")).text, /Realmway \d/);
  const { status, headers } = await get(app({ "enable_webstatus": false }), "/");
  assert.deepEqual([status, headers.get("upgrade")], [426, "websocket"]);
});

test("Web: node info is HTML for browsers and JSON for programs", async () => {
  const app = webApp({ "/": { type: "nodeinfo" } });
  const page = await get(app, "/", { headers: { "accept": "text/html,*/*" } });
  assert.match(page.text, /Realmway \d/);
  assert.match(page.text, /1 d 3 h/);
  assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  const { text } = await get(app, "/", { headers: { "accept": "application/json" } });
  const { software, node, started, uptimeSeconds } = JSON.parse(text);
  assert.deepEqual({ software, node, started, uptimeSeconds }, {
    software: "Realmway",
    node: "node1",
    started: "2024-01-01T00:00:00.000Z",
    uptimeSeconds: 97_445,
  });
});

test("Web: a JSON value is served as configured", async () => {
  const value = { "a": [1, "<script>"] };
  const plain = await get(
    webApp({ "/": { type: "json", value, options: { prettify: false } } }),
    "/",
  );
  assert.equal(plain.text, '{"a":[1,"<script>"]}\n');
  assert.equal(plain.headers.get("content-type"), "application/json; charset=utf-8");
  assert.equal(plain.headers.get("access-control-allow-origin"), null);
  const options = { "allow_cross_origin": true, "discourage_caching": true };
  const { text, headers } = await get(webApp({ "/": { type: "json", value, options } }), "/");
  assert.ok(text.includes("\n  "));
  assert.equal(headers.get("access-control-allow-origin"), "*");
  assert.equal(headers.get("cache-control"), "no-store, max-age=0");
});

test("Web: HSTS is announced over TLS only; the access log names requests", async () => {
  const paths = { "/": { type: "nodeinfo" } };
  const options = { "hsts": true, "hsts_max_age": 60, "access_log": true };
  const hsts = async (isSecure: boolean) =>
    (await get(webApp(paths, options, isSecure), "/x")).headers.get("strict-transport-security");
  logged.length = 0;
  assert.equal(await hsts(true), "max-age=60");
  assert.equal(await hsts(false), null);
  assert.deepEqual(logged, Array(2).fill(`GET ${ORIGIN}/x 404`));
});

test("Web paths: names and directories", () => {
  const names = (path: string) => parseWebPath(`${ORIGIN}${path}`);
  assert.deepEqual(names("/"), { names: [], isDirectory: true });
  assert.deepEqual(names(""), { names: [], isDirectory: true });
  assert.deepEqual(names("/a/b"), { names: ["a", "b"], isDirectory: false });
  assert.deepEqual(names("/a/b/?c/d"), { names: ["a", "b"], isDirectory: true });
  assert.deepEqual(names("/%C3%A4%20b"), { names: ["ä b"], isDirectory: false });
  assert.equal(parseWebPath("/no/origin"), undefined);
});
