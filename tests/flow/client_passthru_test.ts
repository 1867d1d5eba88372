/** Payload passthru mode and end-to-end encryption in the library, through a router that sees what passes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApplicationError, type BoxKey, CallResult, KeyRing, type SecretKey } from "../../mod.ts";
import type { Session } from "../../client/session.ts";
import { ID } from "../kit/flow_kit.ts";
import { ClientFlow, until } from "./client_kit.ts";

const SECRET = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const URI = "com.secret.";
const BIG = 2n ** 60n;
const ARGS = ["x", 1, 2.5, null, new Uint8Array([1, 2, 3]), BIG, ["é"]];

function ring(key: Partial<SecretKey> = {}): KeyRing {
  return new KeyRing([{ uri: URI, cipher: "aes256gcm", key: SECRET, ...key }]);
}

/** Two sessions with the same keys. */
async function pair(flow: ClientFlow, make: () => KeyRing): Promise<[Session, Session]> {
  return [await flow.client("realm1", make()), await flow.client("realm1", make())];
}

async function box(): Promise<[BoxKey, BoxKey]> {
  const [originator, responder] = [await KeyRing.newBoxPair(), await KeyRing.newBoxPair()];
  const place = { uri: "com.", cipher: "cryptobox" } as const;
  return [
    { ...place, originatorPriv: originator.priv, responderPub: responder.pub },
    { ...place, responderPriv: responder.priv, originatorPub: originator.pub },
  ];
}

for (const cipher of ["aes256gcm", "xsalsa20poly1305"] as const) {
  for (const serializer of ["json", "msgpack", "cbor"] as const) {
    test(`Client: calls, results, progress, errors and events are encrypted by ${cipher} in ${serializer} [WAMP payload_passthru_mode]`, async () => {
      const flow = new ClientFlow();
      const key = { cipher, serializer, keyId: "k1" };
      const [alice, bob] = await pair(flow, () => ring(key));
      const witness = flow.join();
      witness.subscribes("com.secret.topic");
      await bob.register("com.secret.echo", (args, kwargs, details) => {
        details.progress(["part"], { n: 1 });
        return new CallResult(args, kwargs);
      });
      await bob.register("com.secret.fail", () => {
        throw new ApplicationError("com.secret.error", ["told"], { why: 1 });
      });
      const parts: unknown[] = [];
      const onProgress = (...part: unknown[]) => parts.push(part);
      const result = await alice.call<CallResult>("com.secret.echo", ARGS, { a: BIG }, {
        onProgress,
      });
      assert.deepEqual([result.args, result.kwargs], [ARGS, { a: BIG }]);
      assert.deepEqual(parts, [[["part"], { n: 1 }]]);
      await assert.rejects(alice.call("com.secret.fail"), (error: unknown) => {
        assert.ok(error instanceof ApplicationError);
        assert.deepEqual([error.uri, error.args, error.kwargs], [
          "com.secret.error",
          ["told"],
          { why: 1 },
        ]);
        return true;
      });
      const events: unknown[] = [];
      await bob.subscribe("com.secret.topic", (...event) => events.push(event.slice(0, 2)));
      await alice.publish("com.secret.topic", ARGS, { b: 1 }, { acknowledge: true });
      await until(() => events.length > 0);
      assert.deepEqual(events, [[ARGS, { b: 1 }]]);
      const attributes = { "ppt_serializer": serializer, "ppt_cipher": cipher, "ppt_keyid": "k1" };
      const isSealed = (value: unknown) =>
        typeof value === "string" && value.startsWith("\0") &&
        !atob(value.slice(1)).includes("args");
      witness.receives("EVENT", ID, ID, { "ppt_scheme": "wamp", ...attributes }, [isSealed]);
      flow.ends();
    });
  }
}

test("Client: cryptobox encrypts for the other party alone, and errors by their own URIs", async () => {
  const flow = new ClientFlow();
  const [mine, theirs] = await box();
  const [alice, bob] = [
    await flow.client("realm1", new KeyRing([mine])),
    await flow.client("realm1", new KeyRing([theirs])),
  ];
  const witness = flow.join();
  witness.subscribes("com.box.topic");
  await bob.register("com.box.add", ([a, b]: readonly [number, number]) => a + b);
  await bob.register("com.box.fail", () => {
    throw new ApplicationError("com.box.error", ["told"]);
  });
  await bob.register("com.box.elsewhere", () => {
    throw new ApplicationError("org.error.without_key", ["must not be told"]);
  });
  assert.equal(await alice.call("com.box.add", [2, 3]), 5);
  await assert.rejects(alice.call("com.box.fail"), /com\.box\.error: told/);
  const elsewhere = await alice.call("com.box.elsewhere").catch((error: unknown) => error);
  assert.ok(elsewhere instanceof ApplicationError);
  assert.deepEqual([elsewhere.uri, elsewhere.args], ["org.error.without_key", []]);
  const events: unknown[] = [];
  await bob.subscribe("com.box.topic", (args) => events.push(args));
  await alice.publish("com.box.topic", ["event"], {}, { acknowledge: true });
  await until(() => events.length > 0);
  assert.deepEqual(events, [["event"]]);
  const attributes = { "enc_algo": "cryptobox", "enc_serializer": "json" };
  witness.receives("EVENT", ID, ID, attributes, (value: unknown) => typeof value === "string");
  flow.ends();
});

test("Client: what is encrypted and what is not keeps its order, both ways", async () => {
  const flow = new ClientFlow();
  const [alice, bob] = await pair(flow, ring);
  const seen: unknown[] = [];
  const note = ([number]: readonly unknown[]) => seen.push(number);
  await bob.subscribe("com.", note, { match: "prefix" });
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  for (const number of numbers) {
    alice.publish(number % 3 === 0 ? "com.open.topic" : "com.secret.topic", [number]);
  }
  await alice.publish("com.open.last", ["last"], {}, { acknowledge: true });
  await until(() => seen.at(-1) === "last");
  assert.deepEqual(seen, [...numbers, "last"]);
  flow.ends();
});

test("Client: what waits to be encrypted is sent as it was, whatever becomes of its arguments", async () => {
  const flow = new ClientFlow();
  const [alice, bob] = await pair(flow, ring);
  const seen: unknown[] = [];
  await bob.subscribe("com.", (args) => seen.push(args), { match: "prefix" });
  const list = [1];
  alice.publish("com.secret.topic", [list]);
  list.push(2);
  await alice.publish("com.open.last", [], {}, { acknowledge: true });
  await until(() => seen.length >= 2);
  assert.deepEqual(seen, [[[1]], []]);
  flow.ends();
});

test("Client: a session that leaves has sent what was to be encrypted", async () => {
  const flow = new ClientFlow();
  const [alice, bob] = await pair(flow, ring);
  const seen: unknown[] = [];
  await bob.subscribe("com.secret.topic", (args) => seen.push(args));
  alice.publish("com.secret.topic", [1]);
  assert.equal((await alice.leave()).reason, "wamp.close.normal");
  await until(() => seen.length > 0);
  assert.deepEqual(seen, [[1]]);
  flow.ends();
});

test("Client: a wrong key, no key and no encryption reach nobody", async () => {
  const flow = new ClientFlow();
  const bob = await flow.client("realm1", ring());
  await bob.register("com.secret.echo", ([value]) => value);
  const seen: unknown[] = [];
  await bob.subscribe("com.secret.topic", (args) => seen.push(args));
  const wrong = await flow.client("realm1", ring({ key: OTHER }));
  await assert.rejects(wrong.call("com.secret.echo", [1]), /encryption\.decrypt_error/);
  const salsa = await flow.client("realm1", ring({ cipher: "xsalsa20poly1305" }));
  await assert.rejects(salsa.call("com.secret.echo", [1]), /no_payload_codec/);
  const open = await flow.client("realm1", new KeyRing());
  await assert.rejects(open.call("com.secret.echo", [1]), /encryption\.decrypt_error/);
  const passthru = { scheme: "wamp" };
  await assert.rejects(open.call("com.secret.echo", [1], {}, { passthru }), /decrypt_error/);
  for (const session of [wrong, salsa, open]) {
    await session.publish("com.secret.topic", [1], {}, { acknowledge: true });
  }
  // The library says so, and the session goes on: what came before has been opened by then
  assert.equal(await (await flow.client("realm1", ring())).call("com.secret.echo", [7]), 7);
  assert.deepEqual(seen, []);
});

test("Client: a key may accept what is not encrypted, and then answers so", async () => {
  const flow = new ClientFlow();
  const bob = await flow.client("realm1", ring({ acceptsPlain: true }));
  await bob.register("com.secret.echo", ([value]) => value);
  assert.equal(await (await flow.client()).call("com.secret.echo", [1]), 1);
  assert.equal(await (await flow.client("realm1", ring())).call("com.secret.echo", [2]), 2);
  flow.ends();
});

test("Client: a payload that was encrypted for another URI is refused", async () => {
  const flow = new ClientFlow();
  const [alice, bob] = await pair(flow, ring);
  const mallory = flow.join();
  const taken = mallory.subscribes("com.secret.pay");
  await bob.register("com.secret.refund", () => "paid");
  alice.publish("com.secret.pay", ["bob", 100]);
  await until(() => mallory.transport.sent.length > 0);
  const [, , , details, args] = mallory.receives("EVENT", taken, ID, () => true, () => true);
  const request = mallory.calls("com.secret.refund", details as Record<string, unknown>, args);
  await until(() => mallory.transport.sent.length > 0);
  const uri = "wamp.error.encryption.trusted_uri_mismatch";
  mallory.receives("ERROR", 48, request, {}, uri, () => true);
  flow.ends();
});

test("Client: keys are replaced while both are in use, and told apart by their IDs", async () => {
  const flow = new ClientFlow();
  const key = { uri: URI, cipher: "aes256gcm" } as const;
  const old = { ...key, key: SECRET, keyId: "old" };
  const young = { ...key, key: OTHER, keyId: "new" };
  const bobs = new KeyRing([old]);
  const bob = await flow.client("realm1", bobs);
  await bob.register("com.secret.echo", ([value]) => value);
  const alice = await flow.client("realm1", new KeyRing([old]));
  assert.equal(await alice.call("com.secret.echo", [1]), 1);
  bobs.add(young);
  assert.equal(await alice.call("com.secret.echo", [2]), 2);
  const carol = await flow.client("realm1", new KeyRing([young]));
  assert.equal(await carol.call("com.secret.echo", [3]), 3);
  bobs.remove(URI, "prefix", "old");
  await assert.rejects(alice.call("com.secret.echo", [4]), /no_payload_codec/);
  assert.equal(await carol.call("com.secret.echo", [5]), 5);
});

test("Client: payloads are packed without encryption as a request says", async () => {
  const flow = new ClientFlow();
  const [alice, bob] = await pair(flow, () => new KeyRing());
  const witness = flow.join();
  witness.subscribes("com.open.topic");
  const wires: unknown[] = [];
  await bob.register("com.open.echo", (args, kwargs, { wire }) => {
    wires.push(wire);
    return new CallResult(args, kwargs);
  });
  for (const serializer of ["json", "msgpack", "cbor", "native"] as const) {
    const passthru = { scheme: "wamp", serializer };
    const result = await alice.call<CallResult>("com.open.echo", ARGS, { a: 1 }, { passthru });
    assert.deepEqual([result.args, result.kwargs], [ARGS, { a: 1 }]);
    assert.deepEqual(wires.pop(), { "ppt_scheme": "wamp", "ppt_serializer": serializer });
  }
  alice.publish("com.open.topic", ["as it is"], {}, { passthru: { scheme: "mqtt" } });
  await until(() => witness.transport.sent.length > 0);
  const mqtt = { "ppt_scheme": "mqtt", "ppt_serializer": "native" };
  witness.receives("EVENT", ID, ID, mqtt, ["as it is"]);
  const json = { scheme: "wamp", serializer: "json" } as const;
  alice.publish("com.open.topic", [1], {}, { passthru: json });
  await until(() => witness.transport.sent.length > 0);
  const packed = `\0${btoa('{"args":[1],"kwargs":{}}')}`;
  const attributes = { "ppt_scheme": "wamp", "ppt_serializer": "json" };
  witness.receives("EVENT", ID, ID, attributes, [packed]);
  flow.ends();
});

test("Client: what nobody here can read is handed on as it came", async () => {
  const flow = new ClientFlow();
  const bob = await flow.client("realm1", new KeyRing());
  const seen: unknown[] = [];
  await bob.subscribe("com.open.topic", (args, _, { wire }) => seen.push([args, wire]));
  const peer = flow.join();
  const options = { "ppt_scheme": "x_mine", "ppt_serializer": "custom" };
  peer.publishes("com.open.topic", options, ["opaque"]);
  peer.publishes("com.open.topic", { "ppt_scheme": "wamp", "ppt_serializer": "cbor" }, ["\0AA=="]);
  peer.publishes("com.open.topic", options, ["last"]);
  await until(() => seen.length > 1);
  assert.deepEqual(seen, [[["opaque"], options], [["last"], options]]);
  flow.ends();
});

test("Client: passing through is refused without a key ring, and to keys and schemes that are not there", async () => {
  const flow = new ClientFlow();
  const plain = await flow.client();
  const passthru = { scheme: "wamp" };
  await assert.rejects(plain.call("com.open", [], {}, { passthru }), /found no keyring/);
  const alice = await flow.client("realm1", ring({ keyId: "k1" }));
  const call = (uri: string, options: object) =>
    alice.call(uri, [], {}, { passthru: { scheme: "wamp", ...options } });
  await assert.rejects(call("com.open", { scheme: "other" }), /found scheme "other"/);
  await assert.rejects(call("com.secret.x", {}), /found no cipher/);
  await assert.rejects(call("com.secret.x", { cipher: "aes256gcm", keyId: "k2" }), /found no key/);
  await assert.rejects(call("com.open", { cipher: "aes256gcm" }), /found no key/);
  await assert.rejects(
    call("com.secret.x", { cipher: "aes256gcm", keyId: "k1" }),
    /no_such_procedure/,
  );
  assert.throws(() => new KeyRing([{ uri: URI, cipher: "aes256gcm", key: "abc" }]), /32 bytes/);
  assert.throws(
    () => new KeyRing([{ uri: URI, cipher: "cryptobox", originatorPub: SECRET }]),
    /private/,
  );
  flow.ends();
});

test("Client: a call with a payload for a session without key ring answers feature_not_supported", async () => {
  const flow = new ClientFlow();
  const bob = await flow.client();
  await bob.register("com.secret.echo", () => "heard");
  const alice = await flow.client("realm1", ring());
  await assert.rejects(alice.call("com.secret.echo", [1]), /feature_not_supported/);
  flow.ends();
});

test("Key ring: the exact pattern counts, then the longest prefix, then the most specific wildcard", () => {
  const keyring = new KeyRing();
  const add = (uri: string, match: "exact" | "prefix" | "wildcard") =>
    keyring.add({ uri, match, cipher: "aes256gcm", key: SECRET, keyId: `${match} ${uri}` });
  add("", "prefix");
  add("com.a.", "prefix");
  add("com.a.b", "exact");
  add("com..c", "wildcard");
  add(".a.c", "wildcard");
  const best = (uri: string) => keyring.keysFor(uri).map(({ keyId }) => keyId);
  assert.deepEqual(best("com.a.b"), ["exact com.a.b"]);
  assert.deepEqual(best("com.a.b.c"), ["prefix com.a."]);
  assert.deepEqual(best("org"), ["prefix "]);
  assert.deepEqual(best("wamp.session.count"), []);
  keyring.remove("");
  keyring.remove("com.a.");
  assert.deepEqual(best("com.a.c"), ["wildcard com..c"]);
  assert.deepEqual(best("org"), []);
});
