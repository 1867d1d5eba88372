/** Components beside the router: classes and functions of user modules, loaded by path, joined without a connection. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type CallResult, connect } from "../../mod.ts";
import { ConfigError, parseConfig, startNode } from "../../node/mod.ts";
import type { Log } from "../../router/ports.ts";
import { endAll, launch, openConfig, run, workplace, writeFiles } from "./cli_process.ts";

const LOOPBACK = { type: "tcp", port: 0, interface: "127.0.0.1" };

const FILES: Readonly<Record<string, string>> = {
  "modules/hello/adder.ts": `
import { ApplicationError, type Session } from "realmway";
import { offset } from "./offset.ts";

interface Component {
  readonly id: string;
  readonly realm: string;
  readonly extra: { readonly step: number };
  readonly shared?: Record<string, unknown>;
}

export class Adder {
  readonly #component: Component;
  constructor(component: Component) { this.#component = component; }
  async onJoin(session: Session, details: Record<string, unknown>) {
    const { id, realm, extra, shared } = this.#component;
    if (shared) shared[id] = realm;
    await session.register("com.example.add", ([value]: readonly number[]) => value + extra.step + offset);
    await session.register("com.example.who", () => [details["authrole"], id, Object.keys(shared ?? {})]);
    await session.register("com.example.fail", () => { throw new ApplicationError("com.example.own", ["x"]); });
    await session.register("com.example.leave", () => { setTimeout(() => session.leave(), 0); });
  }
  onLeave(details: { reason: string }) { console.log("left: " + details.reason); }
  onDisconnect(wasClean: boolean) { console.log("disconnected: " + wasClean); }
}
`,
  "modules/hello/offset.ts": "export const offset: number = 100;\n",
  "backend.ts": `
import { ApplicationSession, type CloseDetails, type SessionDetails } from "realmway";

export class Backend extends ApplicationSession {
  override async onJoin({ realm, authrole }: SessionDetails) {
    await this.register("com.example.add", ([value]: readonly number[]) => value + this.config.extra.step);
    await this.register("com.example.who", () => [realm, authrole, this.session.isOpen]);
    await this.register("com.example.leave", () => { setTimeout(() => this.disconnect(), 0); });
  }
  override onLeave({ reason }: CloseDetails) { console.log("left: " + reason); }
}
export class Picky extends ApplicationSession {
  override onWelcome() { return "not here"; }
}
`,
  "plain.js": `
const log = [];
export function connected(component) { log.push("connect " + component.id); }
export async function joined(session, details, component) {
  log.push("join " + component.extra);
  await session.register("com.example.log", () => log);
}
`,
  "blocks.ts": `
import type { Session } from "realmway";
function block() { const end = performance.now() + 900; while (performance.now() < end); }
export class Blocks {
  async onJoin(session: Session) {
    await session.register("com.example.block", () => { block(); });
    await session.register("com.example.block_later", () => { setTimeout(block, 0); });
  }
}
`,
  "throws.ts": `
import { ApplicationSession } from "realmway";

export class Constructor { constructor() { throw new Error("no tea"); } onJoin() {} }
export class Join { async onJoin() { throw new Error("no milk"); } }
export class NoSession {}
export class Handler extends ApplicationSession {
  override async onJoin() {
    await this.register("com.example.spill", () => { throw new Error("no cup"); });
    await this.register("com.example.leave", () => { setTimeout(() => this.disconnect(), 0); });
  }
  override onLeave() { throw "no spoon"; }
}
export const value = 5;
`,
  "broken.ts": "export class {\n",
};

let directory: string;
let remove: () => Promise<void>;
before(async () => {
  ({ directory, remove } = await workplace());
  await writeFiles(directory, FILES);
});
after(async () => {
  endAll();
  await remove();
});

const ADDER = {
  type: "class",
  classname: "hello.adder.Adder",
  realm: "realm1",
  extra: { step: 1 },
};

function configOf(components: readonly object[], options: object = {}) {
  const { workers: [worker], ...config } = openConfig([{ type: "websocket", endpoint: LOOPBACK }]);
  const all = { "modulepath": ["modules"], ...options };
  return { ...config, workers: [{ ...worker, options: all, components }] };
}

async function started(components: readonly object[], options: object = {}) {
  const lines: { readonly text: string; readonly properties: unknown }[] = [];
  const waiting = new Set<() => void>();
  const keep = (text: string, properties: unknown) => {
    lines.push({ text, properties });
    for (const look of waiting) look();
  };
  const log: Log = { debug: () => {}, info: keep, warn: keep, error: keep };
  const node = await startNode(parseConfig(configOf(components, options)), { directory, log });
  const session = await connect({ url: node.listeners[0]?.urls[0] ?? "", realm: "realm1" });
  /** The properties of the first line that begins so, perhaps one to come. */
  const told = (beginning: string) =>
    new Promise<unknown>((resolve) => {
      const look = () => {
        const line = lines.find(({ text }) => text.startsWith(beginning));
        if (line === undefined) return;
        waiting.delete(look);
        resolve(line.properties);
      };
      waiting.add(look);
      look();
    });
  return { node, session, lines, told };
}

test("Router component: a class in TypeScript, found in modulepath, imports the running library and serves calls", async () => {
  const { node, session } = await started([ADDER], { "expose_shared": true });
  assert.equal(await session.call("com.example.add", [1]), 102);
  const who = await session.call<unknown>("com.example.who");
  assert.deepEqual(who, ["anonymous", "component1", ["component1"]]);
  await assert.rejects(session.call("com.example.fail"), { uri: "com.example.own" });
  await session.leave();
  await node.stop();
});

test("Router component: an ApplicationSession is told of its life as the library tells it", async () => {
  const backend = { ...ADDER, classname: "./backend.ts:Backend" };
  const { node, session, told } = await started([backend]);
  assert.equal(await session.call("com.example.add", [1]), 2);
  assert.deepEqual(await session.call<unknown>("com.example.who"), ["realm1", "anonymous", true]);
  await session.call("com.example.leave");
  assert.deepEqual(await told("Component {id} stopped"), {
    id: "component1",
    why: "wamp.close.normal",
  });
  await session.leave();
  await node.stop();
});

test("Router component: functions are called when the session connects and joins, with the component", async () => {
  const callbacks = { connect: "./plain.js:connected", join: "./plain.js:joined" };
  const component = { type: "function", id: "plain", callbacks, realm: "realm1", extra: "sugar" };
  const { node, session } = await started([component]);
  assert.deepEqual(await session.call<CallResult>("com.example.log"), [
    "connect plain",
    "join sugar",
  ]);
  await session.leave();
  await node.stop();
});

test("Router component: one that leaves its realm is told to the log, and the router goes on", async () => {
  const { node, session, told } = await started([ADDER]);
  await session.call("com.example.leave");
  assert.deepEqual(await told("Component {id} stopped"), {
    id: "component1",
    why: "wamp.close.normal",
  });
  await assert.rejects(session.call("com.example.add", [1]), {
    uri: "wamp.error.no_such_procedure",
  });
  await session.leave();
  await node.stop();
});

for (
  const [classname, expected] of [
    ["throws.Constructor", /Cannot make a "throws.Constructor": its constructor threw \(no tea\)/],
    ["throws.Join", /Cannot start component "component1": it threw when it had joined \(no milk\)/],
    [
      "throws.NoSession",
      /found a class or function without a method onJoin, expected an ApplicationSession/,
    ],
    ["./backend.ts:Picky", /Cannot start component "component1": it left before.*\(not here\)/],
    ["throws.value", /found a number of that name, expected a class/],
    ["throws.Nothing", /Cannot load "throws.Nothing": found nothing of that name, expected a cl/],
    ["./broken.ts:Broken", /Cannot load "\.\/broken\.ts:Broken": .*broken\.ts is faulty \(/],
    [
      "missing.Module",
      /components\[0\]\.classname: found no module "missing" in .*modules, .*, expected one/,
    ],
  ] as const
) {
  test(`Router component: ${classname} keeps the node from starting, and says why`, async () => {
    await assert.rejects(started([{ ...ADDER, classname }]), { message: expected });
  });
}

test("Router component: what its handlers and methods throw is in the log with its id and the reason", async () => {
  const handler = { ...ADDER, id: "handler", classname: "throws.Handler" };
  const { node, session, told } = await started([handler]);
  await assert.rejects(session.call("com.example.spill"), { uri: "wamp.error.runtime_error" });
  const { id, procedure, error } = await told(
    "Component {id}: Handler of procedure {procedure} failed: {error}",
  ) as { id: string; procedure: string; error: Error };
  assert.deepEqual([id, procedure, error.message], ["handler", "com.example.spill", "no cup"]);
  await session.call("com.example.leave");
  assert.deepEqual(await told("Component {id}: {text}: {error}"), {
    id: "handler",
    text: "onLeave failed",
    error: "no spoon",
  });
  await session.leave();
  await node.stop();
});

test("Router component: one that blocks the process is named, surely if it does so in a handler", async () => {
  const blocks = { ...ADDER, id: "blocks", classname: "blocks.Blocks" };
  const { node, session, lines, told } = await started([blocks]);
  await session.call("com.example.block");
  const { id, ms } = await told("Component {id} blocked") as { id: string; ms: number };
  assert.equal(id, "blocks");
  assert.ok(ms >= 890, String(ms));
  assert.equal(lines.some(({ text }) => text.startsWith("Something blocked")), false);
  await session.call("com.example.block_later");
  const { ids } = await told("Something blocked") as { ids: string };
  assert.equal(ids, "blocks");
  await session.leave();
  await node.stop();
});

test("Router component: ids, realms, roles, references and modules that are wrong are found by check", async () => {
  const config = configOf([
    { ...ADDER, id: "adder", references: ["connection:db"] },
    { ...ADDER, id: "adder", realm: "realm2" },
    { ...ADDER, role: "boss" },
    { ...ADDER, classname: "hello.nobody.Adder" },
    { ...ADDER, classname: "hello" },
  ]);
  const place = await workplace(config);
  const { code, stderr } = await run(["check"], place.directory);
  await place.remove();
  assert.equal(code, 2);
  const here = (i: number, key: string) => `workers[0].components[${i}].${key}`;
  for (
    const text of [
      `${here(0, "references[0]")}: not supported by this version: database connections`,
      `${here(1, "id")}: found "adder", which is taken by ${here(0, "id")}`,
      `${here(1, "realm")}: found "realm2", expected a realm of this worker: realm1`,
      `${here(2, "role")}: found the role "boss", expected a role of the realm: anonymous`,
      `${here(3, "classname")}: found no module "hello/nobody" in `,
      `${here(4, "classname")}: found "hello", expected "folder.file.Name"`,
    ]
  ) assert.ok(stderr.includes(text), `${text}\n${stderr}`);
  assert.throws(() => parseConfig(config), ConfigError);
});

test("Router component: runs in a started node, and leaves when the node stops", async () => {
  const place = await workplace(configOf([ADDER], { "modulepath": [join(directory, "modules")] }));
  const node = launch(["start"], place.directory);
  await node.until(/Ready in/);
  const [, url = ""] = /"url":"(ws:[^" ]*)/.exec(node.output.stdout) ?? [];
  const session = await connect({ url, realm: "realm1" });
  assert.equal(await session.call("com.example.add", [1]), 102);
  await session.leave();
  assert.equal(await node.end(), 0);
  assert.match(node.output.stdout, /left: wamp\.close\.normal\n.*disconnected: true/s);
  await place.remove();
});
