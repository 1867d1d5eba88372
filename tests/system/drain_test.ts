/** A node that is told to drain: calls in flight get their answers, then everybody is told to leave, and it ends with 0. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { ApplicationError, connect, type Session } from "../../mod.ts";
import { endAll, freePort, launch, openConfig, run, workplace } from "./cli_process.ts";

after(endAll);

async function start(options: object = {}) {
  const config = openConfig([{
    "type": "universal",
    "endpoint": { "type": "tcp", "port": 0, "interface": "127.0.0.1" },
    "rawsocket": {},
    "websocket": { "ws": {} },
  }]);
  const { directory, remove } = await workplace({
    ...config,
    "controller": { "management": { "socket": "m.sock" }, "options": options },
  });
  const node = launch(["start", "--logformat", "json"], directory);
  await node.until(/Ready in/);
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(node.output.stdout)?.[1]);
  const socket = `unix+rs:${join(directory, ".realmway", "m.sock")}`;
  return { node, port, socket, directory, remove };
}

function joined(port: number): Promise<Session> {
  return connect({ url: `rs://127.0.0.1:${port}`, realm: "realm1" });
}

/** A callee whose calls are answered when the test says so. */
async function slowCallee(port: number) {
  const session = await joined(port);
  const called = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  await session.register("com.example.slow", () => {
    called.resolve();
    return answer.promise;
  });
  return { session, called: called.promise, answer: answer.resolve };
}

/** What the slow procedure answers; "none" when the session ended before. */
function outcome(caller: Session): Promise<string> {
  return caller.call<string>("com.example.slow").catch(() => "none");
}

test("drain: SIGUSR2 has a call in flight answered before everybody leaves, and the node ends with 0", async () => {
  const { node, port, remove } = await start();
  const callee = await slowCallee(port);
  const [caller, idle] = [await joined(port), await joined(port)];
  const result = outcome(caller);
  await callee.called;
  node.send("SIGUSR2");
  assert.equal((await idle.closed).reason, "wamp.close.system_shutdown");
  await assert.rejects(joined(port), /Cannot connect|refused/i);
  await assert.rejects(
    caller.call("com.example.slow"),
    (error) => error instanceof ApplicationError && error.uri === "wamp.error.unavailable",
  );
  callee.answer("at last");
  assert.equal(await result, "at last");
  assert.equal((await caller.closed).reason, "wamp.close.system_shutdown");
  assert.equal((await callee.session.closed).reason, "wamp.close.system_shutdown");
  assert.equal(await node.ended, 0);
  assert.match(node.output.stdout, /Drained: of 1 calls in flight 0 had no answer in time/);
  await remove();
});

test("drain: by the management API, and no longer than drain_timeout", async () => {
  const { node, port, socket, remove } = await start({ "drain_timeout": 200 });
  const callee = await slowCallee(port);
  const caller = await joined(port);
  const result = outcome(caller);
  await callee.called;
  const operator = await connect({ url: socket, realm: "crossbar" });
  await operator.call("crossbar.shutdown", [false, true]);
  assert.equal(await result, "none");
  assert.equal(await node.ended, 0);
  assert.match(node.output.stdout, /Drained: of 1 calls in flight 1 had no answer in time/);
  await remove();
});

test("stop --drain: waits until the calls are answered and the node has ended; stop: at once", async () => {
  for (const drains of [true, false]) {
    const { node, port, directory, remove } = await start();
    const callee = await slowCallee(port);
    const [caller, idle] = [await joined(port), await joined(port)];
    const result = outcome(caller);
    await callee.called;
    const stopping = launch(["stop", "--json", ...(drains ? ["--drain"] : [])], directory);
    await idle.closed;
    if (drains) {
      assert.equal(stopping.output.stdout, "");
      callee.answer("at last");
      assert.equal(await result, "at last");
    } else {
      assert.equal(await result, "none");
    }
    assert.equal(await stopping.ended, 0, stopping.output.stderr);
    assert.equal(JSON.parse(stopping.output.stdout).pid, node.pid);
    assert.equal(await node.ended, 0);
    await remove();
  }
  const { directory, remove } = await workplace({
    ...openConfig([]),
    "controller": { "management": { "socket": "m.sock" } },
  });
  const { code, stderr } = await run(["stop"], directory);
  assert.equal(code, 3);
  assert.match(stderr, /^Cannot reach the node: found no socket at/);
  await remove();
});

test("drain: a router in a process of its own is drained with the node", async () => {
  const [worker] = openConfig([]).workers;
  const port = await freePort();
  const { directory, remove } = await workplace({
    "version": 2,
    "workers": [{
      ...worker,
      "options": { "isolate": true },
      "transports": [{
        "type": "rawsocket",
        "endpoint": { "type": "tcp", "port": port, "interface": "127.0.0.1" },
      }],
    }],
  });
  const node = launch(["start", "--logformat", "json"], directory);
  await node.until(/Ready in/);
  const callee = await slowCallee(port);
  const [caller, idle] = [await joined(port), await joined(port)];
  const result = outcome(caller);
  await callee.called;
  node.send("SIGUSR2");
  await idle.closed;
  callee.answer("at last");
  assert.equal(await result, "at last");
  assert.equal(await node.ended, 0);
  assert.match(node.output.stdout, /Drained: of 1 calls in flight 0 had no answer in time/);
  await remove();
});

test("drain: SIGTERM cuts it short", async () => {
  const { node, port, remove } = await start({ "drain_timeout": 600_000 });
  const callee = await slowCallee(port);
  const [caller, idle] = [await joined(port), await joined(port)];
  const result = outcome(caller);
  await callee.called;
  node.send("SIGUSR2");
  await idle.closed;
  node.send("SIGTERM");
  assert.equal(await result, "none");
  assert.equal(await node.ended, 0);
  assert.match(node.output.stdout, /Not draining any longer because of .*SIGTERM/);
  await remove();
});
