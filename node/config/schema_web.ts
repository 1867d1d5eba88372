/** What a web transport serves: one service a path. */
import { z } from "zod";
import { longpoll, type LongPollConfig } from "./schema_longpoll.ts";
import { type BridgeConfig, caller, publisher, webhook } from "./schema_bridge.ts";
import { anyValue, flag, id, kinds, off, refused, section, text, whole } from "./fields.ts";
import { websocketConnection } from "./schema_connection.ts";

const staticOptions = section("How files are served", () => ({
  "enable_directory_listing": flag(false, "List directories without an index.html"),
  "mime_types": z.record(
    z.string().regex(/^\.[\w.+-]+$/, 'a suffix of file names with its dot (".svg")'),
    z.string().regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w=." -]+)?$/, 'a media type ("image/svg+xml")'),
  ).default({}).describe("More media types, by suffix"),
  "cache_timeout": whole({ min: 0, max: 315_360_000, unit: "s" }, "").nullable().default(43_200)
    .describe("How long browsers may keep a file without asking; null: they ask each time"),
  "default_file": text("File of the directory to serve for paths that do not exist").optional(),
  "allow_cross_origin": flag(true, "Let pages of other origins read the files"),
}));

const PACKAGE = 'resources of Python packages do not exist here; write a "directory"';

const files = section("Files of a directory", () => ({
  "id": id("Id of the service"),
  "type": z.literal("static"),
  "directory": text("Directory, relative to the node directory"),
  "package": refused(PACKAGE),
  "resource": refused(PACKAGE),
  "options": staticOptions.prefault({}),
}));

const json = section("A JSON value", () => ({
  "id": id("Id of the service"),
  "type": z.literal("json"),
  "value": anyValue.describe("The value to serve"),
  "options": section("How the value is served", () => ({
    "prettify": flag(true, "Indent it"),
    "allow_cross_origin": flag(false, "Let pages of other origins read it"),
    "discourage_caching": flag(false, "Ask browsers not to keep it"),
  })).prefault({}),
}));

const redirect = section("A redirection to another URL", () => ({
  "id": id("Id of the service"),
  "type": z.literal("redirect"),
  "url": text("Where to: a URL, an absolute path or a relative one"),
}));

const nodeinfo = section("A page that shows this node's version and how long it has run", () => ({
  "id": id("Id of the service"),
  "type": z.literal("nodeinfo"),
}));

const websocket = section("WAMP over WebSocket", () => ({
  ...websocketConnection(),
  "id": id("Id of the service"),
  "type": z.literal("websocket"),
}));

/** Declared here, as a nested path service holds paths itself and TypeScript cannot infer a type from itself. */
export type WebPathsConfig = { readonly [path: string]: WebServiceConfig };
export type WebServiceConfig =
  | z.output<typeof files>
  | z.output<typeof json>
  | z.output<typeof redirect>
  | z.output<typeof nodeinfo>
  | z.output<typeof websocket>
  | BridgeConfig
  | LongPollConfig
  | { readonly type: "path"; readonly id?: string | undefined; readonly paths: WebPathsConfig };

/** A WebSocket service, wherever it stands. */
export type WebSocketConnectionConfig = Omit<z.output<typeof websocket>, "id" | "type">;
export type StaticConfig = z.output<typeof files>;
export type JsonValueConfig = z.output<typeof json>;

const folder = section("Services below this path", () => ({
  "id": id("Id of the service"),
  "type": z.literal("path"),
  get paths(): z.ZodType<WebPathsConfig> {
    return paths;
  },
}));

const LATER = "with a later version; remove the path";
const PROXY = "put a web server such as Caddy or nginx before the node; remove the path";
const PYTHON = "runs Python, which this router does not; run it as a service of its own";

const service = kinds(
  "A service of a web transport",
  [websocket, files, nodeinfo, json, redirect, longpoll, publisher, caller, webhook, folder],
  [
    "websocket",
    "static",
    "nodeinfo",
    "json",
    "redirect",
    "longpoll",
    "publisher",
    "caller",
    "webhook",
    "path",
  ],
  {
    "upload": `file upload comes ${LATER}`,
    "reverseproxy": PROXY,
    "websocket-reverseproxy": PROXY,
    "archive": 'unpack the archive and serve its files by "static"',
    "cgi": "run the program as a service of its own; remove the path",
    "wap": `WAMP application pages come ${LATER}`,
    "catalog": "catalogs of FlatBuffers schemas are not planned; remove the path",
    "map": "maps are not planned; remove the path",
    "wsgi": `WSGI ${PYTHON}`,
    "resource": `a Twisted resource ${PYTHON}`,
  },
);

const PATH = 'letters, digits, _ and - (no slashes), or "/" for all other paths';

/** A path is one component, as in Crossbar.io: `"ws"` serves /ws and what lies below it. */
const paths: z.ZodType<WebPathsConfig> = z.record(
  z.string().regex(/^([a-z0-9A-Z_-]+|\/)$/, PATH),
  service,
).describe(`Services by path: ${PATH}`);

export const webPaths = paths.refine(
  (services) => Object.hasOwn(services, "/"),
  { error: 'a service for "/", which serves all paths without one of their own', path: ["/"] },
);

export const webOptions = section("How HTTP is served", () => ({
  "access_log": flag(false, "Log each request"),
  "display_tracebacks": off("errors are logged, not shown; remove the key"),
  "hsts": flag(false, "Tell browsers to come back over TLS only; needs a TLS endpoint"),
  "hsts_max_age": whole({ min: 0, max: 315_360_000, unit: "s" }, "How long browsers remember that")
    .default(31_536_000),
  "client_timeout": whole({ min: 1, max: 86_400, unit: "s" }, "").nullable().default(60).describe(
    "How long an HTTP connection stays open between requests; null: without limit",
  ),
}));

export type WebOptionsConfig = z.output<typeof webOptions>;
