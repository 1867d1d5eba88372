/** A node as a service: its units, inherited sockets, its PID file, and the limit of descriptors. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "realmway";
import { serviceUnit } from "../../node/cli/unit.ts";
import { inheritedSocket } from "../../node/inherited_sockets.ts";
import { endAll, launch, openConfig, run, workplace } from "./cli_process.ts";

after(endAll);

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;
const skipSystemd = has("systemd-analyze") ? false : "systemd is not installed";
const skipPython = has("python3") ? false : "python3 is not installed";

const HARDENING = [
  "Type=notify",
  "ExecReload=/bin/kill -HUP $MAINPID",
  "DynamicUser=yes",
  "ProtectSystem=strict",
  "ProtectHome=yes",
  "NoNewPrivileges=yes",
  "PrivateDevices=yes",
  "RestrictNamespaces=yes",
  "SystemCallFilter=@system-service",
  "CapabilityBoundingSet=",
  "WatchdogSec=30",
  "StateDirectory=realmway",
];

test("service install --print: the unit is hardened, and systemd has nothing to say against it", {
  skip: skipSystemd,
}, async () => {
  const { directory, remove } = await workplace();
  const { code, stdout, stderr } = await run(["service", "install", "--print"], directory);
  assert.deepEqual([code, stderr], [0, ""]);
  const lines = stdout.split("\n");
  for (const line of HARDENING) assert.ok(lines.includes(line), line);
  assert.match(stdout, /\nExecStart=\/\S.* start --cbdir \/var\/lib\/realmway\n/);
  await writeFile(join(directory, "realmway.service"), stdout);
  const args = ["verify", "--man=no", join(directory, "realmway.service")];
  const verified = spawnSync("systemd-analyze", args, { encoding: "utf8" });
  // Of other units on the machine it may complain.
  assert.ok(!verified.stderr.includes("realmway"), verified.stderr);
  assert.equal(verified.status, 0, verified.stderr);
  assert.deepEqual(await readdir(directory), ["realmway.service"]);
  await remove();
});

test("service: units are written, written anew, and removed; those of others stay", async () => {
  const { directory, remove } = await workplace();
  const at = ["--unit-directory", "units", "--name", "chat"];
  const install = ["service", "install", ...at, "--run-as", "joe", "--cbdir", "/srv/chat dir"];
  const first = await run([...install, "--listen", "8080"], directory);
  assert.deepEqual([first.code, first.stderr], [0, ""]);
  assert.match(first.stdout, /systemctl enable --now chat\.socket\n$/);
  const units = join(directory, "units");
  assert.deepEqual((await readdir(units)).sort(), ["chat.service", "chat.socket"]);
  const service = await readFile(join(units, "chat.service"), "utf8");
  assert.match(service, /\nUser=joe\nReadWritePaths='\/srv\/chat dir'\n/);
  assert.match(service, /\nExecStart=.* --cbdir "\/srv\/chat dir"\n/);
  assert.match(service, /\nRequires=chat\.socket\nAfter=chat\.socket\n/);
  assert.match(
    await readFile(join(units, "chat.socket"), "utf8"),
    /\nListenStream=8080\nFileDescriptorName=chat\n/,
  );
  assert.equal((await run([...install, "--low-ports"], directory)).code, 0);
  assert.match(
    await readFile(join(units, "chat.service"), "utf8"),
    /\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n/,
  );
  const removed = await run(["service", "uninstall", ...at], directory);
  assert.deepEqual([removed.code, removed.stderr], [0, ""]);
  assert.deepEqual(await readdir(units), []);
  const again = await run(["service", "uninstall", ...at], directory);
  assert.deepEqual([again.code, again.stderr.split(":")[0]], [1, "Cannot uninstall"]);
  await writeFile(join(units, "chat.service"), "[Service]\n");
  for (const args of [install, ["service", "uninstall", ...at]]) {
    const { code, stderr } = await run(args, directory);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Cannot change .*chat\.service: found a unit that realmway did not write/,
    );
  }
  await remove();
});

test("service: what systemd could not run is refused", async () => {
  const { directory, remove } = await workplace();
  const cases: [string[], RegExp][] = [
    [["--cbdir", "/srv/chat"], /expected a directory below \/var\/lib, or --run-as/],
    [["--user", "--run-as", "joe"], /Cannot use --run-as or --low-ports: found --user/],
    [["--name", "a b"], /Expected the name of a unit/],
    [["--user"], /found no configuration, expected/],
    [["--cbdir", "/var/lib/a\nUser=root"], /found a line break or another control character/],
    [["--run-as", "joe\nUser=root", "--cbdir", "/srv/chat"], /control character/],
    [["--listen", "80\nAccept=yes"], /control character/],
  ];
  for (const [args, text] of cases) {
    const { code, stderr } = await run(["service", "install", "--print", ...args], directory);
    assert.equal(code, 2);
    assert.match(stderr, text);
  }
  await remove();
});

test("service: systemd reads node directories of any name as they are", {
  skip: skipSystemd,
}, async () => {
  const { directory, remove } = await workplace();
  for (const name of ["a dir", `it's "x" 100%`, "back\\slash", "$HOME;ä#"]) {
    const node = join(directory, name);
    const unit = serviceUnit({
      name: "odd",
      command: ["/bin/true"],
      directory: node,
      manager: "system",
      runAs: "root",
      hasLowPorts: false,
      hasSockets: false,
    });
    const file = join(directory, "odd.service");
    await writeFile(file, unit);
    const args = ["verify", "--man=no", file];
    const { status, stderr } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
    assert.deepEqual([status, stderr.includes("odd")], [0, false], `${name}: ${stderr}`);
    assert.equal(unit.match(/ExecReload=/g)?.length, 1);
  }
  await remove();
});

test("service: the unit of a user has what such a manager may do, and names are kept from being specifiers", () => {
  const unit = serviceUnit({
    name: "realmway",
    command: ["/opt/a b/realm%way", '$x"'],
    directory: "/home/joe/100%",
    manager: "user",
    hasLowPorts: false,
    hasSockets: false,
  });
  assert.match(
    unit,
    /\nExecStart="\/opt\/a b\/realm%%way" "\$\$x\\"" start --cbdir \/home\/joe\/100%%\n/,
  );
  assert.match(unit, /\nNoNewPrivileges=yes\n/);
  assert.match(unit, /\nWantedBy=default\.target\n/);
  assert.ok(!/DynamicUser|ProtectSystem|Capability/.test(unit));
});

/** Opens two sockets as descriptors 3 and 4 as systemd does, and becomes the program. Prints their ports. */
const MANAGER = `
import os, socket, sys
sockets = []
for _ in range(2):
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen()
    sockets.append(os.dup(one.fileno()) if one.fileno() < 20 else one.fileno())
high = [os.dup2(one, 30 + i) for i, one in enumerate(sockets)]
for i, one in enumerate(high):
    os.dup2(one, 3 + i)
    print("port", socket.socket(fileno=os.dup(one)).getsockname()[1], flush=True)
os.closerange(5, 40)
os.environ.update(LISTEN_FDS="2", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="plain:web")
os.execvp(sys.argv[1], sys.argv[1:])
`;

test("Inherited sockets: a node takes those of its service manager, by name and by place", {
  skip: skipPython,
}, async () => {
  const { directory, remove } = await workplace(openConfig([
    { type: "websocket", endpoint: { type: "inherited", name: "web" } },
    { type: "rawsocket", endpoint: { type: "inherited" } },
  ]));
  const node = launch(["start"], directory, {}, "main.ts", ["python3", "-c", MANAGER]);
  const [, first, second] = await node.until(/port (\d+)\nport (\d+)\n/);
  await node.until(/Ready in/);
  for (const url of [`rs://127.0.0.1:${first}`, `ws://127.0.0.1:${second}/`]) {
    await using session = await connect({ url, realm: "realm1" });
    assert.equal(await session.call("wamp.session.count"), 1);
    await session.leave();
  }
  assert.equal(await node.end(), 0);
  await remove();
});

test("Inherited sockets: without a service manager, or without that socket, the node says so and ends with 1", async () => {
  const endpoint = { type: "inherited", name: "web" };
  const { directory, remove } = await workplace(openConfig([{ type: "websocket", endpoint }]));
  const { code, stderr } = await run(["start"], directory, {
    "LISTEN_FDS": "1",
    "LISTEN_PID": "1",
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Cannot listen on an inherited socket, named "web", number 0: found no sockets/,
  );
  const env = { "LISTEN_FDS": "3", "LISTEN_PID": "7", "LISTEN_FDNAMES": "a:b" };
  const find = (name: string | undefined, index = 0) => inheritedSocket({ name, index }, env, 7);
  assert.deepEqual([find("b"), find(undefined, 2), find("unknown")], [4, 5, 5]);
  assert.throws(() => find("a", 1), /found those named a, b, unknown, expected one/);
  await remove();
});

test("Inherited sockets: two transports on one of them are a problem of the configuration", async () => {
  const endpoint = { type: "inherited" };
  const transport = { type: "rawsocket", endpoint };
  const { directory, remove } = await workplace(openConfig([transport, transport]));
  const { code, stderr } = await run(["check"], directory);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /transports\[1\]\.endpoint: found a socket, which .*transports\[0\]\.endpoint/,
  );
  await remove();
});

test("start --pid-file: has the process's number while the node runs, and refuses a second node", async () => {
  const { directory, remove } = await workplace(openConfig([]));
  const file = join(directory, "node.pid");
  const args = ["start", "--pid-file", "node.pid"];
  const node = launch(args, directory);
  await node.until(/Ready in/);
  assert.equal(await readFile(file, "utf8"), `${node.pid}\n`);
  const second = await run(args, directory);
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    new RegExp(`^Cannot write the PID file .*: found process ${node.pid} `),
  );
  assert.equal(await node.end(), 0);
  assert.ok(!(await readdir(directory)).includes("node.pid"));
  // What a node that was killed leaves behind: a number that nobody has.
  const { pid } = spawnSync(process.execPath, ["--version"]);
  await writeFile(file, `${pid}\n`);
  const third = launch(args, directory);
  await third.until(/Ready in/);
  assert.equal(await third.end(), 0);
  const nowhere = await run(["start", "--pid-file", "missing/node.pid"], directory);
  assert.deepEqual([nowhere.code, /^Cannot write the PID file /.test(nowhere.stderr)], [1, true]);
  await remove();
});

test("start --pid-file: of several that find a stale file at once one has it", async () => {
  const { directory, remove } = await workplace();
  const files = Array.from({ length: 6 }, (_, i) => join(directory, `${i}.pid`));
  // Nobody has such a number.
  for (const file of files) await writeFile(file, "4194999\n");
  const program = fileURLToPath(new URL("pid_program.ts", import.meta.url).href);
  const isDeno = process.versions["deno"] !== undefined;
  const before = isDeno ? ["run", "-A", "--quiet", "--no-check"] : [];
  const args = [...before, program, String(Date.now() + 1500), ...files];
  const claimants = Array.from({ length: 5 }, () => spawn(process.execPath, args));
  const got: string[] = [];
  await Promise.all(claimants.map(async ({ stdout }) => {
    for await (const file of createInterface({ input: stdout })) {
      if (file === "tried") return;
      got.push(file);
    }
  }));
  const ends = claimants.map((one) => once(one, "close"));
  for (const { stdin } of claimants) stdin.end();
  for (const end of ends) assert.deepEqual(await end, [0, null]);
  assert.deepEqual(got.sort(), files);
  assert.deepEqual((await readdir(directory)).sort(), files.map((file) => basename(file)));
  await remove();
});

test("start: reports the limit of file descriptors, and warns of one that is low", {
  skip: process.platform === "linux" ? false : "only Linux tells",
}, async () => {
  const { directory, remove } = await workplace(openConfig([]));
  for (const [limit, level] of [[1000, "warn"], [5000, "info"]] as const) {
    const shell = ["sh", "-c", `ulimit -n ${limit}; exec "$@"`, "sh"];
    const node = launch(["start", "--logformat", "json"], directory, {}, "main.ts", shell);
    const [line] = await node.until(new RegExp(`^.*limit of file descriptors is ${limit}.*$`, "m"));
    assert.match(line, new RegExp(`"level": ?"${level}`, "i"));
    assert.equal(await node.end(), 0);
  }
  await remove();
});
