/** Components as programs: they outlive their router, and end when they are told to. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connect, SessionClosedError } from "../../mod.ts";
import { endAll, freePort, launch, openConfig, workplace } from "./cli_process.ts";
import { runtimes, startProgram } from "./programs.ts";

after(endAll);

for (const runtime of runtimes) {
  test(`Component on ${runtime.name}: survives kill -9 of its router, answers again, ends at SIGTERM`, async () => {
    const port = await freePort();
    const endpoint = { type: "tcp", port, interface: "127.0.0.1" };
    const { directory, remove } = await workplace(openConfig([{ type: "websocket", endpoint }]));
    const url = `ws://127.0.0.1:${port}/ws`;
    const start = async () => {
      const node = launch(["start"], directory);
      await node.until(/Ready in/);
      return node;
    };
    let node = await start();
    const component = startProgram(runtime, "component_program.ts", url);
    const ready = (times: number) =>
      component.until((output) => output.split("ready").length > times);
    let received = 0;
    let inDoubt = 0;
    try {
      await ready(1);
      for (let round = 1; round <= 3; round++) {
        const session = await connect({ url, realm: "realm1" });
        const subscription = await session.subscribe("com.example.count", () => received++);
        assert.equal(await session.call("com.example.add2", [round, 2]), round + 2);
        assert.ok(subscription.isActive);
        // Calls in flight when the router dies are all answered: with a result, or with the news that the session is closed.
        const calls = Array.from({ length: 50 }, () => session.call("com.example.add2", [1, 1]));
        const outcomes = Promise.allSettled(calls);
        if (round === 3) {
          await outcomes;
          await session.leave();
          break;
        }
        await node.end("SIGKILL");
        for (const outcome of await outcomes) {
          if (outcome.status === "fulfilled") assert.equal(outcome.value, 2);
          else assert.ok(outcome.reason instanceof SessionClosedError, String(outcome.reason));
        }
        inDoubt++;
        node = await start();
        await ready(round + 1);
      }
      assert.equal(await component.end(), 0);
    } finally {
      component.kill();
      await node.end("SIGTERM");
      await remove();
    }
    const acknowledged = Number(/acknowledged (\d+)/.exec(component.output())?.[1]);
    assert.ok(acknowledged > 0 && received > 0, `${acknowledged} and ${received}`);
    assert.equal(inDoubt, 2);
  });
}
