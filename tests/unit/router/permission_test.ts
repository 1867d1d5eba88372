import assert from "node:assert/strict";
import { test } from "node:test";
import { ALLOW_ALL, type Permission, Role, TRUSTED } from "../../../router/permission.ts";
import type { Match } from "../../../wamp/uri.ts";
import { FakeRandom } from "../../kit/fake_random.ts";
import { preferred } from "../../kit/router_model_patterns.ts";

function rule(match: Match, uri: string): Permission {
  return { ...ALLOW_ALL, uri, match };
}

test("Role: the rule for a URI is the one that a call of it would prefer, first time and every time", () => {
  const random = new FakeRandom(7);
  const component = () => random.pick(["a", "b", "c", ""]);
  const permissions = Array.from({ length: 60 }, () => {
    const match = random.pick(["exact", "prefix", "wildcard"] as const);
    return rule(match, [component(), component(), component()].join("."));
  });
  const role = new Role({ name: "anyone", permissions });
  // The later of two rules for the same pattern holds.
  const patterns = permissions.toReversed().map((one) => ({ ...one, pattern: one.uri, rule: one }));
  for (let i = 0; i < 500; i++) {
    const uri = Array.from({ length: 3 }, () => random.pick(["a", "b", "c", "d"])).join(".");
    const expected = preferred(patterns, uri)?.rule;
    for (let again = 0; again < 2; again++) {
      const found = role.rule(uri);
      if (expected !== undefined) assert.equal(found, expected);
      else {assert.deepEqual(found.allow, {
          call: false,
          register: false,
          publish: false,
          subscribe: false,
        });}
    }
  }
});

test("Role: decides the same however many and long the URIs are that peers invent", () => {
  const secret = rule("prefix", "com.secret.");
  const role = new Role({ name: "anyone", permissions: [secret], allowByDefault: true });
  for (let i = 0; i < 10_000; i++) {
    assert.equal(role.rule(`com.secret.${i}`), secret);
    assert.equal(role.rule(`com.public.${i}`).allow.call, true);
  }
  assert.equal(role.rule(`com.secret.${"x".repeat(10_000)}`), secret);
  assert.equal(role.rule("com.secret.1"), secret);
  assert.equal(role.rule("com.secre").allow.call, true);
});

test("Role: a role without rules refuses, the trusted one allows", () => {
  const allows = (role: Role) => Object.values(role.rule("com.x").allow);
  assert.deepEqual(allows(new Role({ name: "guest" })), [false, false, false, false]);
  assert.deepEqual(allows(new Role({ name: TRUSTED })), [true, true, true, true]);
  assert.equal(new Role({ name: TRUSTED }).isTrusted, true);
  assert.equal(new Role({ name: "guest" }).isTrusted, false);
  assert.deepEqual(Object.values(ALLOW_ALL.allow), [true, true, true, true]);
});

test("Role: names of built-in properties are URIs like any other", () => {
  const rules = ["__proto__", "constructor", "toString"].map((uri) => rule("exact", uri));
  const role = new Role({ name: "anyone", permissions: rules });
  for (const one of rules) assert.equal(role.rule(one.uri), one);
  assert.equal(role.rule("hasOwnProperty").allow.call, false);
});

test("Role: a pattern may reach beyond what is allowed only where some topic that matches it is refused", () => {
  const denied = { ...ALLOW_ALL.allow, subscribe: false };
  const rules = { prefix: rule("prefix", "com.a"), exact: rule("exact", "com") };
  const roles = {
    open: new Role({ name: "open", allowByDefault: true }),
    denying: new Role({
      name: "denying",
      allowByDefault: true,
      permissions: [{ ...rule("exact", "com.b"), allow: denied }],
    }),
    closed: new Role({ name: "closed", permissions: [rules.prefix, rules.exact] }),
    trusted: new Role({ name: TRUSTED }),
  };
  const patterns = [
    ["exact", "com.a"],
    ["prefix", "com.a"],
    ["prefix", "com.a.b"],
    ["prefix", "com"],
    ["wildcard", "com.a."],
    ["wildcard", "com.a..b"],
    ["wildcard", "com.ab"],
  ] as const;
  const beyond = (role: Role) =>
    patterns.filter(([match, pattern]) => role.mayReachBeyond(match, pattern)).map((one) => one[1]);
  assert.deepEqual(beyond(roles.open), []);
  assert.deepEqual(beyond(roles.trusted), []);
  assert.deepEqual(beyond(roles.denying), patterns.slice(1).map((one) => one[1]));
  assert.deepEqual(beyond(roles.closed), ["com"]);
});
