/** From a realm's `store` in the file to what the router is given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../node/config/parse.ts";
import { realmOptions } from "../../../node/options.ts";
import { routerOf } from "../../kit/router_config.ts";

function optionsOf(store: object) {
  const realm = { name: "realm1", store };
  const config = parseConfig({ version: 2, workers: [{ type: "router", realms: [realm] }] });
  const [checked = assert.fail()] = routerOf(config).realms;
  const { eventHistory, retention, callQueue } = realmOptions(checked);
  return { eventHistory, retention, callQueue };
}

test("Config: a store has Crossbar.io's limits, and those of its own", () => {
  const histories = [
    { uri: "com.a" },
    { uri: "com.", match: "prefix", limit: 5, max_bytes: 1000, max_age: 500 },
    { uri: "com..x", match: "wildcard", max_age: 0 },
  ];
  for (const type of ["memory", "sqlite"]) {
    assert.deepEqual(optionsOf({ type }), {
      eventHistory: [],
      retention: { maxTopics: 10_000, maxBytes: 67_108_864 },
      callQueue: { procedures: [] },
    });
    const retention = { "max_topics": 1, "max_bytes": 2, "max_age": 3 };
    const queues = [{ uri: "com.p" }, { uri: "com.", match: "prefix", limit: 3, timeout: 50 }];
    const lists = { "event-history": histories, "call-queue": queues };
    assert.deepEqual(optionsOf({ type, limit: 10, ...lists, retention }), {
      eventHistory: [
        { uri: "com.a", match: "exact", limit: 10 },
        { uri: "com.", match: "prefix", limit: 5, maxBytes: 1000, maxAgeMs: 500 },
        { uri: "com..x", match: "wildcard", limit: 10 },
      ],
      retention: { maxTopics: 1, maxBytes: 2, maxAgeMs: 3 },
      callQueue: {
        procedures: [
          { uri: "com.p", match: "exact", limit: 10, timeoutMs: 60_000 },
          { uri: "com.", match: "prefix", limit: 3, timeoutMs: 50 },
        ],
      },
    });
  }
});

test("Config: two realms cannot have one file, also where it is not named", () => {
  const realms = [
    { name: "realm1", store: { type: "sqlite" } },
    { name: "realm2", store: { type: "sqlite", path: "./realm1.sqlite" } },
    { name: "realm3", store: { type: "memory" } },
    { name: "realm4", store: { type: "sqlite", path: "realm3.sqlite" } },
  ];
  assert.throws(() => parseConfig({ version: 2, workers: [{ type: "router", realms }] }), {
    name: "ConfigError",
    message:
      /found 1 problem\n.*realms\[1\]\.store\.path: found "\.\/realm1\.sqlite", which is taken by workers\[0\]\.realms\[0\]\.store, expected/,
  });
});
