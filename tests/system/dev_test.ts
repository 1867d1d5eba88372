/** The development server: the page, the demo component, a quick end. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { endAll, launch, workplace } from "./cli_process.ts";
import { join } from "./json_client.ts";

after(endAll);

test("dev: serves the page, answers calls, publishes ticks, and stops quickly", async () => {
  const { directory, remove } = await workplace();
  const server = launch([], directory, { "PORT": "0" }, "dev.ts");
  const [, origin = ""] = await server.until(/"Open (http:[^"]+)\/"/);
  const page = await fetch(`${origin}/`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<script type="module"/);
  assert.equal((await fetch(`${origin}/nowhere`)).status, 404);
  const { client } = await join(`${origin.replace("http", "ws")}/ws`);
  client.send([48, 1, {}, "com.example.add2", [2, 3]]);
  assert.deepEqual(await client.next(), [50, 1, {}, [5]]);
  client.send([48, 2, {}, "com.example.add2", ["2"]]);
  assert.equal((await client.next())[4], "wamp.error.invalid_argument");
  client.send([32, 3, {}, "com.example.oncounter"]);
  assert.equal((await client.next())[0], 33);
  const [type, , , , [count]] = await client.next() as [number, 0, 0, 0, number[]];
  assert.deepEqual([type, typeof count], [36, "number"]);
  for (const line of server.output.stdout.trimEnd().split("\n")) {
    assert.equal(typeof JSON.parse(line).message, "string");
  }
  const before = performance.now();
  assert.equal(await server.end(), 0);
  assert.ok(performance.now() - before < 2000);
  await client.closed;
  await remove();
});

test("dev: a PORT that is none is named", async () => {
  const { directory, remove } = await workplace();
  for (const port of ["abc", "-1", "65536", ""]) {
    const server = launch([], directory, { "PORT": port }, "dev.ts");
    assert.equal(await server.ended, 2);
    assert.match(
      server.output.stderr,
      new RegExp(`^Cannot use the environment: .*\\n  PORT: found "${port}", expected a port from`),
    );
  }
  await remove();
});
