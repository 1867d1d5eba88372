/** Whole configurations, as people have them: rewritten from what Crossbar.io's pages and examples show. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../node/config/parse.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";
import type { TransportConfig } from "../../../node/config/schema.ts";
import { rawSocketOptions, realmOptions, webSocketOptions } from "../../../node/options.ts";
import { ALLOW_ALL } from "../../../router/permission.ts";
import { routerOf } from "../../kit/router_config.ts";

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), "fixtures");

async function worker(name: string, env = {}) {
  return routerOf(await readConfig(join(FIXTURES, name), env));
}

function only<T extends TransportConfig["type"]>(config: TransportConfig | undefined, type: T) {
  assert.equal(config?.type, type);
  return config as Extract<TransportConfig, { type: T }>;
}

test("Fixture: the configuration that crossbar init writes", async () => {
  const { realms, transports } = await worker("default.json");
  const [realm] = realms;
  assert.ok(realm);
  const allowAll = { ...ALLOW_ALL, disclose: { caller: undefined, publisher: undefined } };
  assert.deepEqual(realmOptions(realm), {
    name: "realm1",
    roles: [{ name: "anonymous", allowByDefault: false, permissions: [allowAll] }],
    uriRule: "loose",
    requestIds: "tolerant",
    hasMetaApi: true,
  });
  const rawsocket = only(transports[0], "rawsocket");
  assert.deepEqual(rawsocket.serializers, ["cbor", "msgpack", "json"]);
  assert.equal(rawSocketOptions(rawsocket.options, undefined).maxMessageBytes, 1_048_576);
  const web = only(transports[1], "web");
  assert.deepEqual(Object.keys(web.paths), ["/", "ws", "info"]);
  const websocket = web.paths["ws"];
  assert.ok(websocket?.type === "websocket");
  const options = webSocketOptions(websocket.options);
  assert.equal(options.hasStatusPage, false);
  assert.equal(options.openHandshakeTimeoutMs, 2500);
  assert.equal(options.deflate?.requestedWindowBits, 13);
});

test("Fixture: everything on one port, and a unix socket", async () => {
  const { id, realms, transports } = await worker("universal.json");
  assert.equal(id, "router1");
  assert.equal(realms[0]?.id, "demo");
  const universal = only(transports[0], "universal");
  assert.deepEqual(Object.keys(universal.websocket ?? {}), ["ws", "auth_ws"]);
  assert.equal(universal.web?.paths["/"]?.type, "static");
  assert.deepEqual(only(transports[1], "rawsocket").endpoint, {
    type: "unix",
    path: "router.sock",
    proxy_protocol: false,
    trusted_proxies: [],
  });
});

test("Fixture: TLS with client certificates, and a redirection to it", async () => {
  const { realms, transports } = await worker("tls.json");
  assert.deepEqual(
    realms[0] &&
      realmOptions(realms[0]).roles[0]?.permissions?.map(({ uri, match }) => [uri, match]),
    [["com.example.public.", "prefix"], ["com.example.frontend.", "prefix"], [
      "com..status",
      "wildcard",
    ]],
  );
  const web = only(transports[0], "web");
  assert.ok(web.endpoint.type === "tcp");
  assert.equal(web.endpoint.tls?.min_version, "1.2");
  assert.deepEqual(web.options, {
    access_log: true,
    hsts: true,
    hsts_max_age: 31_536_000,
    client_timeout: 30,
  });
  assert.equal(only(transports[1], "web").paths["/"]?.type, "redirect");
});

test("Fixture: conservative limits, in YAML, on a port of the environment", async () => {
  const { realms, transports } = await worker("production.yaml", { PORT: "8080" });
  const [realm] = realms;
  assert.ok(realm);
  assert.equal(realmOptions(realm).uriRule, "strict");
  assert.deepEqual(realmOptions(realm).roles[0]?.permissions?.[0]?.disclose, {
    caller: true,
    publisher: true,
  });
  const websocket = only(transports[0], "websocket");
  assert.equal(webSocketOptions(websocket.options).autoPingTimeoutMs, 5000);
});

test("Fixture: a missing environment variable is named with its line", async () => {
  await assert.rejects(worker("production.yaml"), {
    message:
      /1 problem\n {2}25:11 workers\[0\]\.transports\[0\]\.endpoint\.port: found "\$PORT", expected the environment variable PORT to be set$/,
  });
});

test("Fixture: every web service, nested too; a JSON value is the user's own", async () => {
  const { transports } = await worker("services.json");
  const { paths } = only(transports[0], "web");
  assert.deepEqual(
    Object.entries(paths).map(([path, service]) => `${path} ${service.type}`),
    ["/ static", "ws websocket", "config json", "info nodeinfo", "old redirect", "myfolder path"],
  );
});

test("Fixture: roles and realms of several transports", async () => {
  const { realms, transports } = await worker("roles.json");
  const roles = realms[0] && realmOptions(realms[0]).roles;
  assert.equal(roles?.[1]?.permissions?.[1]?.disclose.caller, false);
  assert.equal(roles?.[0]?.permissions?.[0]?.match, "prefix");
  const { anonymous } = only(transports[1], "websocket").auth ?? {};
  assert.equal(anonymous?.type === "static" && anonymous.realm, "realm2");
});

test("Fixture: each documented WebSocket option reaches the transport", async () => {
  const { transports } = await worker("every_option.json");
  assert.deepEqual(webSocketOptions(only(transports[0], "websocket").options), {
    allowedOrigins: ["https://*.tavendo.com", "http://localhost:8080"],
    allowsNullOrigin: false,
    externalPort: 443,
    versions: [13, 8],
    hasStatusPage: false,
    showsServerVersion: false,
    requiresSubprotocol: false,
    validatesUtf8: false,
    masksServerFrames: true,
    masksClientFrames: true,
    requiresMaskedClientFrames: false,
    acceptsMaskedServerFrames: false,
    appliesMask: false,
    maxFrameBytes: 1000,
    maxMessageBytes: 2000,
    autoFragmentBytes: 3000,
    failsByDrop: true,
    echoesCloseCodeReason: true,
    openHandshakeTimeoutMs: 4000,
    closeHandshakeTimeoutMs: 5000,
    hasTcpNoDelay: false,
    autoPingIntervalMs: 6000,
    autoPingTimeoutMs: 7000,
    autoPingBytes: 80,
    autoPingRestartsOnAnyTraffic: false,
    deflate: {
      requestsNoContextTakeover: true,
      requestedWindowBits: 12,
      hasNoContextTakeover: true,
      windowBits: 11,
      memoryLevel: 5,
    },
  });
  const rawsocket = only(transports[1], "rawsocket");
  assert.equal(
    rawSocketOptions(rawsocket.options, rawsocket.max_message_size).maxMessageBytes,
    131_072,
  );
  assert.equal(rawsocket.serializer, "msgpack");
});

for (const name of ["testee.json", "commented.json", "minimal.yml", "anchors.yaml"]) {
  test(`Fixture: ${name} is accepted`, async () => {
    assert.equal((await worker(name)).type, "router");
  });
}

test("Fixture: a configuration beyond this version is refused with every reason, each with its line", async () => {
  const error = await worker("container.json").catch((cause) => cause);
  assert.ok(error instanceof ConfigError);
  const lines = error.problems.map((problem) =>
    formatProblem(problem).replace(/(not supported).*/, "$1")
  );
  assert.deepEqual(lines.map((line) => line.replace(/^\d+:\d+ /, "")), [
    'controller.options.shutdown: found "shutdown_on_worker_exit", expected a list',
    'workers[0].transports[0].paths.publish.role: found "anonymous", expected a role of that realm: authorizer, frontend',
    'workers[0].transports[1].type: "mqtt" is not supported',
    'workers[1].type: "proxy" is not supported',
  ]);
  assert.ok(error.problems.every((problem) => problem.position !== undefined));
});
