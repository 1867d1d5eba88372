/** Log lines in each format and level. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { resetSync } from "@logtape/logtape";
import { logFor, type LogFormat, type LogLevel, startLogging } from "../../../node/log.ts";

/** What is written while `run` logs. */
function written(
  level: LogLevel,
  format: LogFormat,
  run: (log: ReturnType<typeof logFor>) => void,
) {
  let text = "";
  startLogging({ level, format, write: (line) => text += line });
  try {
    run(logFor("node"));
    return text;
  } finally {
    resetSync();
  }
}

test("Log: JSON has one object a line, with message and properties", () => {
  const text = written("info", "json", (log) => {
    log.info("Listening on {url}", { url: "ws://x", port: 8080 });
    log.warn("Careful", {});
  });
  const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  const { "@timestamp": time, ...line } = lines[0];
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(line, {
    level: "INFO",
    message: 'Listening on "ws://x"',
    logger: "realmway.node",
    properties: { url: "ws://x", port: 8080 },
  });
  assert.equal(lines[1].level, "WARN");
});

test("Log: an error's stack is part of the line", () => {
  const error = new Error("broken");
  const log = (to: ReturnType<typeof logFor>) => to.error("It failed: {error}", { error });
  const [line = ""] = written("error", "json", log).split("\n");
  const { message, properties } = JSON.parse(line);
  assert.equal(message, 'It failed: "broken"');
  assert.match(properties.error.stack, /broken[^]*log_test/);
  assert.match(written("error", "nocolor", log), /broken[^]*log_test/);
});

test("Log: levels leave out what is less important, unevaluated", () => {
  const all = (log: ReturnType<typeof logFor>) => {
    log.debug("one", () => ({}));
    log.info("two", {});
    log.warn("three", {});
    log.error("four", {});
  };
  const words = (level: LogLevel) =>
    written(level, "nocolor", all).match(/one|two|three|four/g) ?? [];
  assert.deepEqual(words("none"), []);
  assert.deepEqual(words("critical"), []);
  assert.deepEqual(words("error"), ["four"]);
  assert.deepEqual(words("warn"), ["three", "four"]);
  assert.deepEqual(words("info"), ["two", "three", "four"]);
  assert.deepEqual(words("debug"), ["one", "two", "three", "four"]);
  assert.deepEqual(words("trace"), ["one", "two", "three", "four"]);
  written("info", "json", (log) => log.debug("x", () => assert.fail("evaluated")));
});

test("Log: only the colour format has colours, only syslogd has no time", () => {
  const line = (format: LogFormat) => written("info", format, (log) => log.info("text", {}));
  assert.ok(line("color").includes("\x1b["));
  assert.ok(!line("nocolor").includes("\x1b["));
  assert.match(line("nocolor"), /^\d{4}-\d\d-\d\dT/);
  assert.doesNotMatch(line("syslogd"), /\d\d:\d\d/);
});

test("Log: what peers send cannot fake lines or move the cursor", () => {
  for (const format of ["color", "nocolor", "syslogd", "json"] as const) {
    const text = written(
      "info",
      format,
      (log) => log.info("Peer says {text}", { text: "a\nb\x1b[2J\rc" }),
    );
    assert.equal(text.split("\n").length, 2, format);
    assert.ok(!text.includes("\x1b[2J") && !text.includes("\r"), format);
  }
});
