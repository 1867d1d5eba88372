import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, fromHex } from "../../../auth/bytes.ts";
import { hashCraSecret, hashScramPassword } from "../../../auth/hash.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { scramClient, scramRouter } from "../../../auth/scram.ts";
import { wampcraClient, wampcraRouter } from "../../../auth/wampcra.ts";
import { admittedAs, play } from "./auth_kit.ts";

const salt = fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==") ?? new Uint8Array();

test("Hash: a wampcra entry is the derived secret and all that the client needs", async () => {
  assert.deepEqual(await hashCraSecret("secret", { salt: "salt123", iterations: 1000 }), {
    "derived-secret": "MDS8Yxpu4J/vkHJ8dNEgqECYsI0uRDh2oZ5eN0vYPvo=",
    "salt": "salt123",
    "iterations": 1000,
    "keylen": 32,
  });
  const entry = await hashCraSecret("secret");
  assert.match(entry.salt, /^[A-Za-z0-9+/]{22}==$/);
  assert.equal(entry.iterations, 600_000);
  const router = wampcraRouter({
    principals: staticPrincipals({ "joe": { ...entry, "role": "r" } }),
  });
  admittedAs(await play([router], [wampcraClient({ authid: "joe", secret: "secret" })]));
});

test("Hash: a scram entry has the keys of RFC 7677 for its password", async () => {
  assert.deepEqual(await hashScramPassword("pencil", { kdf: "pbkdf2", salt, iterations: 4096 }), {
    "kdf": "pbkdf2",
    "salt": "5b6d99689d12358eeca04b141236fa81",
    "iterations": 4096,
    "stored-key": "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6",
    "server-key": "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5",
  });
});

test("Hash: both kinds of Argon2 keys are what argon2-cffi and Autobahn|Python make", async () => {
  const options = { salt, iterations: 3, memory: 512 };
  assert.deepEqual(await hashScramPassword("pencil", options), {
    "kdf": "argon2id13",
    "salt": "5b6d99689d12358eeca04b141236fa81",
    "iterations": 3,
    "memory": 512,
    "stored-key": "3bc21f4abc459af820cae73661d385892023ab346f8d65f1263693cd67f60994",
    "server-key": "443cb771b3b4bd25c47b831811d241265bbebdc3494b5b7fe4cf277cc6d9e61d",
  });
  assert.deepEqual(await hashScramPassword("pencil", { ...options, kdf: "argon2id-13" }), {
    "kdf": "argon2id-13",
    "salt": "5b6d99689d12358eeca04b141236fa81",
    "iterations": 3,
    "memory": 512,
    "stored-key": "911f34dea35ab63e788c5bc62b6d8930ccd7a88a1942dfaa37104959d29521ce",
    "server-key": "f0fb8e59e52c7e941b16dd977094e8a64b9e7c13f77a9b813ef3395694c8b950",
  });
});

test("Hash: without options a scram entry is Argon2id with a salt of its own", async () => {
  const [one, two] = [await hashScramPassword("pencil"), await hashScramPassword("pencil")];
  assert.deepEqual([one.kdf, one.iterations, one.memory], ["argon2id13", 2, 19_456]);
  assert.equal(fromHex(one.salt)?.length, 16);
  assert.notEqual(one.salt, two.salt);
  const router = scramRouter({ principals: staticPrincipals({ "joe": { ...one, "role": "r" } }) });
  admittedAs(await play([router], [scramClient({ authid: "joe", password: "pencil" })]));
});

test("Hash: what no client could use is refused", async () => {
  await assert.rejects(hashCraSecret(""), /Cannot hash the secret/);
  await assert.rejects(hashScramPassword(""), /Cannot hash the password/);
  await assert.rejects(hashScramPassword("a\u0007"), /Cannot hash the password/);
  await assert.rejects(hashScramPassword("a", { salt: new Uint8Array(7) }), /salt/);
  await assert.rejects(hashScramPassword("a", { iterations: 0 }), /iterations/);
  await assert.rejects(hashScramPassword("a", { memory: 1e9 }), /memory/);
});
