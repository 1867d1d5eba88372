import assert from "node:assert/strict";
import { test } from "node:test";
import { networkProblem, TrustedProxies } from "../../../transports/forwarded.ts";

const PROXIES = new TrustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
const at = (host: string) => ({ host, port: 1 });

test("Forwarded: addresses and networks are trusted, others are not", () => {
  for (const host of ["10.1.2.3", "192.0.2.7", "2001:db8::5"]) {
    assert.equal(PROXIES.has(host), true);
  }
  for (const host of ["11.1.2.3", "192.0.2.8", "2001:db9::5", "nonsense"]) {
    assert.equal(PROXIES.has(host), false);
  }
});

test("Forwarded: the last address that is no proxy is the peer's, whatever stands before it", () => {
  const behind = (value: string) =>
    PROXIES.peerBehind(at("10.0.0.1"), { "x-forwarded-for": value });
  assert.deepEqual(behind("203.0.113.9"), { host: "203.0.113.9", port: 0 });
  assert.deepEqual(behind("1.1.1.1, 203.0.113.9"), { host: "203.0.113.9", port: 0 });
  assert.deepEqual(behind("203.0.113.9:4711, 10.0.0.2, 192.0.2.7"), {
    host: "203.0.113.9",
    port: 4711,
  });
  assert.deepEqual(behind("10.0.0.3, 10.0.0.2"), { host: "10.0.0.3", port: 0 });
  assert.deepEqual(behind("unknown, 10.0.0.2"), { host: "10.0.0.2", port: 0 });
  assert.equal(behind("<script>"), undefined);
});

test("Forwarded: the standard header says the same", () => {
  const behind = (value: string) => PROXIES.peerBehind(at("10.0.0.1"), { "forwarded": value });
  assert.deepEqual(behind("for=203.0.113.9;proto=https, for=10.0.0.2"), {
    host: "203.0.113.9",
    port: 0,
  });
  assert.deepEqual(behind('proto=http;For="[2001:db9::9]:4711"'), {
    host: "2001:db9::9",
    port: 4711,
  });
});

test("Forwarded: who is no proxy is not believed; a unix socket is", () => {
  const headers = { "x-forwarded-for": "203.0.113.9" };
  assert.equal(PROXIES.peerBehind(at("203.0.113.1"), headers), undefined);
  assert.deepEqual(PROXIES.peerBehind({ path: "" }, headers), { host: "203.0.113.9", port: 0 });
  assert.equal(PROXIES.peerBehind(at("10.0.0.1"), {}), undefined);
});

test("Forwarded: networks are checked", () => {
  for (const good of ["10.0.0.0/8", "::1", "2001:db8::/32", "0.0.0.0/0"]) {
    assert.equal(networkProblem(good), undefined);
  }
  for (const bad of ["10.0.0.0/33", "router", "10.0.0/8", "10.0.0.0/8/8", "::/129", ""]) {
    assert.notEqual(networkProblem(bad), undefined);
  }
});
