import assert from "node:assert/strict";
import { test } from "node:test";
import { createSecureContext } from "node:tls";
import { runtimeCiphers } from "../../../node/ciphers.ts";

/** As Crossbar.io's examples have it. */
const USUAL = "ECDH+AESGCM:DH+AESGCM:ECDH+AES256:DH+AES256:ECDH+AES128:DH+AES:" +
  "ECDH+3DES:DH+3DES:RSA+AES:RSA+3DES:!ADH:!AECDH:!MD5:!DSS";

test("Ciphers: groups in OpenSSL's notation are understood on every runtime", () => {
  const ciphers = runtimeCiphers(USUAL);
  assert.ok(ciphers);
  createSecureContext({ ciphers });
  assert.match(ciphers, /ECDH/);
});

test("Ciphers: a group stands for its own ciphers alone", () => {
  const ciphers = runtimeCiphers("ECDH+AESGCM:!MD5") ?? "";
  createSecureContext({ ciphers });
  // Where the runtime knows groups, it is left to it.
  if (ciphers.includes("+")) return;
  const names = ciphers.split(":");
  assert.ok(names.includes("ECDHE-RSA-AES128-GCM-SHA256"));
  assert.deepEqual(names.filter((name) => !/^ECDHE-.*GCM/.test(name)), []);
});

test("Ciphers: names stay as they are, and unknown ones leave nothing", () => {
  assert.equal(runtimeCiphers("ECDHE-RSA-AES128-GCM-SHA256"), "ECDHE-RSA-AES128-GCM-SHA256");
  assert.equal(runtimeCiphers("NO-SUCH-CIPHER"), undefined);
  assert.equal(runtimeCiphers("ABC+DEF"), undefined);
  assert.equal(runtimeCiphers("!aNULL"), undefined);
});
