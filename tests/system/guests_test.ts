/** Guests of a node: programs that it starts, whose output it logs, which it starts anew and ends. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { endAll, launch, openConfig, run, type Running, workplace } from "./cli_process.ts";

after(endAll);

const ROUTER = openConfig([{
  type: "websocket",
  endpoint: { type: "tcp", port: 0, interface: "127.0.0.1" },
}]).workers[0];

interface Options {
  readonly controller?: object;
  readonly env?: Record<string, string>;
  readonly workers?: readonly unknown[];
}

/** Runs a node with a router and guests that are scripts of the shell. */
async function withGuests(
  guests: readonly { script: string; options?: object; arguments?: readonly string[] }[],
  test: (node: Running, directory: string) => Promise<void>,
  { controller = {}, env = {}, workers = [ROUTER] }: Options = {},
): Promise<void> {
  const { directory, remove } = await workplace({
    version: 2,
    controller: { options: controller },
    workers: [
      ...workers,
      ...guests.map(({ script, options = {}, arguments: args = [] }, i) => ({
        type: "guest",
        id: `guest${i + 1}`,
        executable: "sh",
        arguments: ["-c", script, "sh", ...args],
        options,
      })),
    ],
  });
  const node = launch(["start"], directory, env);
  try {
    await test(node, directory);
  } finally {
    try {
      node.send("SIGKILL");
    } catch {
      // It has ended by itself, as most tests want.
    }
    await node.ended;
    await remove();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("Guest: its lines are in the node's log with its id; its end leaves the node running", async () => {
  const script = 'echo "hello $1"; printf "without end" >&2';
  await withGuests([{ script, arguments: ["world"] }], async (node) => {
    await node.until(/\[\\?"?guest1\\?"?\] \\?"?hello world/);
    await node.until(/"stream":"stderr","line":"without end"|without end/);
    await node.until(/Worker \\?"?guest1\\?"? ended with 0/);
    assert.equal(await node.end(), 0);
  });
});

test("Guest: has the environment, the working directory and the input that the configuration says", async () => {
  const options = {
    workdir: "..",
    env: { inherit: ["PATH", "KEPT"], vars: { OWN: "own" } },
    stdin: { type: "json", value: { port: 8080 } },
    stderr: "drop",
  };
  const script = 'cat; echo "<$KEPT|$LEFT|$OWN>"; echo unheard >&2; pwd; echo done';
  await withGuests([{ script, options }], async (node, directory) => {
    await node.until(/done/);
    assert.match(node.output.stdout, /\{\\+"port\\+":8080\}/);
    assert.match(node.output.stdout, /<kept\|\|own>/);
    assert.ok(
      node.output.stdout.includes(`${directory}\\"`) || node.output.stdout.includes(directory),
    );
    assert.doesNotMatch(node.output.stdout, /unheard/);
    assert.equal(await node.end(), 0);
  }, { env: { KEPT: "kept", LEFT: "left" } });
});

test("Guest: restart-on-failed starts it anew with growing delays until it ends with 0", async () => {
  const script = 'n=$(cat count 2>/dev/null || echo 0); echo $((n+1)) > count; [ "$n" -ge 2 ]';
  const options = {
    restart: "restart-on-failed",
    "initial_retry_delay": 10,
    "max_retry_delay": 20,
  };
  await withGuests([{ script, options }], async (node) => {
    await node.until(/ended with 1.*?anew in 10 ms.*?ended with 1.*?anew in 20 ms.*?ended with 0/s);
    assert.equal(await node.end(), 0);
  });
});

test("Guest: restart-always brings back one that was killed", async () => {
  const options = { restart: "restart-always", "initial_retry_delay": 10 };
  await withGuests([{ script: 'echo "I am $$"; exec sleep 60', options }], async (node) => {
    const [, first = ""] = await node.until(/I am (\d+)/);
    process.kill(Number(first), "SIGKILL");
    const [, second = ""] = await node.until(/ended with \\?"?SIGKILL.*I am (\d+)/s);
    assert.notEqual(first, second);
    assert.equal(await node.end(), 0);
    assert.equal(isAlive(Number(second)), false);
  });
});

test("Guest: the node's end ends it, and kills it when it does not want to", async () => {
  const stubborn = 'trap "" TERM; echo "I am $$"; while :; do sleep 0.05; done';
  await withGuests([{ script: stubborn }], async (node) => {
    const [, pid = ""] = await node.until(/I am (\d+)/);
    assert.equal(await node.end(), 0);
    assert.match(node.output.stdout, /did not end within 300 ms: killed/);
    assert.equal(isAlive(Number(pid)), false);
  }, { controller: { shutdown_timeout: 300 } });
});

test("Guest: shutdown_on_worker_exit_with_error ends the node with 1 when one fails, not when one is done", async () => {
  const controller = { shutdown: ["shutdown_on_worker_exit_with_error"] };
  const guests = [{ script: "exit 0" }, { script: "sleep 0.2; exit 3" }];
  await withGuests(guests, async (node) => {
    assert.equal(await node.ended, 1);
    assert.match(node.output.stdout, /Stopping because \\?"?worker guest2 ended with 3/);
  }, { controller });
});

test("Guest: shutdown_on_last_worker_exit ends a node without a router once all are done", async () => {
  const controller = { shutdown: ["shutdown_on_last_worker_exit"] };
  const disabled = { ...ROUTER, options: { disabled: "$NO_ROUTER" } };
  await withGuests([{ script: "exit 0" }, { script: "sleep 0.1" }], async (node) => {
    assert.equal(await node.ended, 0);
    assert.match(node.output.stdout, /Worker \\?"?worker001\\?"? is disabled/);
    assert.match(node.output.stdout, /guest2 ended with 0/);
  }, { controller, workers: [disabled], env: { NO_ROUTER: "1" } });
});

test("Guest: a program that cannot be run is logged, and the node goes on; check finds missing files", async () => {
  const place = await workplace({
    version: 2,
    workers: [
      { type: "guest", executable: "no-such-program-anywhere" },
      {
        type: "guest",
        executable: "./missing.sh",
        options: { disabled: true, workdir: "nowhere" },
      },
      { type: "guest", executable: "./plain.txt" },
    ],
  });
  const own = join(place.directory, ".realmway");
  await writeFile(join(own, "plain.txt"), "text");
  await chmod(join(own, "plain.txt"), 0o644);
  const checked = await run(["check"], place.directory);
  assert.equal(checked.code, 2);
  assert.match(
    checked.stderr,
    /workers\[1\]\.executable: found nothing at .*missing\.sh, expected a program/,
  );
  assert.match(checked.stderr, /workers\[1\]\.options\.workdir: found no directory at .*nowhere/);
  assert.match(checked.stderr, /workers\[2\]\.executable: found a file that may not be run/);
  await place.remove();

  const bare = [{ type: "guest", executable: "no-such-program-anywhere" }];
  await withGuests([], async (node) => {
    await node.until(/Cannot start worker \\?"?worker001\\?"?: .*no-such-program-anywhere/);
    await node.until(/Ready in/);
    // Nothing of the node's own is left to do: it stays all the same, until it is told to stop.
    assert.equal(await node.end(), 0);
    assert.match(node.output.stdout, /Stopping because of/);
  }, { workers: bare });
});
