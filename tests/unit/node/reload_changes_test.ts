/** What is done to get from one configuration to another, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../node/config/parse.ts";
import { formatProblem } from "../../../node/config/problems.ts";
import { changesBetween } from "../../../node/reload/changes.ts";
import type { Contents } from "../../../node/reload/contents.ts";
import { type Layout, layoutOf } from "../../../node/reload/layout.ts";
import { sentence } from "../../../node/reload/sentence.ts";

type Section = Record<string, unknown>;

const role = (name: string, more: Section = {}) => ({ name, ...more });
const realm = (name: string, more: Section = {}) => ({ name, roles: [role("anonymous")], ...more });
const tcp = (port: number, more: Section = {}) => ({ type: "tcp", port, ...more });
const websocket = (port: number, more: Section = {}) => (
  { type: "websocket", endpoint: tcp(port), ...more }
);
const component = (classname: string, more: Section = {}) => (
  { type: "class", classname, realm: "realm1", ...more }
);
const link = (port: number, more: Section = {}) => ({
  realm: "realm1",
  transport: { type: "websocket", url: `ws://127.0.0.1:${port}/` },
  ...more,
});

function layout(
  worker: Section,
  before?: Layout,
  { contents = [], workers = [], controller = {} }: {
    contents?: Contents;
    workers?: readonly Section[];
    controller?: Section;
  } = {},
): Layout {
  const config = parseConfig({
    version: 2,
    controller,
    workers: [{ type: "router", realms: [realm("realm1")], ...worker }, ...workers],
  });
  return layoutOf(config, { env: {}, contents, before });
}

function steps(before: Layout, after: Layout): string[] {
  const { problems, router, management, children, components, settings } = changesBetween(
    before,
    after,
  );
  assert.deepEqual(problems.map(formatProblem), []);
  return [
    ...[...router, ...management, ...children, ...components].map(sentence),
    ...settings,
  ];
}

function refused(before: Layout, after: Layout): string {
  return changesBetween(before, after).problems.map(formatProblem).join("\n");
}

test("Changes: the same configuration, written in another order of keys, needs nothing", () => {
  const before = layout({ transports: [{ type: "websocket", endpoint: tcp(8080) }] });
  const after = layout({ transports: [{ endpoint: tcp(8080), type: "websocket" }] }, before);
  assert.deepEqual(steps(before, after), []);
});

test("Changes: realms come and go by their names, and keep their ids wherever they stand", () => {
  const before = layout({ realms: [realm("one"), realm("two")] });
  const after = layout({ realms: [realm("three"), realm("two")] }, before);
  assert.deepEqual(steps(before, after), ['realm "three" started', 'realm "one" stopped']);
  assert.deepEqual(after.router.realms.map(({ id }) => id), ["realm003", "realm002"]);
});

test("Changes: roles are compared one by one", () => {
  const before = layout({ realms: [realm("one", { roles: [role("a"), role("b"), role("c")] })] });
  const roles = [role("d"), role("c", { "allow-by-default": true }), role("b")];
  const after = layout({ realms: [realm("one", { roles })] }, before);
  assert.deepEqual(steps(before, after), [
    'role "d" of realm "one" started',
    'role "c" of realm "one" changed',
    'role "a" of realm "one" removed',
  ]);
  assert.deepEqual(after.router.realms[0]?.roles.map(({ id }) => id), [
    "role004",
    "role003",
    "role002",
  ]);
});

test("Changes: schemas concern the roles that validate by them", () => {
  const permissions = [{ uri: "*", allow: { call: true }, validate: { call: "number" } }];
  const roles = [role("free"), role("checked", { permissions })];
  const with_ = (type: string) => realm("one", { roles, schemas: { number: { args: { type } } } });
  const before = layout({ realms: [with_("array")] });
  assert.deepEqual(steps(before, layout({ realms: [with_("object")] }, before)), [
    'schemas of realm "one" changed',
    'role "checked" of realm "one" changed',
  ]);
});

test("Changes: a transport is known by its id, else by its address, else by its place", () => {
  const transports = [websocket(1, { id: "first" }), websocket(2), websocket(3)];
  const before = layout({ transports });
  const slow = { options: { auto_ping_interval: 5000 } };
  const after = layout({
    transports: [websocket(5), websocket(4, { id: "first" }), websocket(3, slow)],
  }, before);
  assert.deepEqual(after.router.transports.map(({ id }) => id), [
    "transport001",
    "first",
    "transport003",
  ]);
  assert.deepEqual(steps(before, after), [
    'transport "transport001" started',
    'transport "first" changed',
    'transport "transport003" changed',
    'transport "transport002" stopped',
  ]);
});

test("Changes: a file with other contents is a change of what names it", () => {
  const auth = {
    ticket: { type: "static", principals: { joe: { ticket: { file: "joe" }, role: "anonymous" } } },
  };
  const worker = { transports: [websocket(1, { auth }), websocket(2)] };
  const at = (digest: string) => ({
    contents: [{ path: ["workers", 0, "transports", 0, "auth"], digest }],
  });
  const before = layout(worker, undefined, at("old"));
  assert.deepEqual(steps(before, layout(worker, before, at("old"))), []);
  assert.deepEqual(steps(before, layout(worker, before, at("new"))), [
    'transport "transport001" changed',
  ]);
});

test("Changes: the order of authmethods is a change", () => {
  const principals = { joe: { ticket: "x", role: "anonymous" } };
  const one = { ticket: { type: "static", principals }, anonymous: { type: "static" } };
  const other = { anonymous: { type: "static" }, ticket: { type: "static", principals } };
  const before = layout({ transports: [websocket(1, { auth: one })] });
  assert.deepEqual(steps(before, layout({ transports: [websocket(1, { auth: other })] }, before)), [
    'transport "transport001" changed',
  ]);
});

test("Changes: links, components and other workers start, change and stop", () => {
  const guest = (id: string, executable: string) => ({ type: "guest", id, executable });
  const before = layout(
    {
      realms: [realm("realm1", { rlinks: [link(1), link(2, { id: "two" })] })],
      components: [component("./a.ts:A"), component("./b.ts:B", { id: "second" })],
    },
    undefined,
    { workers: [guest("guest1", "true"), guest("guest2", "true")] },
  );
  const after = layout(
    {
      realms: [realm("realm1", { rlinks: [link(3, { id: "two" }), link(4, { id: "new" })] })],
      components: [component("./b.ts:B", { id: "second", extra: 1 }), component("./c.ts:C")],
    },
    before,
    { workers: [guest("guest2", "false"), guest("guest3", "true")] },
  );
  assert.deepEqual(steps(before, after), [
    'link "link001" of realm "realm1" stopped',
    'link "two" of realm "realm1" changed',
    'link "new" of realm "realm1" started',
    'worker "guest1" stopped',
    'worker "guest2" changed',
    'worker "guest3" started',
    'component "component1" stopped',
    'component "second" changed',
    'component "component2" started',
  ]);
});

test("Changes: a router that is disabled loses all it has, and has it again when it is enabled", () => {
  const worker = { transports: [websocket(1)] };
  const before = layout(worker);
  const disabled = layout({ ...worker, options: { disabled: true } }, before);
  assert.deepEqual(steps(before, disabled), [
    'realm "realm1" stopped',
    'transport "transport001" stopped',
  ]);
  assert.deepEqual(steps(disabled, layout(worker, disabled)), [
    'realm "realm1" started',
    'transport "transport001" started',
  ]);
});

test("Changes: a router for a process that started without one is refused", () => {
  const before = layout({ options: { disabled: true } });
  assert.match(refused(before, layout({}, before)), /which started without one; restart the node/);
});

test("Changes: the management realm's roles and transports are compared as a worker's", () => {
  const controller = { management: { socket: "a.sock", roles: [role("watcher")] } };
  const before = layout({});
  const after = layout({}, before, { controller });
  assert.deepEqual(steps(before, after), [
    'transport "management_socket" started',
    'role "watcher" of realm "crossbar" started',
  ]);
  assert.deepEqual(steps(after, layout({}, after)), [
    'role "watcher" of realm "crossbar" removed',
    'transport "management_socket" stopped',
  ]);
});

test("Changes: keys that are simply set are named", () => {
  const before = layout({});
  const after = layout({ options: { throttle: { address_failures: 3 } } }, before, {
    controller: { options: { shutdown_timeout: 1 } },
  });
  assert.deepEqual(steps(before, after), [
    "controller.options.shutdown_timeout",
    "options.throttle",
  ]);
});

test("Changes: what a realm is made with is refused, with what to do instead", () => {
  const before = layout({ realms: [realm("one")] });
  const after = layout({ realms: [realm("one", { options: { uri_check: "strict" } })] }, before);
  assert.match(
    refused(before, after),
    /^workers\[0\]\.realms\[0\]\.options: found a change, but .* restart the node for it, or take the realm out/,
  );
});

test("Changes: another id for what runs, and an id that another has, are refused", () => {
  const before = layout({ realms: [realm("one"), realm("two", { id: "second" })] });
  assert.match(
    refused(before, layout({ realms: [realm("one", { id: "first" })] }, before)),
    /found "first", but the realm runs as "realm001"/,
  );
  assert.match(
    refused(before, layout({ realms: [realm("three", { id: "second" })] }, before)),
    /found "second", under which realm "two" runs/,
  );
});

test("Changes: two realms in turn with one file are refused", () => {
  const store = { type: "sqlite", path: "events.sqlite" };
  const before = layout({ realms: [realm("one", { store })] });
  assert.match(
    refused(before, layout({ realms: [realm("two", { store })] }, before)),
    /found the file of realm "one", which runs/,
  );
});

test("Changes: what a socket is opened with is refused", () => {
  const before = layout({ transports: [{ type: "websocket", endpoint: tcp(8080) }] });
  for (
    const [key, endpoint] of [
      ["backlog", tcp(8080, { backlog: 10 })],
      ["shared", tcp(8080, { shared: true })],
      ["tls", tcp(8080, { tls: { key: "k", certificate: "c" } })],
      ["interface", tcp(8080, { interface: "127.0.0.1" })],
    ] as const
  ) {
    const after = layout({ transports: [{ type: "websocket", endpoint }] }, before);
    assert.match(refused(before, after), new RegExp(`endpoint\\.${key}: found`), key);
  }
});

test("Changes: an address that another transport listens on is refused", () => {
  const before = layout({ transports: [websocket(1, { id: "one" }), websocket(2, { id: "two" })] });
  const after = layout({ transports: [websocket(2, { id: "one" })] }, before);
  assert.match(refused(before, after), /transport "two" listens there now/);
});

test("Changes: the node's and the worker's id are refused", () => {
  const before = layout({});
  assert.match(
    refused(before, layout({ id: "other" }, before, { controller: { id: "node1" } })),
    /controller\.id: found "node1", but the node runs as none.*\n.*found "other", but the worker runs as "worker001"/,
  );
});
