import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientMethod } from "../../../auth/authmethod.ts";
import { randomBytes } from "../../../auth/bytes.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { deriveCraSecret, signCra, wampcraClient, wampcraRouter } from "../../../auth/wampcra.ts";
import type { Dict } from "../../../wamp/message.ts";
import { AUTHENTICATION_FAILED } from "../../../wamp/uris.ts";
import {
  admittedAs,
  assertDenied,
  challengeOf,
  denialOf,
  play,
  requestWith,
  SESSION,
} from "./auth_kit.ts";

const SALTING = { "salt": "salt123", "iterations": 1000, "keylen": 32 };
const PETER = { "peter": { "secret": "secret1", "role": "user" } };
const SALTED = { "peter": { "secret": "secret1", "role": "user", ...SALTING } };
const peter = wampcraClient({ authid: "peter", secret: "secret1" });

const NOW = Date.UTC(2014, 5, 22, 16, 36, 25, 448);
const routerOf = (records: Record<string, Dict>) =>
  wampcraRouter({ principals: staticPrincipals(records), now: () => NOW });

/** CHALLENGE.Extra that `client` would get. */
async function extraFor(records: Record<string, Dict>, client: ClientMethod): Promise<Dict> {
  let seen: Dict = {};
  await play([routerOf(records)], [client], { challenge: (extra) => seen = extra });
  return seen;
}

/** The specification's challenge, and what Autobahn|Python 26.10 makes of it. */
const CHALLENGE = '{ "nonce": "LHRTC9zeOIrt_9U3", "authprovider": "userdb", "authid": "peter", ' +
  '"timestamp": "2014-06-22T16:36:25.448Z", "authrole": "user", "authmethod": "wampcra", ' +
  '"session": 3251278072152162}';
const VECTORS = [
  {
    secret: "secret",
    signature: "Pji30JC9tb/T9tbEwxw5i0RyRa5UVBxuoIVTgT7hnkE=",
    derived: "MDS8Yxpu4J/vkHJ8dNEgqECYsI0uRDh2oZ5eN0vYPvo=",
    salted: "U0GWKv2sPa6zQi8ajAlu0aLrliZCcsluOCxvtzhfxW0=",
  },
  {
    secret: "pässwörd",
    signature: "LX/HDSKU5BzjuvhX5V6XAhhUs6vOE+H2Z2SkgDACQgE=",
    derived: "WtE/grYZUB4fEy9U6QI5JMHbIMM9gKRNzoN1rzKkOvE=",
    salted: "tvakVuXVhDoZVC62XD/0i0apdaehR6hpvAK/sNneQ6g=",
  },
];

test("WAMP-CRA: signatures and derived secrets are Autobahn|Python's", async () => {
  for (const { secret, signature, derived, salted } of VECTORS) {
    assert.equal(await signCra(secret, CHALLENGE), signature);
    assert.equal(
      await deriveCraSecret(secret, { salt: "salt123", iterations: 1000, keylen: 32 }),
      derived,
    );
    assert.equal(await signCra(derived, CHALLENGE), salted);
  }
  const short = await deriveCraSecret("secret", { salt: "salt123", iterations: 100, keylen: 16 });
  assert.equal(short, "EX1Y3Q9BMM2oGLxsGqDgFQ==");
  assert.equal(await signCra(short, CHALLENGE), "dIFBNDVqAD7rPciHBrGg5yr6AS33m8/8uw2VZppchA0=");
});

test("WAMP-CRA: signatures are those of nexus", async () => {
  const challenge = '{ "nonce":"LHRTC9zeOIrt_9U3", "authprovider":"userdb", "authid":"peter", ' +
    '"timestamp":"2014-06-22T16:36:25.448Z", "authrole":"user", "authmethod":"wampcra", ' +
    '"session":3251278072152162 }';
  const signature = "NWktSrMd4ItBSAKYEwvu1bTY7G/sSyjKbz+pNP9c04A=";
  assert.equal(await signCra("secret", challenge), signature);
});

test("WAMP-CRA: the client answers the specification's challenge, salted and not", async () => {
  const handshake = await wampcraClient({ authid: "peter", secret: "secret" }).begin({});
  const [first] = VECTORS;
  const plain = await handshake.answer("wampcra", { "challenge": CHALLENGE });
  assert.deepEqual(plain, { signature: first?.signature, extra: {} });
  const salted = await handshake.answer("wampcra", { "challenge": CHALLENGE, ...SALTING });
  assert.equal(salted.signature, first?.salted);
  const defaults = await handshake.answer("wampcra", { "challenge": CHALLENGE, "salt": "salt123" });
  assert.equal(defaults.signature, first?.salted);
});

test("WAMP-CRA: the challenge is JSON with all that the specification demands", async () => {
  const extra = await extraFor(PETER, peter);
  assert.deepEqual(Object.keys(extra), ["challenge"]);
  const { nonce, ...rest } = JSON.parse(String(extra["challenge"]));
  assert.deepEqual(rest, {
    "authid": "peter",
    "authrole": "user",
    "authmethod": "wampcra",
    "authprovider": "static",
    "session": SESSION,
    "timestamp": "2014-06-22T16:36:25.448Z",
  });
  assert.match(nonce, /^[A-Za-z0-9+/]{43}=$/);
});

test("WAMP-CRA: the right secret is admitted: plain, salted, or kept as the derived one", async () => {
  const derived = await deriveCraSecret("secret1", { ...SALTING, salt: "salt123" });
  const kept = { "peter": { "derived-secret": derived, "role": "user", ...SALTING } };
  for (const records of [PETER, SALTED, kept]) {
    const step = await play([routerOf(records)], [peter]);
    assert.deepEqual(admittedAs(step), {
      realm: "realm1",
      authid: "peter",
      authrole: "user",
      authmethod: "wampcra",
      authprovider: "static",
    });
  }
  const extra = await extraFor(kept, peter);
  assert.deepEqual({ ...extra, "challenge": "" }, { "challenge": "", ...SALTING });
});

test("WAMP-CRA: wrong secrets, malformed signatures and unknown principals are denied alike", async () => {
  for (const records of [PETER, SALTED]) {
    const router = routerOf(records);
    const wrong = await play([router], [wampcraClient({ authid: "peter", secret: "secret2" })]);
    assertDenied(wrong, "a wrong signature");
    const nobody = await play([router], [wampcraClient({ authid: "paul", secret: "secret1" })]);
    assertDenied(nobody, "no such principal");
    assert.deepEqual({ ...denialOf(wrong), why: "" }, { ...denialOf(nobody), why: "" });
    for (const signature of ["", "secret1", "AA==", "\u0000", "A".repeat(100_000)]) {
      const step = await play([router], [peter], { answer: ({ extra }) => ({ signature, extra }) });
      assertDenied(step, "a wrong signature");
    }
  }
});

test("WAMP-CRA: a signature fits one challenge", async () => {
  const router = routerOf(PETER);
  const begin = async () => challengeOf(await router.begin(requestWith({ "authid": "peter" })));
  const first = await begin();
  const signature = await signCra("secret1", String(first.extra["challenge"]));
  assertDenied(await (await begin()).answer({ signature, extra: {} }), "a wrong signature");
  admittedAs(await first.answer({ signature, extra: {} }));
  assertDenied(await first.answer({ signature, extra: {} }), "a second answer to one challenge");
});

test("WAMP-CRA: what unknown principals are shown looks like the known ones, and stays the same", async () => {
  const decoyKey = randomBytes(32);
  const principals = staticPrincipals(SALTED);
  const extraOf = async (authid: string) => {
    const step = await wampcraRouter({ principals, decoyKey }).begin(requestWith({ authid }));
    return challengeOf(step).extra;
  };
  const [known, unknown, again, other] = [
    await extraOf("peter"),
    await extraOf("paul"),
    await extraOf("paul"),
    await extraOf("mary"),
  ];
  assert.deepEqual(Object.keys(unknown), Object.keys(known));
  const { iterations, keylen, salt } = unknown;
  assert.deepEqual([iterations, keylen], [1000, 32]);
  assert.match(String(salt), /^[A-Za-z0-9]{7}$/);
  assert.equal(again["salt"], salt);
  assert.notEqual(other["salt"], salt);
  const text = JSON.parse(String(unknown["challenge"]));
  assert.deepEqual([text["authid"], text["authrole"]], ["paul", "user"]);
});

test("WAMP-CRA: unknown principals look like those that an authenticator knows", async () => {
  const known: Record<string, Dict> = {
    "peter": { "secret": "secret1", "role": "chief", ...SALTING, "uid": 1 },
    "petra": { "secret": "secret2", "role": "chief", ...SALTING, "salt": "saltABC", "uid": 2 },
  };
  const principals = { find: ({ authid = "" }) => known[authid] };
  const router = wampcraRouter({ principals, decoyKey: randomBytes(32), defaultRole: "member" });
  const extraOf = async (authid: string) => {
    const { extra } = challengeOf(await router.begin(requestWith({ authid })));
    const { authrole } = JSON.parse(String(extra["challenge"]));
    return { ...extra, "challenge": authrole };
  };
  // Nobody is known yet; what the configuration says, is.
  assert.deepEqual(await extraOf("paul"), { "challenge": "member" });
  const [peter, petra] = [await extraOf("peter"), await extraOf("petra")];
  const paul: Dict = await extraOf("paul");
  assert.deepEqual({ ...paul, "salt": "" }, { ...peter, "salt": "" });
  assert.match(String(paul["salt"]), /^[A-Za-z0-9]{7}$/);
  assert.notEqual(paul["salt"], "salt123");
  assert.deepEqual(await extraOf("paul"), paul);
  assert.notDeepEqual(petra, peter);
});

test("WAMP-CRA: what the principal's record assigns is what is challenged and admitted", async () => {
  const records = { "peter": { ...PETER.peter, "authid": "p", "realm": "realm2", "role": "r" } };
  const extra = await extraFor(records, peter);
  const { authid, authrole } = JSON.parse(String(extra["challenge"]));
  assert.deepEqual([authid, authrole], ["p", "r"]);
  const step = await play([routerOf(records)], [peter]);
  assert.deepEqual([admittedAs(step).authid, admittedAs(step).realm], ["p", "realm2"]);
});

test("WAMP-CRA: a record that cannot be used is our failure", async () => {
  const records = [
    { "role": "user" },
    { "role": "user", "secret": 5 },
    { "role": "user", "secret": "s3cret", "salt": "x", "iterations": 0 },
    { "role": "user", "secret": "s3cret", "salt": "x", "iterations": 1e9 },
    { "role": "user", "secret": "s3cret", "salt": "x", "keylen": 1.5 },
    { "role": "user", "derived-secret": "s3cret" },
  ];
  for (const record of records) {
    const denial = denialOf(await play([routerOf({ "peter": record })], [peter]));
    assert.equal(denial.refusal, AUTHENTICATION_FAILED);
    assert.doesNotMatch(JSON.stringify(denial), /s3cret/);
  }
});

test("WAMP-CRA: a client does not do whatever it is told", async () => {
  const { answer } = await peter.begin({});
  const challenge = { "challenge": CHALLENGE };
  const demands = [
    {},
    { "challenge": 5 },
    { ...challenge, "salt": "x", "iterations": 1e12 },
    { ...challenge, "salt": "x", "iterations": -1 },
    { ...challenge, "salt": "x", "iterations": "1000" },
    { ...challenge, "salt": "x", "keylen": 1e9 },
    { ...challenge, "salt": 7 },
  ];
  for (const extra of demands) {
    await assert.rejects(async () => await answer("wampcra", extra), { name: "HandshakeError" });
  }
});

test("WAMP-CRA: nobody suffers from another principal's record that cannot be used", async () => {
  const broken: Record<string, Dict> = {
    "a": {},
    "b": { "secret": 7 },
    "c": { "secret": "s", "salt": 7 },
    "d": { "derived-secret": "s" },
    "e": { "secret": "s", "role": 7 },
  };
  const router = routerOf({ ...broken, ...PETER });
  for (let i = 0; i < 5; i++) admittedAs(await play([router], [peter]));
  for (const authid of ["q", "r", "s", "t", "u"]) {
    assertDenied(await play([router], [wampcraClient({ authid, secret: "s" })]));
  }
});
