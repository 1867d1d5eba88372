import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousRouter } from "../../../auth/anonymous.ts";
import { type Bytes, concat, fromHex, toHex, xor } from "../../../auth/bytes.ts";
import { sha256 } from "../../../auth/crypto.ts";
import {
  cryptosignClient,
  cryptosignRouter,
  signChallenge,
  signingKey,
  verifyChallenge,
} from "../../../auth/cryptosign.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import type { Dict } from "../../../wamp/message.ts";
import { AUTHENTICATION_FAILED, NO_SUCH_PRINCIPAL } from "../../../wamp/uris.ts";
import { admittedAs, assertDenied, challengeOf, denialOf, play, requestWith } from "./auth_kit.ts";

function hex(text: string | null): Bytes {
  const bytes = fromHex(text);
  assert(bytes !== undefined);
  return bytes;
}

const CHANNEL = "62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff";
const KEYS = [
  "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
  "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
  "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
] as const;
const CHALLENGES = [
  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
  "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
] as const;
/** The specification's test vectors: key and challenge of the same index, with the channel id where it says so. */
const VECTORS = [
  {
    index: 0,
    channel: null,
    signature: "b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0c" +
      "ae80a357331bfc5cc9fb71081464e6e75013517c2cf067ad566a6b7b728e5d03" +
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  },
  {
    index: 1,
    channel: null,
    signature: "d4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372" +
      "190374886a70207b042294af5bd64ce725cd8dceb344e6d11c09d1aaaf4d660f" +
      "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
  },
  {
    index: 2,
    channel: null,
    signature: "7beb282184baadd08f166f16dd683b39cab53816ed81e6955def951cb2ddad1e" +
      "c184e206746fd82bda075af03711d3d5658fc84a76196b0fa8d1ebc92ef9f30b" +
      "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
  },
  {
    index: 0,
    channel: CHANNEL,
    signature: "9b6f41540c9b95b4b7b281c3042fa9c54cef43c842d62ea3fd6030fcb66e70b3" +
      "e80d49d44c29d1635da9348d02ec93f3ed1ef227dfb59a07b580095c2b82f80f" +
      "9d16ca518aa0c2b707f2b2a609edeca73bca8dd59817a633f35574ac6fd80d00",
  },
  {
    index: 1,
    channel: CHANNEL,
    signature: "305aaa3ac25e98f651427688b3fc43fe7d8a68a7ec1d7d61c61517c519bd4a42" +
      "7c3015599d83ca28b4c652333920223844ef0725eb5dc2febfd6af7677b73f01" +
      "d0852a29b460fc92ec943242ac638a053bbacc200512b18b30d15083cbdc9282",
  },
  {
    index: 2,
    channel: CHANNEL,
    signature: "ee3c7644fd8070532bc1fde3d70d742267da545d8c8f03e63bda63f1ad4214f4" +
      "d2c4bfdb4eb9526def42deeb7e31602a6ff99eba893e0a4ad4d45892ca75e608" +
      "d2b75e24a189a7f78ca776ba36fc53f6c3e31c32f251f2c524f0a44202f2902d",
  },
];

const [KEY, OTHER_KEY, ROUTER_KEY] = KEYS;
const publicKeys = await Promise.all(KEYS.map(async (key) => (await signingKey(key)).publicKey));
const [PUBLIC = "", OTHER_PUBLIC = "", ROUTER_PUBLIC = ""] = publicKeys;
const RECORDS = {
  "client01@example.com": { "role": "device", "realm": "devices", "authorized_keys": [PUBLIC] },
};
const principals = staticPrincipals(RECORDS);
const router = cryptosignRouter({ principals });
const client = cryptosignClient({ authid: "client01@example.com", privkey: KEY });

test("Cryptosign: the specification's test vectors, signed and verified", async () => {
  for (const { index, channel, signature } of VECTORS) {
    const key = await signingKey(KEYS[index] ?? "");
    const challenge = hex(CHALLENGES[index] ?? "");
    const id = channel === null ? undefined : hex(channel);
    assert.equal(await signChallenge(key, challenge, id), signature);
    assert(await verifyChallenge(hex(key.publicKey), signature, challenge, id));
    assert(
      !await verifyChallenge(hex(key.publicKey), signature, challenge, new Uint8Array(32).fill(7)),
    );
    const other = hex(publicKeys[(index + 1) % 3] ?? "");
    assert(!await verifyChallenge(other, signature, challenge, id));
  }
});

test("Cryptosign: Autobahn's test key has the public key that Autobahn says", () => {
  assert.equal(PUBLIC, "1adfc8bfe1d35616e64dffbd900096f23b066f914c8c2ffbb66f6075b96e116d");
});

test("Cryptosign: private keys are taken as seed, or as NaCl writes them, and nothing else", async () => {
  assert.equal((await signingKey(KEY + PUBLIC)).publicKey, PUBLIC);
  assert.equal((await signingKey(KEY.toUpperCase())).publicKey, PUBLIC);
  for (const text of ["", "00", `${KEY}0`, `${KEY.slice(1)}g`]) {
    await assert.rejects(
      signingKey(text),
      /^Error: Cannot use the private key: found something else/,
    );
  }
});

test("Cryptosign: an authorized key is admitted; HELLO and CHALLENGE look as in the specification", async () => {
  const seen: unknown[] = [];
  const step = await play([router], [client], {
    hello: (details) => (seen.push(details), details),
    challenge: (extra) => (seen.push(Object.keys(extra), extra["channel_binding"]), extra),
    answer: (answer) => (seen.push(/^[0-9a-f]{192}$/.test(answer.signature)), answer),
  });
  assert.deepEqual(admittedAs(step), {
    realm: "devices",
    authid: "client01@example.com",
    authrole: "device",
    authmethod: "cryptosign",
    authprovider: "static",
  });
  assert.deepEqual(seen, [
    {
      "authid": "client01@example.com",
      "authmethods": ["cryptosign"],
      "authextra": { "pubkey": PUBLIC },
    },
    ["challenge", "channel_binding"],
    null,
    true,
  ]);
});

test("Cryptosign: a principal may have several keys, in either case, and need not say its name", async () => {
  const records = {
    "c": { "role": "device", "authorized_keys": [OTHER_PUBLIC.toUpperCase(), PUBLIC] },
  };
  const several = cryptosignRouter({ principals: staticPrincipals(records) });
  for (const privkey of [KEY, OTHER_KEY]) {
    assert.equal(admittedAs(await play([several], [cryptosignClient({ privkey })])).authid, "c");
  }
  const shared = cryptosignRouter({
    principals: staticPrincipals({ ...records, "d": { "role": "x", "authorized_keys": [PUBLIC] } }),
  });
  assertDenied(await play([shared], [cryptosignClient({ privkey: KEY })]), "no such principal");
  const named = await play([shared], [cryptosignClient({ privkey: KEY, authid: "d" })]);
  assert.equal(admittedAs(named).authrole, "x");
});

test("Cryptosign: a foreign key, a wrong signature and an unknown principal are denied alike", async () => {
  const foreign = cryptosignClient({ authid: "client01@example.com", privkey: OTHER_KEY });
  const nobody = cryptosignClient({ authid: "client02@example.com", privkey: KEY });
  const answers = [
    await play([router], [foreign]),
    await play([router], [nobody]),
    await play([router], [cryptosignClient({ privkey: OTHER_KEY })]),
    await play([router], [client], {
      answer: ({ signature, extra }) => ({ signature: `00${signature.slice(2)}`, extra }),
    }),
  ];
  assert.deepEqual(answers.map((step) => denialOf(step).why), [
    "a key that is not the principal's",
    "no such principal",
    "no such principal",
    "a wrong signature",
  ]);
  for (const step of answers) assertDenied(step);
  assert.equal(new Set(answers.map((step) => JSON.stringify({ ...step, why: "" }))).size, 1);
});

test("Cryptosign: malformed answers are denied", async () => {
  for (const signature of ["", "00", "00".repeat(64), "00".repeat(96), "x".repeat(192)]) {
    const step = await play([router], [client], { answer: ({ extra }) => ({ signature, extra }) });
    assertDenied(step, "a wrong signature");
  }
});

test("Cryptosign: a signature fits one challenge: of the wire nothing can be replayed", async () => {
  const hello = { "authid": "client01@example.com", "authextra": { "pubkey": PUBLIC } };
  const begin = async () => challengeOf(await router.begin(requestWith(hello)));
  const [first, second] = [await begin(), await begin()];
  const challenge = hex(String(first.extra["challenge"]));
  assert.equal(challenge.length, 32);
  const signature = await signChallenge(await signingKey(KEY), challenge);
  assertDenied(await second.answer({ signature, extra: {} }), "a wrong signature");
  admittedAs(await first.answer({ signature, extra: {} }));
});

test("Cryptosign: HELLO without a usable key or binding is told so", async () => {
  const pubkeys = [undefined, null, 7, "", "00", `${PUBLIC}00`, "z".repeat(64), [PUBLIC]];
  for (const pubkey of pubkeys) {
    const denial = denialOf(await router.begin(requestWith({ "authextra": { pubkey } })));
    assert.match(denial.text, /authextra\.pubkey, expected 64 hexadecimal digits$/);
  }
  for (const binding of ["tls-server-end-point", "none", 5]) {
    const authextra = { "pubkey": PUBLIC, "channel_binding": binding };
    const denial = denialOf(await router.begin(requestWith({ authextra })));
    assert.match(denial.text, /channel_binding, expected one of tls-unique, tls-exporter$/);
  }
});

test("Cryptosign: with channel binding both ends must see the same connection", async () => {
  const exported = new Uint8Array(32).fill(3);
  const one = { channelBinding: (type: string) => type === "tls-exporter" ? exported : undefined };
  const two = { channelBinding: () => new Uint8Array(32).fill(4) };
  const binding = cryptosignClient({ privkey: KEY, channelBinding: "tls-exporter" });
  const seen: unknown[] = [];
  const step = await play([router], [binding], {
    router: one,
    client: one,
    challenge: (extra) => (seen.push(extra["channel_binding"], extra["challenge"]), extra),
    answer: (answer) => (seen.push(answer.signature.slice(128)), answer),
  });
  admittedAs(step);
  const [type, challenge, message] = seen.map(String);
  assert.equal(type, "tls-exporter");
  assert.equal(message, toHex(xor(hex(challenge ?? ""), exported)));
  assertDenied(await play([router], [binding], { router: one, client: two }), "a wrong signature");
});

test("Cryptosign: tls-unique is the digest of the Finished message, as Autobahn has it", async () => {
  const finished = new TextEncoder().encode("some TLS message");
  assert.equal(toHex(await sha256(finished)), CHANNEL);
  const connection = { channelBinding: () => finished };
  const bound = cryptosignClient({ privkey: KEY, channelBinding: "tls-unique" });
  const { answer } = await bound.begin(connection);
  const extra = { "challenge": CHALLENGES[0], "channel_binding": "tls-unique" };
  assert.equal((await answer("cryptosign", extra)).signature, VECTORS[3]?.signature);
  admittedAs(await play([router], [bound], { router: connection, client: connection }));
});

test("Cryptosign: a client that asks for channel binding goes on with no other", async () => {
  const connection = { channelBinding: () => new Uint8Array(32).fill(3) };
  const bound = cryptosignClient({ privkey: KEY, channelBinding: "tls-exporter" });
  await assert.rejects(play([router], [bound], { client: connection }), /expected tls-exporter$/);
  await assert.rejects(play([router], [bound]), /found no tls-exporter of the connection/);
  const unasked = { challenge: (extra: object) => ({ ...extra, "channel_binding": "tls-unique" }) };
  await assert.rejects(play([router], [client], unasked), /found channel binding "tls-unique"/);
});

test("Cryptosign: the router proves itself to a client that asks", async () => {
  const proving = cryptosignRouter({ principals, routerKey: await signingKey(ROUTER_KEY) });
  const asking = cryptosignClient({ privkey: KEY, routerKeys: [OTHER_PUBLIC, ROUTER_PUBLIC] });
  const connection = { channelBinding: () => new Uint8Array(32).fill(3) };
  admittedAs(await play([proving], [asking]));
  const bound = cryptosignClient({
    privkey: KEY,
    routerKeys: [ROUTER_PUBLIC],
    channelBinding: "tls-exporter",
  });
  admittedAs(await play([proving], [bound], { router: connection, client: connection }));

  await assert.rejects(play([router], [asking]), /Cannot trust the router: found none of its keys/);
  const stranger = cryptosignClient({ privkey: KEY, routerKeys: [OTHER_PUBLIC] });
  await assert.rejects(play([proving], [stranger]), /found none of its keys/);
  const forged = { challenge: (extra: object) => ({ ...extra, "signature": "00".repeat(96) }) };
  await assert.rejects(play([proving], [asking], forged), /found a wrong signature/);
});

test("Cryptosign: a router does not get round its proof by leaving out the challenge", async () => {
  const rogue = anonymousRouter({ newAuthid: () => "x" });
  const hello = (details: Dict) => ({ ...details, "authmethods": ["anonymous"] });
  const asking = cryptosignClient({ privkey: KEY, routerKeys: [ROUTER_PUBLIC] });
  const named = { hello, welcome: (details: Dict) => ({ ...details, "authmethod": "cryptosign" }) };
  await assert.rejects(play([rogue], [asking], named), /found WELCOME without CHALLENGE/);
  await assert.rejects(play([rogue], [asking], { hello }), /found WELCOME by "anonymous"/);
  admittedAs(await play([rogue], [client], { hello }));
});

test("Cryptosign: a router's proof of another handshake proves nothing", async () => {
  const proving = cryptosignRouter({ principals, routerKey: await signingKey(ROUTER_KEY) });
  const asking = cryptosignClient({ privkey: KEY, routerKeys: [ROUTER_PUBLIC] });
  let recorded: object = {};
  await play([proving], [asking], { challenge: (extra) => recorded = extra });
  const replayed = { challenge: () => ({ ...recorded }) };
  await assert.rejects(play([proving], [asking], replayed), /found a wrong signature/);
});

test("Cryptosign: a client answers no challenge that is none", async () => {
  const { answer } = await client.begin({});
  for (const challenge of [undefined, null, 5, "", "00", "0".repeat(66), "g".repeat(64)]) {
    const refused = async () => await answer("cryptosign", { challenge });
    await assert.rejects(refused, { name: "HandshakeError" });
  }
});

test("Cryptosign: keys may be kept elsewhere", async () => {
  const { publicKey, sign } = await signingKey(KEY);
  const agent = { publicKey, sign: (message: Bytes) => Promise.resolve(sign(concat(message))) };
  admittedAs(await play([router], [cryptosignClient({ privkey: agent })]));
});

test("Cryptosign: a dynamic authenticator answers one key and the identity", async () => {
  const dynamic = cryptosignRouter({
    authprovider: "dynamic",
    principals: { find: ({ publicKey }) => ({ "pubkey": publicKey, "role": "guest" }) },
  });
  const step = await play([dynamic], [cryptosignClient({ privkey: KEY })]);
  assert.deepEqual([admittedAs(step).authid, admittedAs(step).authrole], [PUBLIC, "guest"]);
});

test("Cryptosign: records with keys that are none are our failure; unknown ones may be told", async () => {
  for (const keys of ["key", [5], ["00"], {}]) {
    const broken = { find: () => ({ "role": "r", "authorized_keys": keys }) };
    const step = await play([cryptosignRouter({ principals: broken })], [client]);
    assert.equal(denialOf(step).refusal, AUTHENTICATION_FAILED);
  }
  const open = cryptosignRouter({ principals, revealsUnknown: true });
  const step = await play([open], [cryptosignClient({ privkey: OTHER_KEY })]);
  assert.equal(denialOf(step).refusal, NO_SUCH_PRINCIPAL);
});
