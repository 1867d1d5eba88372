import assert from "node:assert/strict";
import { test } from "node:test";
import { ALLOW_ALL, type Permission, Role } from "../../../router/permission.ts";
import type { Match } from "../../../wamp/uri.ts";
import { FakeRandom } from "../../kit/fake_random.ts";
import { patternMatches } from "../../kit/router_model_patterns.ts";

const NAMES = ["a", "b", "ab", "c"];

function universe(depth: number): string[] {
  if (depth === 0) return [];
  return NAMES.flatMap((one) => [one, ...universe(depth - 1).map((rest) => `${one}.${rest}`)]);
}
const UNIVERSE = universe(4);

function rule(match: Match, uri: string, register: boolean): Permission {
  return { ...ALLOW_ALL, match, uri, allow: { ...ALLOW_ALL.allow, register } };
}

test("Role: no pattern may be registered that takes calls of what may not be, as seen by trying every URI", () => {
  const random = new FakeRandom(11);
  const matchOf = () => random.pick(["exact", "prefix", "wildcard"] as const);
  const some = (match: Match) => {
    const names = Array.from(
      { length: 1 + random.index(3) },
      () => match === "wildcard" && random.oneIn(2) ? "" : random.pick(NAMES),
    );
    return names.join(".") + (match === "prefix" && random.oneIn(2) ? "." : "");
  };
  let allowed = 0;
  for (let i = 0; i < 4_000; i++) {
    const permissions = Array.from({ length: 1 + random.index(4) }, () => {
      const match = matchOf();
      return rule(match, some(match), random.oneIn(2));
    });
    const role = new Role({ name: "r", permissions, allowByDefault: random.oneIn(3) });
    const match = matchOf();
    const pattern = some(match);
    if (!role.rule(pattern).allow.register || role.registersBeyond(match, pattern)) continue;
    allowed++;
    const beyond = UNIVERSE.find((uri) =>
      patternMatches(match, pattern, uri) && !role.rule(uri).allow.register
    );
    assert.equal(beyond, undefined, JSON.stringify({ match, pattern, permissions }));
  }
  assert.ok(allowed > 500, `found only ${allowed} patterns that are allowed`);
});

test("Role: patterns within a rule may be registered, whatever other rules refuse elsewhere", () => {
  const role = new Role({
    name: "r",
    permissions: [
      rule("prefix", "", false),
      rule("prefix", "com.app.", true),
      rule("prefix", "com.app.admin.", false),
      rule("wildcard", "org..create", true),
      rule("wildcard", "org..", false),
      rule("exact", "net.my", true),
    ],
  });
  const open = new Role({
    name: "open",
    allowByDefault: true,
    permissions: [rule("prefix", "wamp.", false), rule("exact", "crossbar.x", false)],
  });
  for (const [match, uri] of [["prefix", ""], ["prefix", "w"], ["wildcard", ".."]] as const) {
    assert.equal(open.registersBeyond(match, uri), false, "no pattern takes calls of these");
  }
  const may = (match: Match, uri: string) =>
    role.rule(uri).allow.register && !role.registersBeyond(match, uri);
  const patterns: [Match, string, boolean][] = [
    ["prefix", "com.app.users.", true],
    ["wildcard", "com.app..create", false],
    ["wildcard", "com.app.users..create", true],
    ["prefix", "com.app.", false],
    ["prefix", "com.app.admi", false],
    ["prefix", "com.app.admin.", false],
    ["exact", "net.my", true],
    ["prefix", "net.my", false],
    ["wildcard", "org..create", false],
  ];
  for (const [match, uri, expected] of patterns) {
    assert.equal(may(match, uri), expected, `${match} ${uri}`);
  }
});
