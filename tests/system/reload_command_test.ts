/** A node as a process that reads its configuration anew: `realmway reload`, SIGHUP, and what a service manager is told. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { endAll, launch, openConfig, run, workplace } from "./cli_process.ts";
import { join } from "./json_client.ts";
import { listenTo } from "./notify_socket.ts";

after(endAll);

const transport = (id: string) => (
  { type: "websocket", id, endpoint: { type: "tcp", interface: "127.0.0.1", port: 0 } }
);
const managed = (...transports: readonly object[]) => ({
  ...openConfig(transports),
  "controller": { "management": { "socket": "management.sock" } },
});

async function started(config: object, env: Record<string, string> = {}) {
  const { directory, remove } = await workplace(config);
  const node = launch(["start"], directory, env);
  await node.until(/Ready in/);
  const [, url = ""] = /"url":"(ws:[^" ]*)/.exec(node.output.stdout) ?? [];
  const file = joinPath(directory, ".realmway", "config.json");
  const write = (text: object | string) =>
    writeFile(file, typeof text === "string" ? text : JSON.stringify(text));
  return { node, url, directory, remove, write };
}

test("reload: the node reads its file anew and says what has changed; sessions stay", async () => {
  const { node, url, directory, remove, write } = await started(managed(transport("first")));
  const { client } = await join(url);
  assert.equal((await run(["reload"], directory)).stdout, "Nothing has changed\n");
  await write(managed(transport("first"), transport("second")));
  const { code, stdout, stderr } = await run(["reload"], directory);
  assert.deepEqual([code, stdout, stderr], [0, 'transport "second" started\n', ""]);
  await write(managed(transport("first")));
  const json = await run(["reload", "--json"], directory);
  assert.deepEqual(JSON.parse(json.stdout), { "changes": ['transport "second" stopped'] });
  client.send([48, 1, {}, "wamp.session.count"]);
  assert.deepEqual(await client.next(), [50, 1, {}, [1]]);
  client.close();
  assert.equal(await node.end(), 0);
  await remove();
});

test("reload: a file with mistakes changes nothing; who asked and the node's log are told why", async () => {
  const { node, url, directory, remove, write } = await started(managed(transport("first")));
  await write({ ...managed(transport("first")), "wrokers": [] });
  const { code, stderr } = await run(["reload"], directory);
  assert.equal(code, 1);
  assert.match(stderr, /crossbar\.error\.invalid_configuration.*wrokers/s);
  assert.match(node.output.stdout, /Cannot reload: .*wrokers/);
  await write("{");
  assert.equal((await run(["reload"], directory)).code, 2);
  const { client } = await join(url);
  client.close();
  assert.equal(await node.end(), 0);
  await remove();
});

test("SIGHUP has a node read its configuration anew, and tells the log what became of it", async () => {
  const { node, url, remove, write } = await started(openConfig([transport("first")]));
  const { client } = await join(url);
  await write(openConfig([transport("first"), transport("second")]));
  node.send("SIGHUP");
  await node.until(/Reloaded: 1 changes/);
  await write("{");
  node.send("SIGHUP");
  await node.until(/Cannot reload: /);
  client.send([48, 1, {}, "wamp.session.count"]);
  assert.deepEqual(await client.next(), [50, 1, {}, [1]]);
  client.close();
  assert.equal(await node.end(), 0);
  await remove();
});

test("SIGHUP starts, changes and stops workers that are processes of their own", async () => {
  const guest = (word: string) => ({
    "type": "guest",
    "id": "sleeper",
    "executable": "sh",
    "arguments": ["-c", `echo ${word}; exec sleep 60`],
  });
  const config = openConfig([transport("first")]);
  const with_ = (...more: readonly object[]) => (
    { ...config, "workers": [...config.workers, ...more] }
  );
  const { node, remove, write } = await started(config);
  await write(with_(guest("one")));
  node.send("SIGHUP");
  await node.until(/"line":"one"/);
  await write(with_(guest("two")));
  node.send("SIGHUP");
  await node.until(/"line":"two"/);
  await node.until(/Reload: .*worker \\?\\?"sleeper\\?\\?.* changed/);
  await write(with_());
  node.send("SIGHUP");
  await node.until(/Reload: .*worker \\?\\?"sleeper\\?\\?.* stopped/);
  assert.equal(await node.end(), 0);
  await remove();
});

const needsPython = spawnSync("python3", ["--version"]).status === 0
  ? false
  : "python3 is not installed";

test("reload: a service manager is told RELOADING with its clock, then READY", {
  skip: needsPython,
}, async () => {
  const { directory: place, remove: clean } = await workplace();
  const socket = joinPath(place, "notify.sock");
  const listener = listenTo(socket);
  await listener.until(/^bound$/);
  const { node, remove } = await started(openConfig([transport("first")]), {
    "NOTIFY_SOCKET": socket,
  });
  // As systemd has it: the reload has begun after it was asked for.
  const uptime = await readFile("/proc/uptime", "utf8");
  node.send("SIGHUP");
  const told = await listener.until(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=Reloading /);
  await listener.until(/^READY=1\nSTATUS=Listening on /, 2);
  const micros = Number(/USEC=(\d+)/.exec(told)?.[1]);
  // Time asleep is not in it, so it may be less; that of the machine's start it is not more than.
  assert.ok(micros > 0 && micros < (Number.parseFloat(uptime) + 60) * 1e6, told);
  assert.equal(await node.end(), 0);
  await listener.end();
  await remove();
  await clean();
});

const needsTerminal = existsSync("/usr/bin/script") && existsSync("/proc/self/status")
  ? false
  : "needs script(1) and /proc";

/** Starts a node in a terminal of its own. */
async function inTerminal(prefix: string) {
  const { directory, remove } = await workplace(openConfig([transport("first")]));
  const log = joinPath(directory, "node.log");
  const isDeno = process.versions["deno"] !== undefined;
  const main = joinPath(import.meta.dirname ?? "", "..", "..", "node", "cli", "main.ts");
  const program = process.env["REALMWAY_BIN"] ??
    [process.execPath, ...(isDeno ? ["run", "-A", "--quiet"] : []), main].join(" ");
  const command =
    `echo $$ > ${directory}/pid; exec ${prefix} ${program} start --logformat json > ${log} 2>&1`;
  const terminal = spawn("script", ["-qfc", command, "/dev/null"], {
    cwd: directory,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise((resolve) => terminal.on("exit", resolve));
  /** A file of another process: looking again and again is the only way. */
  const said = async (pattern: RegExp) => {
    for (;;) {
      const found = pattern.exec(await readFile(log, "utf8").catch(() => ""));
      if (found !== null) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await said(/Ready in/);
  return {
    said,
    remove,
    /** Its end of the terminal is closed with it. */
    hangUp: () => (terminal.kill("SIGKILL"), ended),
    pid: Number(await readFile(joinPath(directory, "pid"), "utf8")),
  };
}

test(
  "start: SIGHUP because the terminal is gone says goodbye and ends",
  { skip: needsTerminal },
  async () => {
    const { said, remove, hangUp } = await inTerminal("");
    await hangUp();
    await said(/Stopping because of \\?"SIGHUP.*Stopped/s);
    await remove();
  },
);

test("start: under nohup a node outlives its terminal", { skip: needsTerminal }, async () => {
  const { said, remove, hangUp, pid } = await inTerminal("nohup");
  const [, url = ""] = await said(/"url":"(ws:[^" ]*)/);
  await hangUp();
  const { client } = await join(url);
  client.close();
  process.kill(pid, "SIGTERM");
  await said(/Stopping because of \\?"SIGTERM.*Stopped/s);
  await remove();
});
