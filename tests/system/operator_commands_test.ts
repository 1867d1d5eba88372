/** `realmway status`, `top`, `realm`, `role`, `link`, `transport`, `component` and `worker`, as processes, against a node. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { connect, type Session } from "realmway";
import { type Node, parseConfig, startNode } from "realmway/node";
import { endAll, freePort, launch, run, workplace, writeFiles } from "./cli_process.ts";

const ROLE = { "name": "anonymous", "allow-by-default": true };
const endpoint = { "type": "tcp", "interface": "127.0.0.1", "port": 0 };
const TICKET = "never shown";
const auth = {
  "ticket": {
    "type": "static",
    "principals": { "joe": { "ticket": TICKET, "role": "anonymous" } },
  },
};
const CONFIG = {
  "version": 2,
  "controller": { "id": "node1", "management": { "socket": "management.sock" } },
  "workers": [{
    "type": "router",
    "realms": [{ "name": "realm1", "roles": [ROLE] }],
    "transports": [
      { "type": "websocket", endpoint },
      { "type": "rawsocket", endpoint, auth },
    ],
  }],
};

let place: Awaited<ReturnType<typeof workplace>>;
let node: Node;
let url: string;

before(async () => {
  place = await workplace(CONFIG);
  // Within this process, as it outlives what the kit lets a process live.
  node = await startNode(parseConfig(CONFIG), { directory: join(place.directory, ".realmway") });
  [url = ""] = node.listeners.flatMap(({ urls }) => urls);
});
after(async () => {
  endAll();
  await node?.stop();
  await place?.remove();
});

const client = (realm = "realm1"): Promise<Session> => connect({ url, realm });

/** Runs a command that succeeds. */
async function ask(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args, place.directory);
  assert.deepEqual([stderr, code], ["", 0], args.join(" "));
  return stdout;
}

async function askJson(...args: string[]): Promise<Record<string, unknown>[]> {
  const text = await ask(...args, "--json");
  return text.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

test("status: tells of the node, its workers, realms, transports and memory", async () => {
  await using peer = await client();
  const text = await ask("status");
  assert.match(text, new RegExp(`^Realmway .*, node node1, process ${process.pid}\n`));
  assert.match(text, /\nrealm1 +1 +0\n/);
  assert.match(text, /\ntransport001 +ws:/);
  const [found] = await askJson("status");
  assert.deepEqual(found?.["realms"], [
    { "id": "realm001", "name": "realm1", "sessions": 1, "slow_consumers": 0 },
  ]);
  assert.ok(Number(Object(found?.["memory"])["rss"]) > 1e6);
  assert.equal(peer.isOpen, true);
});

test("realm: starts from a file or standard input, is listed and shown by id and name, and stops", async () => {
  await writeFiles(place.directory, {
    "realm2.yaml": "name: realm2\nroles:\n  - name: anonymous\n",
  });
  assert.equal(await ask("realm", "start", "second", "realm2.yaml"), "Started realm second\n");
  const third = launch(["realm", "start", "third", "-", "--json"], place.directory);
  third.type('{"name": "realm3", "roles": []}');
  assert.equal(await third.ended, 0);
  assert.equal(JSON.parse(third.output.stdout)["id"], "third");
  const ids = (await askJson("realm", "list")).map(({ id }) => id);
  assert.deepEqual(ids, ["realm001", "second", "third"]);
  assert.match(
    await ask("realm", "list"),
    /^ID +NAME +SESSIONS.*\n(.*\n)*second +realm2 +0 +1 +\d/,
  );
  assert.deepEqual(
    await askJson("realm", "show", "realm2"),
    await askJson("realm", "show", "second"),
  );
  await using peer = await client("realm2");
  assert.equal(
    await ask("realm", "stop", "realm2"),
    "Stopped realm realm2; 1 session got GOODBYE\n",
  );
  assert.equal((await peer.closed).reason, "wamp.close.close_realm");
  const [stopped] = await askJson("realm", "stop", "third");
  assert.deepEqual(stopped, { "id": "third", "name": "realm3", "detached_sessions": [] });
});

test("realm: kill ends the sessions of an authid with the reason and message given", async () => {
  const peer = await client();
  const authid = peer.authid ?? "";
  const args = ["realm", "kill", "realm1", authid, "--reason", "com.bye", "--message", "Enough"];
  assert.equal(await ask(...args), "Told 1 session to leave\n");
  const { reason, message } = await peer.closed;
  assert.deepEqual([reason, message], ["com.bye", "Enough"]);
});

test("role: starts, is listed and shown, and stops", async () => {
  await writeFiles(place.directory, { "guard.json": '{"name": "guard", "permissions": []}' });
  await ask("role", "start", "realm1", "guard1", "guard.json");
  assert.match(await ask("role", "list", "realm1"), /\nguard1 +guard +0 +its rules\n/);
  const [shown] = await askJson("role", "show", "realm1", "guard1");
  assert.equal(Object(shown?.["config"])["name"], "guard");
  assert.equal(await ask("role", "stop", "realm001", "guard1"), "Stopped role guard1\n");
  assert.deepEqual((await askJson("role", "list", "realm1")).map(({ id }) => id), ["role001"]);
});

test("transport: starts and is reached, is shown with its figures and without secrets, and stops", async () => {
  await writeFiles(place.directory, {
    "more.json": JSON.stringify({ "type": "websocket", endpoint }),
  });
  await ask("transport", "start", "more", "more.json");
  const [, address = ""] = /\nmore +websocket +started +(ws:\S+)\n/.exec(
    await ask("transport", "list"),
  ) ?? [];
  await (await connect({ url: address, realm: "realm1" })).leave();
  const [shown] = await askJson("transport", "show", "more");
  assert.ok(Object(Object(shown?.["stats"])["messages"])["received"] >= 1);
  await ask("transport", "stop", "more");
  const secret = await ask("transport", "show", "transport002");
  assert.match(secret, /ticket: "\*{6}"/);
  assert.ok(!(await ask("transport", "list", "--json")).includes(TICKET));
});

test("component: starts when it is ready, is listed and shown, and stops", async () => {
  await writeFiles(place.directory, {
    ".realmway/adder.ts": "export class Adder { async onJoin(session) { " +
      "await session.register('com.add', ([a, b]) => a + b); } }",
    "adder.json": '{"type": "class", "classname": "./adder.ts:Adder", "realm": "realm1"}',
  });
  await ask("component", "start", "adder", "adder.json");
  await using peer = await client();
  assert.equal(await peer.call("com.add", [2, 3]), 5);
  assert.match(await ask("component", "list"), /\nadder +class +realm1 +\d/);
  assert.equal(await ask("component", "stop", "adder"), "Stopped component adder\n");
  assert.deepEqual(await askJson("component", "list"), []);
});

test("link: starts, is listed and shown, and stops", async () => {
  const link = { "realm": "far", "transport": { "type": "websocket", url } };
  await writeFiles(place.directory, { "link.json": JSON.stringify(link) });
  await ask("link", "start", "realm1", "link1", "link.json");
  assert.match(await ask("link", "list", "realm1"), /\nlink1 +far +ws:\S+ +(yes|no) +\d/);
  const [shown] = await askJson("link", "show", "realm1", "link1");
  assert.equal(shown?.["id"], "link1");
  await ask("link", "stop", "realm1", "link1");
  assert.deepEqual(await askJson("link", "list", "realm1"), []);
});

test("worker: is listed and shown, and can be named to all others", async () => {
  assert.match(
    await ask("worker", "list"),
    new RegExp(`\nworker001 +router +${process.pid} +started\n`),
  );
  assert.match(await ask("worker", "show", "worker001"), /^id: worker001\ntype: router\n/);
  assert.match(await ask("realm", "list", "--worker", "worker001"), /\nrealm001 /);
  const { code, stderr } = await run(["realm", "list", "--worker", "x"], place.directory);
  assert.deepEqual([code, stderr.startsWith("crossbar.error.no_such_worker: ")], [1, true], stderr);
});

test("worker: a guest starts from a file and stops, and what is no worker is refused", async () => {
  await writeFiles(place.directory, {
    "guest.json": JSON.stringify({ "type": "guest", "executable": "sleep", "arguments": ["600"] }),
    "odd.json": JSON.stringify({ "type": "container", "components": [] }),
  });
  assert.equal(await ask("worker", "start", "sleeper", "guest.json"), "Started worker sleeper\n");
  assert.match(await ask("worker", "list"), /\nsleeper +guest +\d+ +started\n/);
  assert.equal(await ask("worker", "stop", "sleeper"), "Stopped worker sleeper\n");
  const { code, stderr } = await run(["worker", "start", "odd", "odd.json"], place.directory);
  assert.deepEqual([code, /found "components" beside "type" and "options"/.test(stderr)], [
    2,
    true,
  ]);
});

test("worker log: prints the latest lines of a process, and of the node's own router says why not", async () => {
  const script = "echo one; echo two >&2; echo three; exec sleep 600";
  const guest = { "type": "guest", "executable": "sh", "arguments": ["-c", script] };
  await writeFiles(place.directory, { "talker.json": JSON.stringify(guest) });
  await ask("worker", "start", "talker", "talker.json");
  let lines = await askJson("worker", "log", "talker");
  while (lines.length < 3) lines = await askJson("worker", "log", "talker");
  const said = lines.map(({ stream, line }) => `${stream} ${line}`).sort();
  assert.deepEqual(said, ["stderr two", "stdout one", "stdout three"]);
  const latest = await ask("worker", "log", "talker", "--lines", "1");
  assert.match(latest, /^\d{4}-\S+Z std(out|err) (one|two|three)\n$/);
  await ask("worker", "stop", "talker");
  const own = await run(["worker", "log", "worker001"], place.directory);
  assert.deepEqual([own.code, own.stdout], [1, ""]);
  assert.match(own.stderr, /^crossbar\.error\.feature_unavailable: /);
});

test("component --worker: starts, is listed and shown, and stops in a container", async () => {
  await writeFiles(place.directory, {
    "box.yaml": "type: container\noptions: { shutdown: shutdown-manual }\n",
    "tea.json": JSON.stringify({
      "type": "class",
      "classname": "./tea.ts:Tea",
      "realm": "realm1",
      "transport": { "type": "websocket", url },
    }),
    ".realmway/tea.ts": "export class Tea { onJoin() {} }\n",
  });
  await ask("worker", "start", "box", "box.yaml");
  const inBox = ["--worker", "box"];
  const started = await ask("component", "start", "tea", "tea.json", ...inBox);
  assert.equal(started, "Started component tea\n");
  assert.match(await ask("component", "list", ...inBox), /\ntea +class +realm1 +\d/);
  const [shown] = await askJson("component", "show", "tea", ...inBox);
  assert.equal(shown?.["id"], "tea");
  assert.equal(await ask("component", "stop", "tea", ...inBox), "Stopped component tea\n");
  await ask("worker", "stop", "box");
});

test("Operator commands: --socket and --cbdir find the node from anywhere", async () => {
  const elsewhere = await workplace();
  const cbdir = join(place.directory, ".realmway");
  for (const where of [["--cbdir", cbdir], ["--socket", join(cbdir, "management.sock")]]) {
    const { code, stdout } = await run(["realm", "list", ...where], elsewhere.directory);
    assert.equal(code, 0);
    assert.match(stdout, /\nrealm001 /);
  }
  await elsewhere.remove();
});

test("Operator commands: what is refused, is not there or is not configured has its words and exit code", async () => {
  await writeFiles(place.directory, {
    "wrong.json": '{"nam": "realm9"}',
    "list.json": "[]",
    "broken.json": "{",
    "without.json": '{"version": 2, "workers": [{"type": "router"}]}',
  });
  const stale = createServer().listen(join(place.directory, "stale.sock"));
  await new Promise((resolve) => stale.once("listening", resolve));
  const cases: [string, number, RegExp][] = [
    ["realm show nowhere", 1, /^crossbar\.error\.no_such_object: Cannot find realm "nowhere"/],
    ["realm start x wrong.json", 1, /invalid_configuration: .*nam: found an unknown key/],
    ["realm start x list.json", 2, /^Cannot use list\.json: .*\n +found no object, expected one/],
    ["realm start x broken.json", 2, /^Cannot use broken\.json: found 1 problem\n +1:2/],
    ["realm start x missing.json", 1, /^Cannot read missing\.json: /],
    ["realm show", 2, /missing required argument 'realm'/],
    ["worker stop nowhere", 1, /^crossbar\.error\./],
    ["worker kill worker001", 2, /unknown command 'kill'/],
    [
      "status --config ../without.json --cbdir .realmway",
      2,
      /controller\.management\.socket: miss/,
    ],
    ["status --cbdir nowhere", 2, /found no configuration, expected /],
    [
      "status --socket nowhere.sock",
      3,
      /^Cannot reach the node: found no socket at .*nowhere\.sock/,
    ],
  ];
  for (const [line, expected, text] of cases) {
    const { code, stdout, stderr } = await run(line.split(" "), place.directory);
    assert.deepEqual([code, stdout], [expected, ""], `${line}\n${stderr}`);
    assert.match(stderr, text);
  }
  stale.close();
});

test("Operator commands: a socket that nobody listens on any more is told from one that is not there", async () => {
  // What a node that was killed leaves behind.
  const dead = await workplace(CONFIG);
  const second = launch(["start"], dead.directory);
  await second.until(/Ready in/);
  await second.end("SIGKILL");
  const { code, stderr } = await run(["status"], dead.directory);
  assert.equal(code, 3);
  assert.match(stderr, /^Cannot connect to "unix\+rs:.*management\.sock"/);
  await dead.remove();
});

test("top: prints a line for each look, with rates of what happened between", async () => {
  const watching = launch(["top", "--interval", "100"], place.directory);
  await using peer = await client();
  await peer.subscribe("com.tick", () => {});
  const line =
    /sessions=1 received=[1-9]\S*\/s sent=\S+ calls=0\/s publications=[1-9]\S*\/s events=/;
  let isSeen = false;
  const seen = watching.until(line).then(() => isSeen = true);
  // As long as it takes until a look falls on it.
  while (!isSeen) await peer.publish("com.tick", [1], {}, { acknowledge: true });
  await seen;
  watching.send("SIGINT");
  assert.equal(await watching.ended, 0);
  assert.match(watching.output.stdout, / memory=\d\S*MiB cpu=\d+%\n/);
});

test("top: --json prints one value for each look, and --count ends it", async () => {
  const values = await askJson("top", "--interval", "20", "--count", "2");
  assert.equal(values.length, 2);
  for (const { sessions, realms, memory, "slow_consumers": slow } of values) {
    assert.deepEqual([sessions, slow], [0, []]);
    assert.ok(Object(memory)["rss"] > 1e6);
    const [realm] = Array.isArray(realms) ? realms : [];
    assert.deepEqual([realm["name"], realm["rates"]["calls"]], ["realm1", 0]);
  }
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

test("top: on a terminal it is one screen", {
  skip: hasPython ? false : "python3 is not installed",
}, async () => {
  const terminal = ["python3", "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"];
  const args = ["top", "--interval", "50", "--count", "2"];
  const watching = launch(args, place.directory, {}, "main.ts", terminal);
  assert.equal(await watching.ended, 0, watching.output.stdout);
  const screens = watching.output.stdout.split("\x1b[H\x1b[2J");
  assert.equal(screens.length, 3);
  assert.match(
    screens[2] ?? "",
    /^Realmway .*, up for .*\r\nMemory .*\r\nSessions 0; .*\r\n\r\nREALM /,
  );
});

test("top: ends with 5 when the node does", async () => {
  const second = await workplace(CONFIG);
  const ending = launch(["start"], second.directory);
  await ending.until(/Ready in/);
  const watching = launch(["top", "--interval", "20"], second.directory);
  await watching.until(/sessions=0/);
  await ending.end();
  assert.equal(await watching.ended, 5);
  assert.match(watching.output.stderr, /^The session (has ended|ended|is closed)|Cannot/);
  await second.remove();
});

test("Operator commands: a port that is in use is told as the node's answer", async () => {
  const port = await freePort();
  const inTheWay = createServer().listen(port, "127.0.0.1");
  await new Promise((resolve) => inTheWay.once("listening", resolve));
  await writeFiles(place.directory, {
    "taken.json": JSON.stringify({ "type": "websocket", "endpoint": { ...endpoint, port } }),
  });
  const { code, stderr } = await run(
    ["transport", "start", "extra", "taken.json"],
    place.directory,
  );
  assert.deepEqual([code, /^crossbar\.error\.cannot_listen: /.test(stderr)], [1, true], stderr);
  inTheWay.close();
});
