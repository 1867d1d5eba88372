/** Faults that nobody caught are told with their stack, and the process goes on. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { endAll, launch, workplace } from "./cli_process.ts";

after(endAll);

test("Faults: exceptions and rejections that nobody caught are logged, and the process goes on", async () => {
  const { directory, remove } = await workplace();
  const { output, ended } = launch([], directory, {}, "../../tests/system/faulty_program.ts");
  assert.equal(await ended, 0);
  const lines = output.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const told = lines.map(({ level, message, properties }) => {
    assert.match(properties.error.stack, /faulty_program/);
    return `${level} ${message}`;
  });
  assert.deepEqual(told.sort(), [
    'ERROR Uncaught exception: "in a tick"',
    'ERROR Uncaught exception: "in a timer"',
    'ERROR Unhandled rejection: "in a promise"',
  ]);
  await remove();
});
