/** The library's log and the program's LogTape. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, getConfig, getLogger, reset } from "@logtape/logtape";
import { type LogLevel, startLogging } from "../../../mod.ts";

test("startLogging: a program's own configuration of LogTape stays; ours is replaced by ours", async () => {
  const lines: string[] = [];
  await configure({
    reset: true,
    sinks: { own: ({ category, level }) => void lines.push(`${category.join(".")} ${level}`) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "warning" },
      { category: [], sinks: ["own"], lowestLevel: "info" },
    ],
  });
  try {
    const log = await startLogging("trace");
    log.info("Hello", {});
    getLogger(["mine"]).warning("Hello");
    assert.deepEqual(lines, ["realmway.component info", "mine warning"]);
  } finally {
    await reset();
  }
  const levelOf = (): unknown => getConfig()?.loggers.at(-1)?.lowestLevel;
  try {
    await startLogging("warn");
    assert.equal(levelOf(), "warning");
    await startLogging("trace");
    assert.equal(levelOf(), "trace");
    await assert.rejects(startLogging("loud" as LogLevel), /expected one of critical, .*, trace/);
  } finally {
    await reset();
  }
});
