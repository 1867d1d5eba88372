/** Programs whose handlers never end, as the guide's publisher has one: the component comes back, and stops, all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ApplicationSession, ConnectError } from "../../mod.ts";
import { settled } from "./client_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

const NEVER = new Promise<never>(() => {});

for (
  const { what, options, listen } of [
    { what: "a main", options: { main: () => NEVER }, listen: undefined },
    { what: "a listener to join", options: {}, listen: "join" },
    { what: "a listener to ready", options: {}, listen: "ready" },
  ] as const
) {
  test(`Component: ${what} that never ends does not keep it from coming back, nor from stopping`, async () => {
    const kit = new ComponentFlow();
    const component = kit.component(options);
    kit.watch(component);
    if (listen !== undefined) component.on(listen, () => NEVER);
    let isDone = false;
    const done = component.start().then(() => isDone = true);
    await settled();
    await kit.cut();
    assert.deepEqual(kit.seen.slice(-2), ["leave transport", "disconnect false"]);
    await kit.pass(1_500);
    assert.equal(kit.dialed.length, 2);
    assert.equal(kit.seen.at(-1), listen === "join" ? "join realm1" : "ready true");
    void component.stop();
    await settled();
    assert.ok(isDone);
    await done;
    assert.equal(kit.clock.pendingCount, 0);
  });
}

test("Component: a join that was still at work takes the delays back to their beginning", async () => {
  const kit = new ComponentFlow();
  const component = kit.component({
    transports: { initialRetryDelayMs: 100, retryDelayGrowth: 2, maxRetries: 1 },
  });
  const failures: unknown[] = [];
  component.onConnectFailure((_component, error) => failures.push(error));
  component.onJoin(() => NEVER);
  const done = component.start();
  await settled();
  for (let round = 1; round <= 4; round++) {
    await kit.cut();
    await kit.pass(100);
    assert.equal(kit.dialed.length, round + 1);
  }
  assert.deepEqual(failures, []);
  void component.stop();
  await settled();
  await done;
});

test("Component: stopped while main waits for an answer, it is done and has not failed", async () => {
  const kit = new ComponentFlow();
  const component = kit.component({ main: (session) => session.call("com.example.never") });
  component.register("com.example.never", () => NEVER);
  const done = component.start();
  await settled();
  await component.stop();
  await done;
  assert.deepEqual(kit.log.errors, []);
});

test("Component: main may go on when it has left, until the component is stopped", async () => {
  const kit = new ComponentFlow();
  const { promise, resolve } = Promise.withResolvers<void>();
  const main = async (session: ApplicationSession) => {
    await session.leave();
    await promise;
  };
  let ended = 0;
  const first = kit.component({ main });
  const done = first.start().then(() => ended++);
  const second = kit.component({ main });
  const stopped = second.start().then(() => ended++);
  await settled();
  assert.equal(ended, 0);
  await second.stop();
  await stopped;
  assert.equal(ended, 1);
  resolve();
  await done;
});

test("Component: a listener to ready that fails is a failed attempt, with its delay", async () => {
  const kit = new ComponentFlow();
  const component = kit.component({ transports: { initialRetryDelayMs: 100, maxRetries: 1 } });
  component.onReady(() => {
    throw new RangeError("too much");
  });
  const failures: unknown[] = [];
  component.onConnectFailure((_component, error) => failures.push(error));
  const rejected = assert.rejects(component.start(), ConnectError);
  await settled();
  assert.deepEqual([kit.dialed.length, kit.clock.pendingCount], [1, 1]);
  await kit.pass(100);
  await rejected;
  assert.equal(kit.dialed.length, 2);
  assert.equal(failures.filter((one) => one instanceof RangeError).length, 2);
});
