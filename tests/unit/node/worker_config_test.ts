/** What the workers of a node may not have in common, in words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../node/config/parse.ts";
import { configWarnings } from "../../../node/config/warnings.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";

function problems(workers: readonly object[], env = {}): string[] {
  try {
    parseConfig({ version: 2, workers }, env);
    return [];
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems.map(formatProblem);
    throw cause;
  }
}

const ROLE = { name: "anonymous" };
const router = (realm: string, more: object = {}) => ({
  type: "router",
  realms: [{ name: realm, roles: [ROLE] }],
  ...more,
});
const listening = (port: number, shared: boolean, address?: string) => ({
  transports: [{
    type: "websocket",
    endpoint: { type: "tcp", port, shared, ...(address && { interface: address }) },
  }],
});

test("Config: several routers may share a port, each with realms of its own", () => {
  const workers = [
    router("realm1", listening(8080, true)),
    router("realm2", listening(8080, true)),
    router("realm3", { ...listening(8081, false), options: { isolate: true } }),
  ];
  assert.deepEqual(problems(workers), []);
  const [warning = "", ...others] = configWarnings(parseConfig({ version: 2, workers }))
    .map(formatProblem);
  assert.match(
    warning,
    /^workers\[1\]\.transports\[0\]\.endpoint: is shared with workers\[0\], .*no_such_realm/,
  );
  assert.deepEqual(others, []);
});

test("Config: a realm on two routers is refused, with what would come of it", () => {
  assert.deepEqual(problems([router("realm1"), router("realm2"), router("realm1")]), [
    'workers[2].realms[0].name: found "realm1", which workers[0] has, too, expected each realm on one router: each would have half of its sessions, and events and calls would not reach the other',
  ]);
  const disabled = router("realm1", { options: { disabled: true } });
  assert.deepEqual(problems([router("realm1"), disabled]), []);
});

test("Config: a port on two routers that one of them does not share is refused", () => {
  const expected = [
    'workers[1].transports[0].endpoint.port: found 8080, which workers[0].transports[0].endpoint listens on, expected an endpoint of its own, or "shared": true on both',
  ];
  for (const [one, other] of [[true, false], [false, true], [false, false]] as const) {
    const workers = [
      router("realm1", listening(8080, one)),
      router("realm2", listening(8080, other, "127.0.0.1")),
    ];
    assert.deepEqual(problems(workers), expected);
  }
});

test("Config: files of stores and cookies belong to one process", () => {
  const stored = (realm: string) => ({
    type: "router",
    realms: [{ name: realm, store: { type: "sqlite", path: "events.sqlite" } }],
  });
  assert.deepEqual(problems([stored("realm1"), stored("realm2")]), [
    'workers[1].realms[0].store.path: found "events.sqlite", which is taken by workers[0].realms[0].store.path, in another process, expected a file of its own',
  ]);
});

test("Config: what a process can have, only a router with one of its own may be given", () => {
  const options = { env: { inherit: false }, restart: "restart-always", "cpu_affinity": [0] };
  const texts = problems([router("realm1", { options })]);
  assert.deepEqual(texts.map((text) => text.split(":")[0]).sort(), [
    "workers[0].options.cpu_affinity",
    "workers[0].options.env",
    "workers[0].options.restart",
  ]);
  assert.match(texts[0] ?? "", /write "isolate": true beside it, or remove it$/);
  assert.deepEqual(problems([router("realm1", { options: { ...options, isolate: true } })]), []);
  assert.deepEqual(problems([router("realm1"), router("realm2", { options })]), []);
});

test("Config: components of a router in its own process do not join the management realm", () => {
  const component = { type: "class", classname: "a.B", realm: "crossbar", role: "operator" };
  const [text = ""] = problems([
    router("realm1", { options: { isolate: true }, components: [component] }),
  ]);
  assert.match(
    text,
    /^workers\[0\]\.components\[0\]\.realm: found "crossbar" in a router that has/,
  );
  assert.deepEqual(problems([router("realm1", { components: [component] })]), []);
});

test("Config: a worker's id by its place is no other's", () => {
  assert.deepEqual(problems([router("realm1", { id: "worker002" }), router("realm2")]), [
    'workers[1]: found no id, and "worker002" by its place, which is taken by workers[0].id, expected an id of its own',
  ]);
});
