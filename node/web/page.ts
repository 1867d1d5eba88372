/**
 * The page that the development server shows at "/": who is in the realm, and calling and publishing by hand. Its sources are in
 * `page/`; its WAMP client is the project's own library.
 * No bundler is needed: where the runtime can erase types, each module is served on its own, types erased; else (Bun) the runtime's
 * bundler makes one file of them. Nothing comes from outside, and the content security policy holds the page to that.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import * as nodeModule from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Hono } from "hono";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);
const ENTRY = "node/web/page/page.ts";

/** What the browser may ask for beside the page itself. */
const FILES: Readonly<Record<string, string>> = {
  "desk.css": "text/css; charset=utf-8",
  "page.css": "text/css; charset=utf-8",
  "icon.svg": "image/svg+xml",
};
/** The modules that the page is made of. Nothing else of the sources is served. */
const MODULES = /^(?:mod|(?:client|wamp|wamp\/codec|node\/web\/page)\/\w+)\.ts$/;
const SCRIPT = "text/javascript; charset=utf-8";

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-cache",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** The page and its parts, as an app to be mounted at "/". It connects to `/ws` of the host that it was loaded from. */
export function createPage(): Hono {
  const app = new Hono();
  const bundle = bundler();
  app.get("/", async (context) => {
    const response = respond(await page("index.html"), "text/html; charset=utf-8");
    response.headers.set("content-security-policy", policy(new URL(context.req.url).host));
    return response;
  });
  app.get("/page/page.js", async () => {
    return respond(
      canErase ? `import "./src/${ENTRY}";\n` : await bundle(),
      SCRIPT,
    );
  });
  app.get("/page/src/*", async (context) => {
    const path = context.req.path.slice("/page/src/".length);
    if (!canErase || !MODULES.test(path)) return context.notFound();
    const source = await sourceOf(path);
    return source === undefined ? context.notFound() : respond(erase(source), SCRIPT);
  });
  app.get("/page/:file", async (context) => {
    const file = context.req.param("file");
    const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
    return type === undefined ? context.notFound() : respond(await page(file), type);
  });
  return app;
}

/** Nothing from anywhere else, and no script but the page's. Not every browser counts WebSocket among 'self'. */
function policy(host: string): string {
  const sockets = /^[\w.:[\]-]+$/.test(host) ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self'${sockets}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

function respond(body: string, type: string): Response {
  return new Response(body, { headers: { ...HEADERS, "content-type": type } });
}

function page(file: string): Promise<string> {
  return readFile(join(ROOT, "node/web/page", file), "utf8");
}

async function sourceOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(join(ROOT, path), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Deno and Node.js have it, Bun 1.4 does not. */
const canErase = "stripTypeScriptTypes" in nodeModule;

/** The module as JavaScript, every line and column where it was. */
function erase(source: string): string {
  return nodeModule.stripTypeScriptTypes(source);
}

/** The whole page as one script, made at first use by `bun build`. */
function bundler(): () => Promise<string> {
  let made: Promise<string> | undefined;
  return async () => {
    try {
      return await (made ??= build());
    } catch (error) {
      // The next request tries again.
      made = undefined;
      throw error;
    }
  };
}

async function build(): Promise<string> {
  const entry = join(ROOT, ENTRY);
  const run = promisify(execFile);
  const limits = { maxBuffer: 16 * 1024 * 1024, timeout: 30_000 };
  const { stdout } = await run(process.execPath, ["build", "--target=browser", entry], limits);
  return stdout;
}
