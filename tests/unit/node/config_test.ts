/** What is wrong with a configuration, in words: one test a kind of mistake, with its whole text. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../node/config/parse.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";
import { configWarnings } from "../../../node/config/warnings.ts";
import { realmOptions } from "../../../node/options.ts";
import { routerOf } from "../../kit/router_config.ts";

const REALM = { name: "realm1", roles: [{ name: "anonymous" }] };
const ENDPOINT = { type: "tcp", port: 8080 };

/** The lines about a configuration with one router worker. */
function problems(worker: object, env = {}): string[] {
  return problemsOf({ version: 2, workers: [{ type: "router", ...worker }] }, env);
}

function problemsOf(config: unknown, env = {}): string[] {
  try {
    parseConfig(config, env);
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems.map(formatProblem);
    throw cause;
  }
}

const transport = (config: object) => ({ realms: [REALM], transports: [config] });

test("Config: an unknown key is named with its path, all allowed keys and the nearest one", () => {
  assert.deepEqual(
    problems({ realms: [REALM, { name: "realm2", roles: [{}, {}, { nme: "x" }].slice(2) }] }),
    [
      "workers[0].realms[1].roles[0].name: missing, expected a string",
      'workers[0].realms[1].roles[0].nme: found an unknown key, expected one of "name", "id", "allow-by-default", "slow_consumers", "trustlevel", "permissions", "authorizer", "limits"; did you mean "name"?',
    ],
  );
});

test("Config: a key that resembles none gets no suggestion", () => {
  assert.deepEqual(problems({ sandwich: 1 }), [
    'workers[0].sandwich: found an unknown key, expected one of "id", "type", "options", "realms", "realm_templates", "transports", "components", "connections"',
  ]);
});

test("Config: a value of the wrong type says what was found", () => {
  assert.deepEqual(problems({ realms: {}, transports: ["x"] }), [
    "workers[0].realms: found an object, expected a list",
    'workers[0].transports[0]: found "x", expected an object',
  ]);
  assert.deepEqual(
    problems({ realms: [{ name: 5, roles: [], options: { "enable_meta_api": "yes" } }] }),
    [
      "workers[0].realms[0].name: found 5, expected a string",
      'workers[0].realms[0].options.enable_meta_api: found "yes", expected true or false',
    ],
  );
});

test("Config: a value out of range names the range and its unit", () => {
  const options = { "auto_ping_size": 200, "max_frame_size": -1, "auto_ping_interval": 10 };
  assert.deepEqual(problems(transport({ type: "websocket", endpoint: ENDPOINT, options })), [
    "workers[0].transports[0].options.max_frame_size: found -1, expected a whole number from 0 to 1073741824 (bytes)",
    "workers[0].transports[0].options.auto_ping_interval: found 10, expected 0, or a whole number of milliseconds from 1000 to 86400000",
    "workers[0].transports[0].options.auto_ping_size: found 200, expected a whole number from 12 to 125 (bytes)",
  ]);
});

test("Config: a word outside of a list names the list", () => {
  assert.deepEqual(
    problems({ realms: [{ ...REALM, options: { "uri_check": "lose" } }] }),
    ['workers[0].realms[0].options.uri_check: found "lose", expected "loose" or "strict"'],
  );
});

test("Config: an unknown type of worker, transport, endpoint or service names the known ones", () => {
  assert.deepEqual(problemsOf({ version: 2, workers: [{ type: "ruoter" }] }), [
    'workers[0].type: found "ruoter", expected one of "router", "container", "guest"; did you mean "router"?',
  ]);
  assert.deepEqual(problems(transport({ type: "websockets", endpoint: ENDPOINT })), [
    'workers[0].transports[0].type: found "websockets", expected one of "websocket", "rawsocket", "web", "universal", "websocket.testee"; did you mean "websocket"?',
  ]);
  assert.deepEqual(problems(transport({ type: "websocket", endpoint: { port: 1 } })), [
    'workers[0].transports[0].endpoint.type: missing, expected one of "tcp", "unix", "inherited"',
  ]);
  const paths = { "/": { type: "sttic" } };
  assert.deepEqual(problems(transport({ type: "web", endpoint: ENDPOINT, paths })), [
    'workers[0].transports[0].paths["/"].type: found "sttic", expected one of "websocket", "static", "nodeinfo", "json", "redirect", "longpoll", "publisher", "caller", "webhook", "path"; did you mean "static"?',
  ]);
});

test("Config: what Crossbar.io knows and this version does not is refused by name, with the remedy", () => {
  assert.deepEqual(problemsOf({ version: 2, workers: [{ type: "proxy" }] }), [
    'workers[0].type: "proxy" is not supported by this version: proxies come with a later version; remove this worker',
  ]);
  assert.deepEqual(problems({ components: [{ type: "wamplet" }] }), [
    'workers[0].components[0].type: "wamplet" is not supported by this version: write "class"',
  ]);
  const auth = { cookie: {}, anonymous: { type: "dynamic" } };
  assert.deepEqual(problems(transport({ type: "websocket", endpoint: ENDPOINT, auth })), [
    "workers[0].transports[0].auth.anonymous.authenticator: missing, expected a string",
    'workers[0].transports[0].auth.cookie: found a service without cookies, expected a WebSocket service with "cookie"',
  ]);
  const rawsocket = { type: "rawsocket", endpoint: ENDPOINT, serializers: ["ubjson"], debug: true };
  assert.deepEqual(problems(transport(rawsocket)), [
    "workers[0].transports[0].serializers[0]: not supported by this version: no known client needs ubjson; remove it",
    'workers[0].transports[0].debug: found true, expected false: true is not supported by this version: start with "--loglevel debug" instead',
  ]);
});

test("Config: a configuration of version 1, or without version, is refused", () => {
  const workers = [{ type: "router" }];
  assert.deepEqual(problemsOf({ version: 1, workers }), [
    "version: found 1, expected 2, the version of this format",
  ]);
  assert.deepEqual(problemsOf({ workers }), [
    "version: missing, expected 2, the version of this format",
  ]);
});

test("Config: what is no object at all is refused", () => {
  for (const value of [undefined, null, [], "x", 5]) assert.equal(problemsOf(value).length, 1);
  assert.deepEqual(problemsOf([]), ["found an empty list, expected an object"]);
  assert.deepEqual(problemsOf(undefined), ["missing, expected an object"]);
});

test("Config: at least one worker", () => {
  assert.deepEqual(problemsOf({ version: 2, workers: [] }), [
    "workers: found none, expected at least one worker",
  ]);
  assert.deepEqual(problemsOf({ version: 2 }), [
    "workers: missing, expected a list of workers",
  ]);
});

test("Config: names and ids stand once", () => {
  const websocket = { type: "websocket", id: "ws1", endpoint: { type: "tcp", port: 1 } };
  const role = { name: "anonymous", id: "role1" };
  assert.deepEqual(
    problems({
      realms: [{ name: "realm1", id: "abc", roles: [role, role] }, { name: "realm1", id: "abc" }],
      transports: [websocket, { ...websocket, endpoint: { type: "tcp", port: 2 } }],
    }),
    [
      'workers[0].realms[1].name: found "realm1", which is taken by workers[0].realms[0].name, expected a realm of its own',
      'workers[0].realms[1].id: found "abc", which is taken by workers[0].realms[0].id, expected an id of its own',
      'workers[0].transports[1].id: found "ws1", which is taken by workers[0].transports[0].id, expected an id of its own',
      'workers[0].realms[0].roles[1].name: found "anonymous", which is taken by workers[0].realms[0].roles[0].name, expected a role of its own',
      'workers[0].realms[0].roles[1].id: found "role1", which is taken by workers[0].realms[0].roles[0].id, expected an id of its own',
    ],
  );
});

test("Config: realm names and ids have a syntax", () => {
  assert.deepEqual(problems({ id: "R", realms: [{ name: "1x" }] }), [
    'workers[0].id: found "R", expected 3 to 64 lower-case letters, digits and _, a letter first',
    'workers[0].realms[0].name: found "1x", expected 3 to 255 letters, digits and _ - @ . , a letter first',
  ]);
});

test("Config: two transports cannot listen on one port, unless on different interfaces", () => {
  const on = (endpoint: object) => ({ type: "websocket", endpoint: { type: "tcp", ...endpoint } });
  assert.deepEqual(
    problems({ transports: [on({ port: 80, interface: "127.0.0.1" }), on({ port: "80" })] }),
    [
      "workers[0].transports[1].endpoint.port: found 80, which workers[0].transports[0].endpoint listens on, expected an endpoint of its own",
    ],
  );
  const two = [on({ port: 80, interface: "127.0.0.1" }), on({ port: 80, interface: "::1" })];
  assert.deepEqual(problems({ transports: [...two, on({ port: 0 }), on({ port: 0 })] }), []);
  const unix = { type: "rawsocket", endpoint: { type: "unix", path: "x.sock" } };
  assert.deepEqual(problems({ transports: [unix, unix] }), [
    'workers[0].transports[1].endpoint.path: found "x.sock", which workers[0].transports[0].endpoint listens on, expected an endpoint of its own',
  ]);
});

test("Config: ports come from numbers, digits and the environment", () => {
  const at = (port: unknown) => ({
    transports: [{ type: "websocket", endpoint: { type: "tcp", port } }],
  });
  const here = "workers[0].transports[0].endpoint.port";
  const expected =
    'expected a port from 0 to 65535 (0: any free one), or "$VARIABLE" of the environment';
  assert.deepEqual(problems(at("$PORT"), { PORT: "8080" }), []);
  assert.deepEqual(problems(at("${PORT}"), { PORT: "8080" }), []);
  assert.deepEqual(problems(at("8080")), []);
  assert.deepEqual(problems(at("$PORT")), [
    `${here}: found "$PORT", expected the environment variable PORT to be set`,
  ]);
  assert.deepEqual(problems(at("$PORT"), { PORT: "http" }), [
    `${here}: found "$PORT" with the value "http", expected a port from 0 to 65535`,
  ]);
  assert.deepEqual(problems(at(70000)), [`${here}: found 70000, ${expected}`]);
  assert.deepEqual(problems(at("80a")), [`${here}: found "80a", ${expected}`]);
  assert.deepEqual(problems(at(8.5)), [`${here}: found 8.5, ${expected}`]);
  assert.deepEqual(problems(at(true)), [`${here}: found true, ${expected}`]);
  assert.deepEqual(problems(at(undefined)), [`${here}: missing, ${expected}`]);
});

test("Config: ports to connect to come from numbers, digits and the environment", () => {
  const at = (port: unknown) => ({
    realms: [{
      name: "realm1",
      roles: [{ name: "anonymous" }],
      rlinks: [{
        realm: "realm1",
        transport: { type: "rawsocket", endpoint: { type: "tcp", host: "router", port } },
      }],
    }],
  });
  const here = "workers[0].realms[0].rlinks[0].transport.endpoint.port";
  const expected = 'expected a port from 1 to 65535, or "$VARIABLE" of the environment';
  for (const port of [8080, "8080", "$PORT", "${PORT}", "${OTHER:-8080}"]) {
    assert.deepEqual(problems(at(port), { PORT: "8080" }), []);
  }
  assert.deepEqual(problems(at("$PORT")), [
    `${here}: found "$PORT", expected the environment variable PORT to be set`,
  ]);
  assert.deepEqual(problems(at("$PORT"), { PORT: "http" }), [`${here}: found "http", ${expected}`]);
  assert.deepEqual(problems(at("70000")), [`${here}: found "70000", ${expected}`]);
  assert.deepEqual(problems(at(0)), [`${here}: found 0, ${expected}`]);
});

test("Config: auth may only name roles and realms that exist", () => {
  const anonymous = { type: "static", role: "frontend", realm: "realm2" };
  const websocket = { type: "websocket", auth: { anonymous } };
  const paths = { "/": { type: "nodeinfo" }, "ws": websocket };
  assert.deepEqual(problems(transport({ type: "web", endpoint: ENDPOINT, paths })), [
    'workers[0].transports[0].paths.ws.auth.anonymous.role: found "frontend", expected a role of this worker: anonymous',
    'workers[0].transports[0].paths.ws.auth.anonymous.realm: found "realm2", expected a realm of this worker: realm1',
  ]);
});

test("Config: web paths are single names, and one of them is the root", () => {
  const web = (paths: object) => transport({ type: "web", endpoint: ENDPOINT, paths });
  assert.deepEqual(problems(web({ ws: { type: "websocket" } })), [
    'workers[0].transports[0].paths["/"]: missing, expected a service for "/", which serves all paths without one of their own',
  ]);
  assert.deepEqual(problems(web({ "/": { type: "nodeinfo" }, "a/b": { type: "nodeinfo" } })), [
    'workers[0].transports[0].paths["a/b"]: found this key, expected letters, digits, _ and - (no slashes), or "/" for all other paths',
  ]);
});

test("Config: permissions have valid patterns", () => {
  const role = (permissions: object[]) => ({
    realms: [{ name: "realm1", roles: [{ name: "r", permissions }] }],
  });
  const here = "workers[0].realms[0].roles[0].permissions";
  assert.deepEqual(problems(role([{ uri: "com..x" }, { uri: "com.*x.y" }])), [
    `${here}[0].uri: found "com..x", expected a URI, or a pattern whose stars stand for whole components or for its end`,
    `${here}[1].uri: found "com.*x.y", expected a URI, or a pattern whose stars stand for whole components or for its end`,
  ]);
  assert.deepEqual(problems(role([{ uri: "com.*", match: "prefix" }])), [
    `${here}[0].uri: found "com.*", expected a URI or pattern fit for match "prefix", where components are left empty instead of *`,
  ]);
});

test("Config: of two permissions about the same URIs the last counts, which is warned of", () => {
  const allow = { call: true };
  const permissions = [
    { uri: "com.x.*", allow },
    { uri: "com.y.*", allow },
    { uri: "com.x.", match: "prefix", allow: { subscribe: true } },
  ];
  const realms = [{ name: "realm1", roles: [{ name: "r", permissions }] }];
  const config = parseConfig({ version: 2, workers: [{ type: "router", realms }] });
  assert.deepEqual(configWarnings(config).map(formatProblem), [
    "workers[0].realms[0].roles[0].permissions[0]: has no effect: workers[0].realms[0].roles[0].permissions[2] is about the same URIs, and the last one counts; remove one of them",
  ]);
  const [realm] = routerOf(config).realms;
  assert.ok(realm !== undefined);
  const rules = realmOptions(realm).roles?.[0]?.permissions ?? [];
  assert.deepEqual(
    rules.map(({ uri, allow: { call, subscribe } }) => [uri, call, subscribe]),
    [["com.y.", true, false], ["com.x.", false, true]],
  );
});

test("Config: a range of ports stands in place of a port, the lesser first", () => {
  const listening = (endpoint: object) =>
    problems(transport({ type: "websocket", endpoint: { type: "tcp", ...endpoint } }));
  const here = "workers[0].transports[0].endpoint";
  assert.deepEqual(listening({ portrange: [9000, 9010] }), []);
  assert.deepEqual(listening({ portrange: [9010, 9000] }), [
    `${here}.portrange: found 9010 before 9000, expected the lesser first`,
  ]);
  assert.deepEqual(listening({ portrange: [9000, 9010], port: 9000 }), [
    `${here}.portrange: found it beside "port", expected one of both`,
  ]);
  assert.deepEqual(listening({}), [
    `${here}.port: missing, expected a port from 0 to 65535 (0: any free one), or "$VARIABLE" of the environment`,
  ]);
  assert.deepEqual(listening({ portrange: [0, 70000] }).length, 2);
});

test("Config: a RawSocket service has one max_message_size", () => {
  const sizes = { "max_message_size": 1024, options: { "max_message_size": 2048 } };
  const rawsocket = { type: "rawsocket", endpoint: ENDPOINT, ...sizes };
  const text =
    "found 1024, but 2048 in workers[0].transports[0].options.max_message_size, expected one of the two; remove the other";
  assert.deepEqual(problems(transport(rawsocket)), [
    `workers[0].transports[0].max_message_size: ${text}`,
  ]);
  const same = { ...rawsocket, options: { "max_message_size": 1024 } };
  assert.deepEqual(problems(transport(same)), []);
  assert.equal(
    problems(transport({ type: "universal", endpoint: ENDPOINT, rawsocket: sizes }))[0],
    `workers[0].transports[0].rawsocket.max_message_size: ${
      text.replace("[0].options", "[0].rawsocket.options")
    }`,
  );
});

test("Config: a universal transport that speaks nothing is refused", () => {
  assert.deepEqual(problems(transport({ type: "universal", endpoint: ENDPOINT })), [
    'workers[0].transports[0]: found nothing that it speaks, expected "websocket", "rawsocket" or "web"; add one or remove the transport',
  ]);
  assert.deepEqual(
    problems(transport({ type: "universal", endpoint: ENDPOINT, websocket: {} })).length,
    1,
  );
  const rawsocket = { type: "universal", endpoint: ENDPOINT, rawsocket: {} };
  assert.deepEqual(problems(transport(rawsocket)), []);
});

test("Config: the router's own role cannot be defined", () => {
  assert.deepEqual(problems({ realms: [{ name: "realm1", roles: [{ name: "trusted" }] }] }), [
    'workers[0].realms[0].roles[0].name: found "trusted", the router\'s own role, expected another name',
  ]);
});

test("Config: all problems are reported at once", () => {
  const lines = problems({
    realms: [{ name: "realm1", rols: [] }, { name: "realm1" }],
    transports: [{ type: "mqtt" }, { type: "websocket" }],
    tansports: 1,
  });
  assert.equal(lines.length, 5);
});

test("Config: a ConfigError says how many problems there are, and lists them", () => {
  assert.throws(() => parseConfig({ version: 2, workers: [{ type: "router", x: 1, y: 2 }] }), {
    name: "ConfigError",
    message:
      /^Cannot use the configuration: found 2 problems\n {2}workers\[0\]\.x: .*\n {2}workers\[0\]\.y: .*$/,
  });
});

test("Config: the trust level of a role and of a permission reach the router", () => {
  const permissions = [{ uri: "com.", match: "prefix" }, { uri: "com.open", trustlevel: 0 }];
  const config = parseConfig({
    version: 2,
    workers: [{
      type: "router",
      realms: [{ name: "realm1", roles: [{ name: "guest", trustlevel: 3, permissions }] }],
    }],
  });
  const [role] = realmOptions(routerOf(config).realms[0] as never).roles;
  assert.equal(role?.trustlevel, 3);
  assert.deepEqual(role?.permissions?.map(({ trustlevel }) => trustlevel), [undefined, 0]);
});

test("Config: limits of slow consumers fit into each other", () => {
  const role = (slow_consumers: object) => ({ name: "feed", slow_consumers });
  const roles = [role({ limit: 4_194_304 }), role({ limit: 70_000, hard_limit: 65_536 }), role({})];
  assert.deepEqual(problems({ realms: [{ name: "realm1", roles: roles.slice(0, 2) }] }).sort(), [
    "workers[0].realms[0].roles[0].slow_consumers.limit: found 4194304, expected less than 4194304, the limit of all roles (workers[0].options.slow_consumers.limit)",
    'workers[0].realms[0].roles[1].name: found "feed", which is taken by workers[0].realms[0].roles[0].name, expected a role of its own',
    "workers[0].realms[0].roles[1].slow_consumers.hard_limit: found 65536, expected more than the limit, 70000",
  ]);
  assert.deepEqual(problems({ realms: [{ name: "realm1", roles: roles.slice(2) }] }), []);
  // Defaults count, too.
  const small = { options: { slow_consumers: { limit: 65_536 } } };
  assert.deepEqual(problems({ ...small, realms: [{ name: "realm1", roles: [role({})] }] }), [
    "workers[0].realms[0].roles[0].slow_consumers: found the default limit, 1048576, expected less than 65536, the limit of all roles (workers[0].options.slow_consumers.limit)",
  ]);
  const hard = [role({ hard_limit: 65_536 })];
  assert.deepEqual(problems({ realms: [{ name: "realm1", roles: hard }] }), [
    "workers[0].realms[0].roles[0].slow_consumers.hard_limit: found 65536, expected more than the limit, 1048576",
  ]);
});
