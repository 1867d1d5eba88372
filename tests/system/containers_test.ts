/** Containers: processes of their own whose components connect to a router; every way in which that can go wrong, and what it does. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { connect, type Session } from "../../mod.ts";
import {
  endAll,
  freePort,
  launch,
  openConfig,
  run,
  type Running,
  workplace,
  writeFiles,
} from "./cli_process.ts";

const FILES: Readonly<Record<string, string>> = {
  "modules/hello/hello.ts": `
import type { Session } from "realmway";
import { SessionClosedError } from "realmway";
import { suffix } from "sugar";

export class AppSession {
  readonly #extra: { readonly name: string };
  constructor({ extra, shared }: { readonly extra: { readonly name: string }; readonly shared?: Record<string, unknown> }) {
    this.#extra = extra;
    if (shared) shared[extra.name] = true;
    this.#shared = shared;
  }
  readonly #shared: Record<string, unknown> | undefined;
  async onJoin(session: Session) {
    const { name } = this.#extra;
    await session.register("com.example.hello." + name, () => name + suffix + typeof SessionClosedError);
    await session.register("com.example.shared." + name, () => [Object.keys(this.#shared ?? {}).sort()]);
    await session.register("com.example.pid." + name, () => process.pid);
    await session.register("com.example.leave." + name, () => { setTimeout(() => session.leave(), 0); });
    console.log("joined as " + session.authrole + " " + name);
  }
  onLeave() { if (this.#extra.name === "sour") throw new Error("too sour"); }
}
`,
  "modules/node_modules/sugar/package.json":
    '{"name":"sugar","version":"1.0.0","type":"module","main":"index.js"}',
  "modules/node_modules/sugar/index.js": 'export const suffix = " with sugar ";\n',
  "modules/hello/autobahn.ts": `
import { ApplicationSession } from "realmway";
export class Clock extends ApplicationSession {
  override async onJoin() {
    await this.register("com.example.clock", () => [this.config.extra, this.authrole]);
  }
}
`,
  "throws.ts": `
export class Constructor { constructor() { throw new Error("no tea"); } onJoin() {} }
export class Join { onJoin() { throw new Error("no milk"); } }
export class Leaves { async onJoin(session: { leave(): Promise<unknown> }) { await session.leave(); } }
export class NoSession {}
export class Picky {
  static checkConfig(extra: unknown) { if (extra !== "green") throw new Error("expected green tea"); }
  onJoin() {}
}
`,
  "broken.ts": "export class {\n",
};

let modules: string;
let remove: () => Promise<void>;
before(async () => {
  ({ directory: modules, remove } = await workplace());
  await writeFiles(modules, FILES);
});
after(async () => {
  endAll();
  await remove();
});

interface Place {
  readonly node: Running;
  readonly directory: string;
  readonly port: number;
  session(): Promise<Session>;
}

interface Setting {
  readonly options?: object;
  readonly auth?: object;
  readonly controller?: object;
  /** Of the router, beside those that it has. */
  readonly transports?: readonly object[];
}

const AUTH = {
  "ticket": {
    "type": "static",
    "principals": { "joe": { "ticket": "sesame", "role": "anonymous" } },
  },
  "anonymous": { "type": "static" },
};

/** A node with a router on one port and a container, until `test` is done. @param components get the transport. */
async function withContainer(
  components: readonly object[],
  test: (place: Place) => Promise<void>,
  { options = {}, controller = {}, transports = [] }: Setting = {},
): Promise<void> {
  const port = await freePort();
  const endpoint = { type: "tcp", port, interface: "127.0.0.1" };
  const router = openConfig([
    { type: "universal", endpoint, rawsocket: {}, websocket: { ws: { auth: AUTH } } },
    { type: "rawsocket", endpoint: { type: "unix", path: "router.sock" } },
    ...transports,
  ]);
  const { directory, remove } = await workplace({
    ...router,
    controller: { options: controller },
    workers: [...router.workers, {
      type: "container",
      id: "container1",
      options: { "pythonpath": [join(modules, "modules"), modules], ...options },
      components: components.map((one) => ({
        type: "class",
        classname: "hello.hello.AppSession",
        realm: "realm1",
        transport: websocket(port),
        ...one,
      })),
    }],
  });
  const node = launch(["start"], directory);
  const sessions: Session[] = [];
  try {
    await test({
      node,
      directory,
      port,
      session: async () => {
        const session = await connect({ url: `ws://127.0.0.1:${port}/ws`, realm: "realm1" });
        sessions.push(session);
        return session;
      },
    });
  } finally {
    await Promise.all(sessions.map((session) => session.leave()));
    try {
      node.send("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await node.ended;
    await remove();
  }
}

function websocket(port: number) {
  const endpoint = { type: "tcp", host: "127.0.0.1", port };
  return { type: "websocket", url: `ws://127.0.0.1:${port}/ws`, endpoint };
}

const named = (name: string) => ({ id: name, extra: { name } });

/** Resolves when the process is gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("Container: components by WebSocket, RawSocket and a unix socket, with a package of their own, in one other process", async () => {
  const unix = { type: "rawsocket", endpoint: { type: "unix", path: "router.sock" } };
  const components = [
    { ...named("tea"), authentication: { ticket: { authid: "joe", ticket: "sesame" } } },
    { ...named("milk"), transport: unix },
    { id: "clock", classname: "hello.autobahn.Clock", extra: "tick" },
  ];
  await withContainer(components, async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    await node.until(/joined as anonymous milk/);
    const client = await session();
    assert.equal(await client.call("com.example.hello.tea"), "tea with sugar function");
    const pid = await client.call<number>("com.example.pid.tea");
    assert.equal(await client.call("com.example.pid.milk"), pid);
    assert.notEqual(pid, node.pid);
    await node.until(/Component \\?"?clock\\?"? runs/);
    assert.deepEqual(await client.call("com.example.clock"), ["tick", "anonymous"]);
    assert.deepEqual(await client.call("com.example.shared.tea"), [["milk", "tea"]]);
    await client.leave();
    assert.equal(await node.end(), 0);
    await gone(pid);
    assert.match(node.output.stdout, /\[\\?"?container1\\?"?\] .*joined as/);
  }, { options: { "expose_shared": true } });
});

test("Container: components by WebSocket and RawSocket over TLS, with a certificate of their own", async () => {
  const port = await freePort();
  const pem = (name: string) => join(import.meta.dirname ?? "", "..", "kit", "tls", name);
  const asked = { "ca_certificates": [pem("ca.crt")] };
  const transport = {
    type: "universal",
    endpoint: {
      type: "tcp",
      port,
      interface: "127.0.0.1",
      tls: { ...asked, key: pem("server.key"), certificate: pem("server.crt") },
    },
    rawsocket: {},
    websocket: { ws: {} },
  };
  const tls = {
    ...asked,
    hostname: "localhost",
    key: pem("client.key"),
    certificate: pem("client.crt"),
  };
  const endpoint = { type: "tcp", host: "127.0.0.1", port, tls };
  const components = [
    {
      ...named("tea"),
      transport: { type: "websocket", url: `wss://localhost:${port}/ws`, endpoint },
    },
    { ...named("milk"), transport: { type: "rawsocket", endpoint } },
  ];
  await withContainer(components, async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    await node.until(/joined as anonymous milk/);
    const client = await session();
    assert.equal(await client.call("com.example.hello.milk"), "milk with sugar function");
  }, { transports: [transport] });
});

test("Container: kill -9 of the node ends the container", async () => {
  await withContainer([named("tea")], async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    const pid = await (await session()).call<number>("com.example.pid.tea");
    node.send("SIGKILL");
    await node.ended;
    await gone(pid);
  });
});

test("Container: kill -9 of the container leaves the router running, and restart-on-failed brings it back", async () => {
  const options = { restart: "restart-on-failed", "initial_retry_delay": 10 };
  await withContainer([named("tea")], async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    const client = await session();
    const pid = await client.call<number>("com.example.pid.tea");
    process.kill(pid, "SIGKILL");
    await node.until(/ended with \\?"?SIGKILL.*joined as anonymous tea/s);
    assert.notEqual(await client.call("com.example.pid.tea"), pid);
    await client.leave();
    assert.equal(await node.end(), 0);
  }, { options });
});

for (
  const [name, component, expected] of [
    [
      "a constructor that throws",
      { classname: "throws.Constructor" },
      /constructor threw \(no tea\).*crossbar\.error\.cannot_start/,
    ],
    [
      "an extra that the class's checkConfig refuses",
      { classname: "throws.Picky", extra: "black" },
      /Cannot use the extra of .*expected green tea.*crossbar\.error\.invalid_configuration/,
    ],
    [
      "onJoin that throws",
      { classname: "throws.Join" },
      /threw when it had joined \(no milk\).*crossbar\.error\.cannot_start/,
    ],
    [
      "leaving before it is ready",
      { classname: "throws.Leaves" },
      /left before it was ready.*wamp\.close\.normal/,
    ],
    [
      "no session class",
      { classname: "throws.NoSession" },
      /without a method onJoin.*crossbar\.error\.class_import_failed/,
    ],
    [
      "a class that is not there",
      { classname: "throws.Nothing" },
      /nothing of that name, expected a class.*class_import_failed/,
    ],
    [
      "a syntax error",
      { classname: "broken.Broken" },
      /broken\.ts is faulty \(.*class_import_failed/,
    ],
    [
      "a realm that is not there",
      { realm: "realm2" },
      /Cannot join realm .*wamp\.error\.no_such_realm/,
    ],
    [
      "wrong credentials",
      { authentication: { ticket: { authid: "joe", ticket: "wrong" } } },
      /Cannot start component .*wamp\.error\.authentication_(?:failed|denied)/,
    ],
    [
      "no router, and no retries",
      { transport: websocket(1), "max_retries": 0 },
      /Cannot connect to \\*"ws:\/\/127\.0\.0\.1:1\/.*crossbar\.error\.cannot_connect/,
    ],
  ] as const
) {
  test(`Container: ${name} is logged with its URI, and the container without components ends with 1`, async () => {
    await withContainer([{ ...named("tea"), ...component }], async ({ node }) => {
      await node.until(expected);
      await node.until(/The container ends: .*no component is left/);
      await node.until(/Worker \\?"?container1\\?"? ended with 1/);
      assert.equal(await node.end(), 0);
    });
  });
}

test("Container: shutdown-on-any-component-stopped ends it, with 0, when one leaves its realm; the node may end with it", async () => {
  const options = { shutdown: "shutdown-on-any-component-stopped" };
  const controller = { shutdown: ["shutdown_on_worker_exit"] };
  await withContainer([named("tea"), named("milk")], async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    await node.until(/joined as anonymous milk/);
    const client = await session();
    await client.call("com.example.leave.tea");
    assert.equal(await node.ended, 0);
    assert.match(node.output.stdout, /The container ends: .*component tea stopped/);
  }, { options, controller });
});

test("Container: shutdown-on-any-component-failed ends it, with 1, when one throws, not when one leaves", async () => {
  const options = { shutdown: "shutdown-on-any-component-failed" };
  const components = [named("tea"), named("sour"), named("milk")];
  await withContainer(components, async ({ node, session }) => {
    for (const { id } of components) await node.until(new RegExp(`joined as anonymous ${id}`));
    const client = await session();
    await client.call("com.example.leave.tea");
    await node.until(/Component \\?"?tea\\?"? stopped/);
    assert.equal(await client.call("com.example.hello.milk"), "milk with sugar function");
    await client.call("com.example.leave.sour");
    await node.until(/Component \\?"?sour\\?"? threw .*too sour/);
    await node.until(/ended with 1/);
    await client.leave();
    assert.equal(await node.end(), 0);
  }, { options });
});

test("Container: shutdown-manual keeps it without components; restart-always starts one anew that has left", async () => {
  await withContainer([named("tea")], async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    const client = await session();
    await client.call("com.example.leave.tea");
    await node.until(/Component \\?"?tea\\?"? stopped/);
    await client.leave();
    assert.equal(await node.end(), 0);
    assert.doesNotMatch(node.output.stdout, /The container ends/);
  }, { options: { shutdown: "shutdown-manual" } });
  const options = { restart: "restart-always", "initial_retry_delay": 10 };
  await withContainer([named("tea")], async ({ node, session }) => {
    await node.until(/joined as anonymous tea/);
    const client = await session();
    await client.call("com.example.leave.tea");
    await node.until(/Component \\?"?tea\\?"? stopped.*joined as anonymous tea/s);
    await client.leave();
    assert.equal(await node.end(), 0);
  }, { options });
});

test("Container: a component waits for a router that is not there yet, and comes back when its connection is lost", async () => {
  const port = await freePort();
  const remote = openConfig([{
    type: "websocket",
    endpoint: { type: "tcp", port, interface: "127.0.0.1" },
  }]);
  const place = await workplace(remote);
  const component = {
    ...named("tea"),
    transport: websocket(port),
    "initial_retry_delay": 20,
    "max_retry_delay": 50,
  };
  await withContainer([component], async ({ node }) => {
    await node.until(/has no connection and tries again in 20 ms/);
    const first = launch(["start"], place.directory);
    await node.until(/joined as anonymous tea/);
    first.send("SIGKILL");
    await first.ended;
    await node.until(/lost its connection/);
    const second = launch(["start"], place.directory);
    await node.until(/lost its connection.*joined as anonymous tea.*is back/s);
    // A router that says goodbye because it stops is as good as lost.
    assert.equal(await second.end(), 0);
    await node.until(/is back.*lost its connection/s);
    assert.equal(await node.end(), 0);
  });
  await place.remove();
});

test("Container: keys that make no sense together, or that are not there, are found by check", async () => {
  const component = {
    type: "class",
    classname: "hello.hello.AppSession",
    realm: "realm1",
    transport: websocket(8080),
    authentication: { ticket: { authid: "joe", ticket: "$NOT_SET_ANYWHERE" } },
    role: "anonymous",
  };
  const options = { restart: "restart-always", shutdown: "shutdown-on-last-worker-exit" };
  const containers = [
    { type: "container", options, components: [component] },
    { type: "container", options: { shutdown: "shutdown-sometimes", reactor: {}, python: "x" } },
  ];
  const place = await workplace({ version: 2, workers: containers });
  const { code, stderr } = await run(["check"], place.directory);
  await place.remove();
  assert.equal(code, 2);
  for (
    const text of [
      'options.shutdown: found "shutdown-on-last-worker-exit" beside "restart-always", expected "shutdown-manual"',
      "components[0].classname: found no module",
      "components[0].authentication.ticket.ticket: found the name of an environment variable that is not set",
      "components[0].role: found an unknown key, expected one of",
      'options.shutdown: found "shutdown-sometimes", expected one of "shutdown-on-last-component-stopped"',
      "options.reactor: not supported by this version: there is no Twisted reactor here",
      "options.python: not supported by this version: this router is no Python program",
    ]
  ) assert.ok(stderr.includes(text), `${text}\n${stderr}`);
});
