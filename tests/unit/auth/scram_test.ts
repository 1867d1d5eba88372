import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuthRequest } from "../../../auth/authmethod.ts";
import {
  type Bytes,
  fromBase64,
  fromHex,
  randomBytes,
  toBase64,
  toHex,
  utf8,
} from "../../../auth/bytes.ts";
import { hashScramPassword } from "../../../auth/hash.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { scramClient, scramRouter } from "../../../auth/scram.ts";
import {
  authMessage,
  clientProof,
  isProof,
  saltPassword,
  scramKeys,
  serverSignature,
} from "../../../auth/scram_keys.ts";
import type { Dict } from "../../../wamp/message.ts";
import { AUTHENTICATION_FAILED } from "../../../wamp/uris.ts";
import { admittedAs, assertDenied, challengeOf, denialOf, play, requestWith } from "./auth_kit.ts";

function base64(text: string): Bytes {
  const bytes = fromBase64(text);
  assert(bytes !== undefined);
  return bytes;
}

const SALT = "W22ZaJ0SNY7soEsUEjb6gQ==";
const PBKDF2 = { kdf: "pbkdf2", iterations: 4096, memory: undefined, salt: base64(SALT) } as const;
const ARGON2 = { kdf: "argon2id13", iterations: 3, memory: 512, salt: base64(SALT) } as const;

const byPbkdf2 = { ...await hashScramPassword("pencil", PBKDF2), "role": "frontend" };
const byArgon2 = { ...await hashScramPassword("pencil", ARGON2), "role": "frontend" };
const byAutobahn = {
  ...await hashScramPassword("pencil", { ...ARGON2, kdf: "argon2id-13" }),
  "role": "frontend",
};

const routerOf = (record: Dict) =>
  scramRouter({ principals: staticPrincipals({ "user": record }) });
const client = scramClient({ authid: "user", password: "pencil" });
const USER = {
  realm: "realm1",
  authid: "user",
  authrole: "frontend",
  authmethod: "wamp-scram",
  authprovider: "static",
};
/** Only offers one of the two names. */
const offering = (name: string) => (details: Dict): Dict => ({ ...details, "authmethods": [name] });

test("SCRAM: the exchange of RFC 7677, which the specification quotes", async () => {
  const exchange = {
    authid: "user",
    clientNonce: "rOprNGfwEbeRWgbNEkqO",
    nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: base64(SALT),
    iterations: 4096,
    channel: undefined,
  };
  const message = authMessage(exchange, "wamp");
  assert.deepEqual(
    new TextDecoder().decode(message),
    "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
      "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws," +
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  );
  const keys = await scramKeys(await saltPassword("pencil", PBKDF2, "wamp"));
  const proof = await clientProof(keys, message);
  assert.equal(toBase64(proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  assert(await isProof(proof, keys.storedKey, message));
  const signature = await serverSignature(keys.serverKey, message);
  assert.equal(toBase64(signature), "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("SCRAM: names are escaped, and channel binding is part of the message", () => {
  const exchange = {
    authid: "a=b,c",
    clientNonce: "x",
    nonce: "xy",
    salt: utf8("s"),
    iterations: 1,
  };
  const channel = { type: "tls-unique", data: Uint8Array.of(0xff, 0) };
  const text = new TextDecoder().decode(authMessage({ ...exchange, channel }, "wamp"));
  const binding = btoa("p=tls-unique,,\xff\0");
  assert.equal(text, `n=a=3Db=2Cc,r=x,r=xy,s=cw==,i=1,c=${binding},r=xy`);
});

test("SCRAM: a proof fits one message and one key", async () => {
  const keys = await scramKeys(randomBytes(32));
  const message = utf8("message");
  const proof = await clientProof(keys, message);
  assert(!await isProof(proof, keys.storedKey, utf8("massage")));
  assert(!await isProof(proof, keys.serverKey, message));
  assert(!await isProof(new Uint8Array(32), keys.storedKey, message));
});

test("SCRAM: with either hash the right password is admitted, and the router proves itself", async () => {
  for (const record of [byPbkdf2, byArgon2]) {
    const seen: Dict[] = [];
    const step = await play([routerOf(record)], [client], {
      hello: (details) => (seen.push(details), details),
      challenge: (extra) => (seen.push(extra), extra),
      answer: (answer) => (seen.push({ ...answer }), answer),
      welcome: (details) => (seen.push(details), details),
    });
    assert.deepEqual(admittedAs(step), USER);
    const [hello = {}, challenge = {}, answer = {}, welcome = {}] = seen;
    const nonce = (hello["authextra"] as Dict)["nonce"];
    assert.match(String(nonce), /^[A-Za-z0-9+/]{24}$/);
    assert.deepEqual(Object.keys(challenge).sort(), [
      "iterations",
      "kdf",
      "memory",
      "nonce",
      "salt",
    ]);
    assert(String(challenge["nonce"]).startsWith(String(nonce)));
    assert.deepEqual(
      [challenge["kdf"], challenge["salt"], challenge["iterations"], challenge["memory"]],
      [record["kdf"], SALT, record["iterations"], record["memory"] ?? null],
    );
    assert.deepEqual(answer["extra"], {
      "nonce": challenge["nonce"],
      "channel_binding": null,
      "cbind_data": null,
    });
    const authextra = welcome["authextra"] as Dict;
    assert.deepEqual(Object.keys(authextra), ["verifier"]);
    assert.match(String(authextra["verifier"]), /^v=[A-Za-z0-9+/]{43}=$/);
  }
});

test("SCRAM: a wrong password and an unknown principal are denied alike", async () => {
  for (const record of [byPbkdf2, byAutobahn]) {
    const router = routerOf(record);
    const wrong = await play([router], [scramClient({ authid: "user", password: "pen" })]);
    assertDenied(wrong, "a wrong proof");
    const nobody = await play([router], [scramClient({ authid: "nobody", password: "pencil" })]);
    assertDenied(nobody, "no such principal");
    assert.deepEqual({ ...denialOf(wrong), why: "" }, { ...denialOf(nobody), why: "" });
    assert.deepEqual(denialOf(wrong).details, { "scram": "invalid-proof" });
  }
});

test("SCRAM: what unknown principals are shown looks like the known ones, and stays the same", async () => {
  const decoyKey = randomBytes(32);
  const principals = staticPrincipals({ "user": byArgon2 });
  const authextra = { "nonce": toBase64(randomBytes(16)) };
  const extraOf = async (authid: string, key: Bytes = decoyKey) => {
    const request = requestWith({ authid, authextra, "authmethods": ["wamp-scram"] });
    return challengeOf(await scramRouter({ principals, decoyKey: key }).begin(request)).extra;
  };
  const known = await extraOf("user");
  const unknown = await extraOf("nobody");
  assert.deepEqual(
    { ...unknown, "nonce": "", "salt": "" },
    { ...known, "nonce": "", "salt": "" },
  );
  assert.equal(fromBase64(unknown["salt"])?.length, 16);
  assert.notEqual(unknown["salt"], known["salt"]);
  assert.equal((await extraOf("nobody"))["salt"], unknown["salt"]);
  assert.notEqual((await extraOf("no body"))["salt"], unknown["salt"]);
  assert.notEqual((await extraOf("nobody", randomBytes(32)))["salt"], unknown["salt"]);
});

test("SCRAM: a router without any principal still challenges", async () => {
  const empty = scramRouter({ principals: { find: () => undefined } });
  assertDenied(await play([empty], [client]), "no such principal");
});

test("SCRAM: malformed answers, other nonces and replayed proofs are denied", async () => {
  const router = routerOf(byPbkdf2);
  for (const signature of ["", "AAAA", "?", toBase64(new Uint8Array(32)), "A".repeat(1000)]) {
    const step = await play([router], [client], { answer: ({ extra }) => ({ signature, extra }) });
    assertDenied(step, "a wrong proof");
  }
  const extras = [
    {},
    { "nonce": null },
    { "nonce": 7 },
    { "nonce": toBase64(randomBytes(36)) },
  ];
  for (const extra of extras) {
    const step = await play([router], [client], {
      answer: ({ signature }) => ({ signature, extra }),
    });
    assertDenied(step, "another nonce");
  }
  const bindings = [{ "channel_binding": "tls-unique" }, { "cbind_data": "AAAA" }];
  for (const more of bindings) {
    const step = await play([router], [client], {
      answer: ({ signature, extra }) => ({ signature, extra: { ...extra, ...more } }),
    });
    assertDenied(step);
    assert.deepEqual(denialOf(step).details, { "scram": "other-error" });
  }
  let recorded = { signature: "", extra: {} as Dict };
  admittedAs(await play([router], [client], { answer: (answer) => recorded = answer }));
  assertDenied(await play([router], [client], { answer: () => recorded }), "another nonce");
  const step = await play([router], [client], {
    answer: ({ extra }) => ({ signature: recorded.signature, extra }),
  });
  assertDenied(step, "a wrong proof");
});

test("SCRAM: HELLO without a usable nonce or name is told so", async () => {
  const router = routerOf(byPbkdf2);
  const nonces = [undefined, null, 5, "", "AAAA", "not base64!", "cm9wcg", "A".repeat(260)];
  for (const nonce of nonces) {
    const request = requestWith({ "authid": "user", "authextra": { nonce } });
    assert.match(denialOf(await router.begin(request)).text, /nonce/);
  }
  const authextra = { "nonce": toBase64(randomBytes(16)) };
  for (const authid of [undefined, "", "a\u0007"]) {
    const request = requestWith({ ...(authid !== undefined && { authid }), authextra });
    assert.match(denialOf(await router.begin(request)).text, /HELLO\.Details\.authid/);
  }
});

test("SCRAM: names and passwords that are typed differently are one", async () => {
  const record = { ...await hashScramPassword("p\u00e9ncil IX", PBKDF2), "role": "frontend" };
  const principals = staticPrincipals({ "us\u00e9r": record });
  const typed = scramClient({ authid: "use\u0301r", password: "pe\u0301ncil\u00a0\u2168" });
  const step = await play([scramRouter({ principals })], [typed]);
  assert.equal(admittedAs(step).authid, "us\u00e9r");
  assert.throws(() => scramClient({ authid: "a\u0007", password: "x" }), {
    name: "HandshakeError",
  });
});

test("SCRAM: channel binding is checked on both sides", async () => {
  const router = routerOf(byPbkdf2);
  for (const type of ["tls-unique", "tls-server-end-point", "tls-exporter"] as const) {
    const data = randomBytes(type === "tls-unique" ? 12 : 32);
    const connection = { channelBinding: (asked: string) => asked === type ? data : undefined };
    const bound = scramClient({ authid: "user", password: "pencil", channelBinding: type });
    let extra: Dict = {};
    const step = await play([router], [bound], {
      router: connection,
      client: connection,
      answer: (answer) => (extra = answer.extra, answer),
    });
    admittedAs(step);
    assert.deepEqual([extra["channel_binding"], extra["cbind_data"]], [type, toBase64(data)]);
    const other = { channelBinding: () => randomBytes(data.length) };
    const between = await play([router], [bound], { router: other, client: connection });
    assertDenied(between, "data of another channel");
    const stripped = await play([router], [bound], {
      router: connection,
      client: connection,
      hello: (details) => {
        const { "channel_binding": _, ...authextra } = details["authextra"] as Dict;
        return { ...details, "authextra": authextra };
      },
    });
    assertDenied(stripped, "another channel binding");
  }
});

test("SCRAM: channel binding that either end lacks ends the handshake", async () => {
  const connection: AuthRequest["connection"] = { channelBinding: () => randomBytes(32) };
  const bound = scramClient({ authid: "user", password: "pencil", channelBinding: "tls-exporter" });
  const denial = denialOf(await play([routerOf(byPbkdf2)], [bound], { client: connection }));
  assert.match(denial.text, /found a channel binding that this connection has not/);
  assert.deepEqual(denial.details, { "scram": "unsupported-channel-binding-type" });
  await assert.rejects(
    play([routerOf(byPbkdf2)], [bound]),
    /found no tls-exporter of the connection/,
  );
});

test("SCRAM: a client does not trust a router that cannot prove itself", async () => {
  const router = routerOf(byPbkdf2);
  const welcomes: readonly ((details: Dict) => Dict)[] = [
    ({ "authextra": _, ...details }) => details,
    (details) => ({ ...details, "authextra": {} }),
    (details) => ({ ...details, "authextra": null }),
    (details) => ({ ...details, "authextra": { "verifier": null } }),
    (details) => ({ ...details, "authextra": { "verifier": "v=" } }),
    (details) => ({ ...details, "authextra": { "verifier": `v=${toBase64(randomBytes(32))}` } }),
    (details) => ({ ...details, "authmethod": "anonymous", "authextra": {} }),
  ];
  for (const welcome of welcomes) {
    const message = /Cannot trust the router: found no proof of its key/;
    await assert.rejects(play([router], [client], { welcome }), message);
  }
  const bare = (details: Dict): Dict => {
    const { verifier } = details["authextra"] as { verifier: string };
    return { ...details, "authextra": { "verifier": verifier.slice(2) } };
  };
  admittedAs(await play([router], [client], { welcome: bare }));
});

test("SCRAM: WELCOME without a challenge is not taken for one", async () => {
  const { anonymousRouter } = await import("../../../auth/anonymous.ts");
  const rogue = anonymousRouter({ newAuthid: () => "x" });
  const hello = offering("anonymous");
  await assert.rejects(
    play([rogue], [client], { hello }),
    /found WELCOME by "anonymous", expected/,
  );
  const welcome = (details: Dict) => ({ ...details, "authmethod": "wamp-scram" });
  await assert.rejects(play([rogue], [client], { hello, welcome }), /found no proof of its key/);
});

test("SCRAM: a client refuses hashes that are too cheap, too dear or unknown, and foreign nonces", async () => {
  const changes: readonly (readonly [Dict, RegExp])[] = [
    [{ "iterations": 1000 }, /cheap to crack/],
    [{ "kdf": "argon2id13", "iterations": 1, "memory": 512 }, /cheap to crack/],
    [{ "iterations": 1e9 }, /iterations/],
    [{ "iterations": 0 }, /iterations/],
    [{ "iterations": "4096" }, /iterations/],
    [{ "iterations": null }, /iterations/],
    [{ "kdf": "argon2id13", "memory": null }, /memory/],
    [{ "kdf": "argon2id13", "memory": 1e7 }, /memory/],
    [{ "kdf": "argon2id13", "iterations": 1000, "memory": 1_000_000 }, /memory/],
    [{ "kdf": "md5" }, /kdf/],
    [{ "kdf": null }, /kdf/],
    [{ "salt": "" }, /salt/],
    [{ "salt": "AAAA" }, /salt/],
    [{ "salt": 5 }, /salt/],
    [{ "nonce": toBase64(randomBytes(36)) }, /nonce/],
    [{ "nonce": null }, /nonce/],
  ];
  for (const [change, message] of changes) {
    const challenge = (extra: Dict) => ({ ...extra, ...change });
    const refused = play([routerOf(byPbkdf2)], [client], { challenge });
    await assert.rejects(refused, (error: Error) => {
      assert.equal(error.name, "HandshakeError");
      assert.match(error.message, message);
      return true;
    });
  }
  let own = "";
  const echo = play([routerOf(byPbkdf2)], [client], {
    hello: (details) => (own = String((details["authextra"] as Dict)["nonce"]), details),
    challenge: (extra) => ({ ...extra, "nonce": own }),
  });
  await assert.rejects(echo, /found a nonce that does not continue ours/);
});

test("SCRAM: records that cannot be used are our failure, and their values stay untold", async () => {
  const records: readonly Dict[] = [
    { ...byPbkdf2, "stored-key": undefined },
    { ...byPbkdf2, "stored-key": "5ecret" },
    { ...byPbkdf2, "server-key": "5ecret5e" },
    { ...byPbkdf2, "salt": "5ecre7" },
    { ...byPbkdf2, "kdf": "bcrypt" },
    { ...byPbkdf2, "iterations": undefined },
    { ...byArgon2, "memory": undefined },
  ];
  for (const record of records) {
    const denial = denialOf(await play([routerOf(record)], [client]));
    assert.equal(denial.refusal, AUTHENTICATION_FAILED);
    assert.doesNotMatch(JSON.stringify(denial), /5ecre/);
  }
});

test("SCRAM: keys may be written in Base64 as well", async () => {
  const record = { ...byPbkdf2 } as Record<string, unknown>;
  for (const key of ["salt", "stored-key", "server-key"]) {
    record[key] = toBase64(fromHex(record[key]) ?? assert.fail());
  }
  admittedAs(await play([routerOf(record)], [client]));
});

test("SCRAM: the slow hash is made once for many handshakes", async () => {
  const again = scramClient({ authid: "user", password: "pencil" });
  const router = routerOf(byPbkdf2);
  const { subtle } = crypto;
  const derive = subtle.deriveBits.bind(subtle);
  let count = 0;
  const counted: typeof derive = (...given) => (count++, derive(...given));
  Object.defineProperty(subtle, "deriveBits", { value: counted, configurable: true });
  try {
    for (let i = 0; i < 3; i++) admittedAs(await play([router], [again]));
    assert.equal(count, 1);
    const salt = toBase64(randomBytes(16));
    const challenge = (extra: Dict) => ({ ...extra, "salt": salt });
    assertDenied(await play([router], [again], { challenge }));
    assert.equal(count, 2);
  } finally {
    Reflect.deleteProperty(subtle, "deriveBits");
  }
});

// The dialect of Autobahn|Python and Crossbar.io

test("SCRAM: Autobahn|Python's own exchange: proof, verifier and keys", async () => {
  // Made by autobahn 26.10.2: AuthScram with password "pencil" and this client nonce.
  const exchange = {
    authid: "user",
    clientNonce: "cm9wck5HZndFYmVSV2diTkVrcU8=",
    nonce: "cm9wck5HZndFYmVSV2diTkVrcU8=SBmkFIh7sSo=",
    salt: base64(SALT),
    iterations: 3,
    channel: undefined,
  };
  const keys = await scramKeys(await saltPassword("pencil", ARGON2, "autobahn"));
  const message = authMessage(exchange, "autobahn");
  const proof = await clientProof(keys, message);
  assert.equal(toBase64(proof), "YItAzutZixY8Ry6AZEf93fE53XHOg2n8Iu08n/jICEg=");
  const signature = await serverSignature(keys.serverKey, message);
  assert.equal(toBase64(signature), "SJZIdUEQY7sOjrwDoLigIauSykiU1wOE/EUd8Awz41E=");
  assert.equal(
    toHex(keys.storedKey),
    "911f34dea35ab63e788c5bc62b6d8930ccd7a88a1942dfaa37104959d29521ce",
  );
});

test("SCRAM: who says scram is spoken to as by Crossbar.io", async () => {
  let challenge: Dict = {};
  let authextra: Dict = {};
  const step = await play([routerOf(byAutobahn)], [client], {
    hello: offering("scram"),
    challenge: (extra) => challenge = extra,
    // Autobahn sends no Extra.
    answer: ({ signature }) => ({ signature, extra: {} }),
    welcome: (details) => (authextra = details["authextra"] as Dict, details),
  });
  assert.equal(admittedAs(step).authmethod, "scram");
  assert.deepEqual([challenge["kdf"], challenge["memory"]], ["argon2id-13", 512]);
  assert.equal(authextra["verifier"], `v=${authextra["scram_server_signature"]}`);
  const pbkdf2 = await play([routerOf(byPbkdf2)], [client], {
    hello: offering("scram"),
    challenge: (extra) => challenge = extra,
  });
  assert.equal(admittedAs(pbkdf2).authmethod, "scram");
  assert(!Object.hasOwn(challenge, "memory"));
});

test("SCRAM: Crossbar.io's way to join nonces as bytes, and to sign WELCOME, is understood", async () => {
  const crossbar = {
    hello: offering("scram"),
    welcome: (details: Dict) => {
      const { scram_server_signature } = details["authextra"] as Dict;
      return { ...details, "authextra": { scram_server_signature } };
    },
  };
  admittedAs(await play([routerOf(byAutobahn)], [client], crossbar));
  const { authextra, answer } = await client.begin({});
  const bytes = base64(String(authextra["nonce"]));
  const nonce = toBase64(Uint8Array.of(...bytes, ...randomBytes(16)));
  const extra = { nonce, "salt": SALT, "kdf": "argon2id-13", "iterations": 3, "memory": 512 };
  assert.equal((await answer("scram", extra)).extra["nonce"], nonce);
});

test("SCRAM: who says scram but speaks the specification is understood too", async () => {
  let kdf: unknown;
  const step = await play([routerOf(byArgon2)], [client], {
    hello: (details) => ({
      ...offering("scram")(details),
      "authextra": { ...details["authextra"] as Dict, "channel_binding": null },
    }),
    challenge: (extra) => (kdf = extra["kdf"], extra),
  });
  assert.equal(kdf, "argon2id13");
  assert.equal(admittedAs(step).authmethod, "scram");
});

test("SCRAM: to a client of both names, the record's kdf tells which keys there are", async () => {
  assert.equal(admittedAs(await play([routerOf(byArgon2)], [client])).authmethod, "wamp-scram");
  assert.equal(admittedAs(await play([routerOf(byAutobahn)], [client])).authmethod, "scram");
});

test("SCRAM: nobody suffers from another principal's record that cannot be used", async () => {
  const records: Record<string, Dict> = { "user": byPbkdf2 };
  for (let i = 0; i < 20; i++) {
    records[`broken${i}`] = i % 2 === 0 ? {} : { ...byPbkdf2, "role": i };
  }
  const router = scramRouter({ principals: staticPrincipals(records) });
  for (let i = 0; i < 5; i++) admittedAs(await play([router], [client]));
  for (const authid of ["a", "b", "c", "d", "e"]) {
    assertDenied(await play([router], [scramClient({ authid, password: "pencil" })]));
  }
});
