/**
 * Files of a directory over HTTP: index files, listings, caching (ETag, Last-Modified), one range. Never anything outside of the directory,
 * whatever the path or a symbolic link says; nothing whose name begins with a dot (but .well-known); nothing of the node directory, which holds
 * keys. Called by `services.ts`.
 */
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { getMimeType } from "hono/utils/mime";
import type { StaticConfig } from "../config/schema_web.ts";
import { escapeHtml, htmlDocument, notFound, PAGE_HEADERS, refusedMethod } from "./document.ts";
import { parseRange } from "./range.ts";
import type { WebPath } from "./web_path.ts";

export interface StaticSettings {
  /** Absolute; need not exist yet. */
  readonly root: string;
  /** The node directory, absolute. */
  readonly nodeDirectory: string;
  readonly options: StaticConfig["options"];
}

const CHUNK_BYTES = 65_536;
const MORE_TYPES = { "jgz": "text/javascript; charset=utf-8" };

/** @param path what is left of the request's path below the service. */
export async function serveFile(
  request: Request,
  path: WebPath,
  settings: StaticSettings,
): Promise<Response> {
  const response = refusedMethod(request.method) ?? await find(request, path, settings);
  if (settings.options.allow_cross_origin) response.headers.set("access-control-allow-origin", "*");
  return response;
}

async function find(request: Request, path: WebPath, settings: StaticSettings): Promise<Response> {
  const { default_file: fallback, enable_directory_listing: hasListing } = settings.options;
  const isHidden = path.names.some((name) => name.startsWith(".") && name !== ".well-known");
  const found = isHidden ? undefined : await locate(settings, path.names);
  if (found?.kind === "directory") {
    if (!path.isDirectory) return addSlash(request.url);
    const index = await locate(settings, [...path.names, "index.html"]);
    if (index?.kind === "file") return await answer(request, index, settings);
    if (hasListing) return await listing(found.file, path.names.length > 0);
  }
  if (found?.kind === "file" && !path.isDirectory) return await answer(request, found, settings);
  if (fallback !== undefined) {
    const other = await locate(settings, fallback.split("/"));
    if (other?.kind === "file") return await answer(request, other, settings);
  }
  return notFound();
}

interface Found {
  readonly kind: "directory" | "file";
  /** Without symbolic links. */
  readonly file: string;
}

/** Follows symbolic links, but not out of the root. */
async function locate(
  settings: StaticSettings,
  names: readonly string[],
): Promise<Found | undefined> {
  try {
    const root = await realpath(settings.root);
    const file = await realpath(join(root, ...names));
    if (!isWithin(file, root)) return undefined;
    const nodeDirectory = await realpath(settings.nodeDirectory);
    if (isWithin(file, nodeDirectory) && !isWithin(root, nodeDirectory)) return undefined;
    // Not `open`: it would wait for the other end of a FIFO.
    const found = await stat(file);
    if (found.isDirectory()) return { kind: "directory", file };
    return found.isFile() ? { kind: "file", file } : undefined;
  } catch (cause) {
    if (isAbsence(cause)) return undefined;
    throw cause;
  }
}

function isWithin(file: string, directory: string): boolean {
  return file === directory ||
    file.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** Not there, or not for us: the client learns the same. */
function isAbsence(cause: unknown): boolean {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "EPERM" ||
    code === "ELOOP" || code === "ENAMETOOLONG" || code === "ENXIO";
}

async function answer(request: Request, found: Found, settings: StaticSettings): Promise<Response> {
  const handle = await open(found.file);
  let isHandedOver = false;
  try {
    const { size, mtimeMs } = await handle.stat();
    const etag = `"${size.toString(16)}-${Math.trunc(mtimeMs).toString(16)}"`;
    const modified = new Date(Math.trunc(mtimeMs / 1000) * 1000);
    const headers = new Headers({
      "content-type": mediaType(found.file, settings.options.mime_types),
      "accept-ranges": "bytes",
      "etag": etag,
      "last-modified": modified.toUTCString(),
      ...cacheHeaders(settings.options.cache_timeout),
    });
    if (isFresh(request.headers, etag, modified)) {
      return new Response(null, { status: 304, headers });
    }
    const range = parseRange(request.headers, size, etag, modified);
    if (range === "unsatisfiable") {
      headers.set("content-range", `bytes */${size}`);
      return new Response(null, { status: 416, headers });
    }
    const { start, end } = range ?? { start: 0, end: size };
    if (range !== undefined) headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
    headers.set("content-length", String(end - start));
    const status = range === undefined ? 200 : 206;
    if (request.method === "HEAD" || end === start) return new Response(null, { status, headers });
    isHandedOver = true;
    return new Response(contents(handle, start, end), { status, headers });
  } finally {
    if (!isHandedOver) await handle.close();
  }
}

function mediaType(file: string, own: Readonly<Record<string, string>>): string {
  const name = file.slice(file.lastIndexOf(sep) + 1);
  const suffix = Object.keys(own).filter((key) => name.endsWith(key))
    .sort((a, b) => b.length - a.length)[0];
  const type = suffix === undefined ? undefined : own[suffix];
  return type ?? getMimeType(name) ?? getMimeType(name, MORE_TYPES) ?? "application/octet-stream";
}

function cacheHeaders(seconds: number | null): Record<string, string> {
  return { "cache-control": seconds === null ? "no-cache" : `public, max-age=${seconds}` };
}

/** The client's copy is still good. [RFC 9110 section 13] */
function isFresh(headers: Headers, etag: string, modified: Date): boolean {
  const known = headers.get("if-none-match");
  if (known !== null) {
    return known.split(",").map((tag) => tag.trim().replace(/^W\//, ""))
      .some((tag) => tag === etag || tag === "*");
  }
  const since = Date.parse(headers.get("if-modified-since") ?? "");
  return since >= modified.getTime();
}

/** The bytes from `start` to `end`, read as they are wanted. Closes the file. */
function contents(handle: FileHandle, start: number, end: number): ReadableStream<Uint8Array> {
  let at = start;
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
      try {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
        if (bytesRead === 0) throw new Error("Cannot send a file: it became shorter on the way");
        at += bytesRead;
        controller.enqueue(buffer.subarray(0, bytesRead));
      } catch (cause) {
        await handle.close();
        throw cause;
      }
      if (at === end) {
        await handle.close();
        controller.close();
      }
    },
    cancel: () => handle.close(),
  });
}

function addSlash(url: string): Response {
  // The path holds no empty name, so this is no "//host".
  const [, path, query] = /^[a-z]+:\/\/[^/?#]*([^?#]*)(\?[^#]*)?/i.exec(url) ?? [];
  return new Response(null, { status: 301, headers: { "location": `${path}/${query ?? ""}` } });
}

async function listing(directory: string, hasParent: boolean): Promise<Response> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.name.startsWith("."))
    .map((entry) => entry.isDirectory() ? `${entry.name}/` : entry.name).sort();
  const items = [...(hasParent ? ["../"] : []), ...names].map((name) => {
    // "./" before it: a name may look like a scheme ("javascript:...").
    const link = name === "../" ? name : `./${encodeURIComponent(name).replace(/%2F$/, "/")}`;
    return `<li><a href="${link}">${escapeHtml(name)}</a></li>`;
  });
  const body = `<ul>\n${items.join("\n")}\n</ul>`;
  return new Response(htmlDocument("Files", body), { headers: PAGE_HEADERS });
}
