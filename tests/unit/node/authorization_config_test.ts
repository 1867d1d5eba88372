/** Authorizers, limits and schemas in the file: what is wrong with them, and what the router is given. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileProblems } from "../../../node/config/files.ts";
import { parseConfig } from "../../../node/config/parse.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";
import type { NodeConfig } from "../../../node/config/schema.ts";
import { realmOptions } from "../../../node/options.ts";
import { routerOf } from "../../kit/router_config.ts";

function parsed(role: object, realm = {}): NodeConfig {
  const realms = [{ name: "realm1", roles: [{ name: "guest", ...role }], ...realm }];
  return parseConfig({ version: 2, workers: [{ type: "router", realms }] });
}

function problems(role: object, realm = {}): string[] {
  try {
    parsed(role, realm);
    return [];
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return cause.problems.map((one) =>
      formatProblem(one).replace("workers[0].realms[0].roles[0].", "")
    );
  }
}

function roleOf(role: object) {
  const realm = routerOf(parsed(role)).realms[0];
  assert.ok(realm);
  return realmOptions(realm).roles[0];
}

test("Config: an authorizer is a URI as with Crossbar.io, or a section", () => {
  const authorizer = (value: unknown) =>
    routerOf(parsed({ authorizer: value })).realms[0]?.roles[0]?.authorizer;
  const dynamic = { type: "dynamic", authorizer: "com.example.authorize", timeout: 5000 };
  assert.deepEqual(authorizer("com.example.authorize"), dynamic);
  assert.deepEqual(authorizer({ ...dynamic, timeout: 100 }), { ...dynamic, timeout: 100 });
  const made = { type: "function", create: "./authorize.ts:make", config: { "a": [1] } };
  assert.deepEqual(authorizer(made), { ...made, timeout: 5000 });
});

test("Config: what is wrong with an authorizer is named", () => {
  assert.deepEqual(problems({ authorizer: { type: "dynamc", authorizer: "com.x" } }), [
    'authorizer: found "dynamc", expected "dynamic" or "function"; did you mean "dynamic"?'.replace(
      "authorizer:",
      "authorizer.type:",
    ),
  ]);
  assert.deepEqual(problems({ authorizer: { type: "dynamic", procedure: "com.x" } }), [
    "authorizer.authorizer: missing, expected a string",
    'authorizer.procedure: found an unknown key, expected one of "type", "authorizer", "timeout"',
  ]);
  assert.deepEqual(problems({ authorizer: "com..x" }), [
    'authorizer: found "com..x", expected a URI',
  ]);
  const permissions = [{ uri: "com.", match: "prefix" }];
  assert.deepEqual(problems({ authorizer: "com.x", permissions, "allow-by-default": true }), [
    "permissions: found permissions beside an authorizer, expected one of both: the authorizer decides alone",
    "allow-by-default: found true beside an authorizer, expected false: the authorizer decides alone",
  ]);
});

test("Config: limits of a role become the router's", () => {
  assert.deepEqual(
    roleOf({
      limits: {
        "sessions": 1,
        "sessions_per_authid": 2,
        "sessions_per_authid_policy": "kick-oldest",
        "subscriptions": 3,
        "registrations": 4,
        "calls": 5,
        "message_rate": { "rate": 6, "burst": 7 },
        "message_size": 8,
      },
    })?.limits,
    {
      sessions: 1,
      sessionsPerAuthid: 2,
      beyondPerAuthid: "kick-oldest",
      subscriptions: 3,
      registrations: 4,
      calls: 5,
      messageRate: { perSecond: 6, burst: 7 },
      messageBytes: 8,
    },
  );
  assert.equal(roleOf({})?.limits, undefined);
  assert.deepEqual(problems({ limits: { "sessions_per_authid_policy": "kick-oldest" } }), [
    'limits.sessions_per_authid: missing, expected a number, as "sessions_per_authid_policy" has it',
  ]);
  assert.deepEqual(problems({ limits: { "session": 1, "message_rate": 5, "calls": -1 } }), [
    "limits.calls: found -1, expected a whole number from 0 to 10000000",
    "limits.message_rate: found 5, expected an object",
    'limits.session: found an unknown key, expected one of "sessions", "sessions_per_authid", "sessions_per_authid_policy", "subscriptions", "registrations", "calls", "message_rate", "message_size"; did you mean "sessions"?',
  ]);
});

test("Config: schemas are checked, in the file and in files beside it, and names lead to one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "realmway-schemas-"));
  try {
    await writeFile(join(directory, "good.json"), '{"type": "object"}');
    await writeFile(join(directory, "bad.json"), '{"properties": {"args": {"typ": "array"}}}');
    await writeFile(join(directory, "broken.json"), "{");
    await writeFile(join(directory, "module.ts"), "export const make = () => () => true;");
    const config = (validate: object, schemas: object, more: object[] = []) =>
      parsed({ permissions: [{ uri: "com.x", validate }] }, {
        schemas,
        roles: [{ name: "guest", permissions: [{ uri: "com.x", validate }] }, ...more],
      });
    const found = async (made: NodeConfig) =>
      (await fileProblems(made, directory)).map(formatProblem).map((line) =>
        line.replaceAll("workers[0].realms[0].", "").replaceAll(directory, "DIR")
      );
    const schemas = { "good": "good.json", "own": { "type": "object" } };
    assert.deepEqual(await found(config({ "call": "good", "event": "own" }, schemas)), []);
    const at = "roles[0].permissions[0].validate";
    assert.deepEqual(
      await found(config({ "call": "god", "event": { "type": "objct" } }, schemas)),
      [
        `${at}.call: found "god", expected the name of one of the realm's schemas, which has good, own`,
        `${at}.event.type: found "objct", expected one of null, boolean, object, array, number, string, integer, or a list of them`,
      ],
    );
    const broken = await found(
      config({}, { "a": "bad.json", "b": "none.json", "c": "broken.json" }),
    );
    assert.match(
      broken[0] ?? "",
      /^schemas\.a: found "bad.json" with a problem at .*typ.*did you mean "type"/,
    );
    assert.match(broken[1] ?? "", /^schemas\.b: found "none.json", which cannot be read/);
    assert.match(broken[2] ?? "", /^schemas\.c: found "broken.json", which cannot be read/);
    const functions = ["./module.ts:make", "module.make", "./none.ts:make", "make"].map((
      create,
      i,
    ) => ({ name: `f${i}`, authorizer: { type: "function", create } }));
    assert.deepEqual(await found(config({}, {}, functions)), [
      "roles[3].authorizer.create: found no file at DIR/none.ts, expected a module",
      'roles[4].authorizer.create: found "make", expected "./file.ts:name" or "folder.file.name"',
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("Config: a validation key of Crossbar.io's that does not work is refused", () => {
  const validate = { "event_confirmation": "x", "extra": {} };
  const found = problems({ permissions: [{ uri: "com.x", validate }] });
  assert.equal(found.length, 2);
  for (const line of found) assert.match(line, /not supported by this version/);
});
