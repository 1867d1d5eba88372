/** Components as programs: they outlive their router, and end when they are told to. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect, SessionClosedError } from "../../mod.ts";
import { endAll, freePort, launch, openConfig, workplace } from "./cli_process.ts";

after(endAll);

const PROGRAM = fileURLToPath(new URL("component_program.ts", import.meta.url).href);
const NODE = process.env["REALMWAY_NODE"];
const isDeno = process.versions["deno"] !== undefined;

const runtimes = [
  { name: "this runtime", command: process.execPath, args: isDeno ? ["run", "-A"] : ["run"] },
  ...(NODE === undefined ? [] : [{ name: "Node.js", command: NODE, args: [] }]),
];

/** Starts the program; `until` waits for its output. */
function program(command: string, args: readonly string[], url: string) {
  const child = spawn(command, [...args, PROGRAM, url], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const until = async (isSo: (output: string) => boolean) => {
    const end = Date.now() + 30_000;
    while (!isSo(output)) {
      assert.ok(Date.now() < end && child.exitCode === null, `found only: ${output}`);
      await new Promise((resolve) => child.stdout.once("data", resolve));
    }
  };
  return { child, ended, until, output: () => output };
}

for (const { name, command, args } of runtimes) {
  test(`Component on ${name}: survives kill -9 of its router, answers again, ends at SIGTERM`, async () => {
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
    const component = program(command, args, url);
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
      // Not by `child.kill`: Deno then tells of the signal instead of the exit code.
      process.kill(component.child.pid ?? 0, "SIGTERM");
      assert.equal(await component.ended, 0);
    } finally {
      component.child.kill("SIGKILL");
      await node.end("SIGTERM");
      await remove();
    }
    const acknowledged = Number(/acknowledged (\d+)/.exec(component.output())?.[1]);
    assert.ok(acknowledged > 0 && received > 0, `${acknowledged} and ${received}`);
    assert.equal(inDoubt, 2);
  });
}
