import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BROKER_FEATURES, DEALER_FEATURES, META_FEATURES } from "../../wamp/features.ts";
import { VERSION } from "../../wamp/version.ts";
import { BASIC_ROLES, Flow } from "../kit/flow_kit.ts";

const HERE = dirname(fileURLToPath(import.meta.url));

test("Features: every feature that WELCOME announces has a flow test with its tag", () => {
  const tests = readdirSync(HERE).filter((name) => name.endsWith("_test.ts"))
    .map((name) => readFileSync(join(HERE, name), "utf8"));
  for (const section of Object.values({ ...BROKER_FEATURES, ...DEALER_FEATURES })) {
    assert.ok(
      tests.some((text) => text.includes(`[WAMP ${section}]`)),
      `Cannot announce a feature without a test: expected one tagged [WAMP ${section}]`,
    );
  }
});

test("Features: WELCOME announces them all, or all but the meta API", () => {
  const features = (of: object) => ({
    "features": Object.fromEntries(Object.keys(of).map((name) => [name, true])),
  });
  const without = (of: object) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !META_FEATURES.includes(name)));
  const roles = [true, false].map((hasMetaApi) => {
    const alice = new Flow({ hasMetaApi }).connect();
    alice.sends("HELLO", "realm1", { "roles": BASIC_ROLES });
    return (alice.takes()[2] as { roles: unknown }).roles;
  });
  const reflection = { "reflection": true };
  assert.deepEqual(roles, [
    {
      "broker": { ...features(BROKER_FEATURES), ...reflection },
      "dealer": { ...features(DEALER_FEATURES), ...reflection },
    },
    { "broker": features(without(BROKER_FEATURES)), "dealer": features(without(DEALER_FEATURES)) },
  ]);
});

test("Version: the manifests and the source agree", () => {
  for (const manifest of ["deno.json", "package.json"]) {
    const { version } = JSON.parse(readFileSync(join(HERE, "../..", manifest), "utf8"));
    assert.equal(version, VERSION, manifest);
  }
});
