/**
 * Payloads that the router does not read, between the library and foreign clients: wampy packs them, Autobahn|Python encrypts them by keys
 * of two parties. Both ways, in every serializer that each can do it in. [WAMP payload_passthru_mode]
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CallResult, connect, KeyRing, type SerializerName, type Session } from "../../mod.ts";
import { clients } from "./clients.ts";
import { Peer } from "./peer.ts";
import type { PeerSession } from "./peer_session.ts";
import { type RouterUnderTest, startRouter } from "./router_under_test.ts";

let router: RouterUnderTest;
before(async () => {
  router = await startRouter();
});
after(async () => {
  await router.stop();
});

function join(keyring: KeyRing, serializer: SerializerName = "cbor"): Promise<Session> {
  const { host, port, path, realm } = router;
  const url = `ws://${host}:${port}${path}`;
  return connect({ url, realm, keyring, serializers: [serializer] });
}

function clientOf(id: string) {
  const client = clients.find((one) => one.id === id);
  assert.ok(client);
  return { client, skip: client.missing() ?? false };
}

const ARGS = ["text", 7, [null, true], { "ключ": "значение" }];
const KWARGS = { "a": 1, "b": ["x"] };

async function withPeer(
  id: string,
  serializer: string,
  use: (session: PeerSession) => Promise<void>,
): Promise<void> {
  const peer = await Peer.start(clientOf(id).client, router);
  try {
    await use(await peer.join({ transport: "websocket", serializer, traits: [] }));
  } finally {
    await peer.stop();
  }
}

for (const serializer of ["msgpack", "cbor"] as const) {
  for (const packed of ["json", "msgpack", "cbor", "native"] as const) {
    // wampy takes CBOR alone for the scheme of the specification
    const scheme = packed === "cbor" ? "wamp" : "x_packed";
    const name = `${packed} within ${serializer}`;
    const wampy = clientOf("wampy");
    test(`wampy and the library pass payloads through: ${name}`, { skip: wampy.skip }, async () => {
      await withPeer("wampy", serializer, async (peer) => {
        await using session = await join(new KeyRing(), serializer);
        const wires: unknown[] = [];
        await session.register("com.packed.ours", (args, kwargs, { wire }) => {
          wires.push(wire);
          return new CallResult(args, kwargs);
        });
        const options = { "ppt_scheme": scheme, "ppt_serializer": packed };
        const back = await peer.call("com.packed.ours", { args: ARGS, kwargs: KWARGS, options });
        assert.deepEqual([back.args, back.kwargs], [ARGS, KWARGS]);
        assert.deepEqual(wires, [options]);

        await peer.register("com.packed.theirs", "echo-passthru");
        // wampy takes packed JSON only as text, and native payloads only as a table: what it is answered with, but not what it is sent
        if (packed !== "native" && packed !== "json") {
          const passthru = { scheme, serializer: packed };
          const result = await session.call<CallResult>("com.packed.theirs", ARGS, KWARGS, {
            passthru,
          });
          assert.deepEqual([result.args, result.kwargs], [ARGS, KWARGS]);
          await peer.subscribe("com.packed.topic");
          await session.publish("com.packed.topic", ARGS, KWARGS, { passthru, acknowledge: true });
          const event = await peer.event("com.packed.topic");
          assert.deepEqual([event.args, event.kwargs], [ARGS, KWARGS]);
        }
        const received = new Promise<unknown>((resolve) => {
          session.subscribe("com.packed.back", (args, kwargs) => resolve([args, kwargs])).then(
            () => peer.publish("com.packed.back", { args: ARGS, kwargs: KWARGS, options }),
          );
        });
        assert.deepEqual(await received, [ARGS, KWARGS]);
      });
    });
  }
}

for (const serializer of ["json", "msgpack", "cbor"] as const) {
  const python = clientOf("autobahn-python");
  test(
    `Autobahn|Python and the library encrypt for each other by cryptobox in ${serializer}`,
    { skip: python.skip },
    async () => {
      await withPeer("autobahn-python", serializer, async (peer) => {
        const [ours, theirs] = [await KeyRing.newBoxPair(), await KeyRing.newBoxPair()];
        // Each is the originator of what it calls and publishes under its own URIs
        await using session = await join(
          new KeyRing([
            {
              uri: "com.ours.",
              cipher: "cryptobox",
              originatorPriv: ours.priv,
              responderPub: theirs.pub,
            },
            {
              uri: "com.theirs.",
              cipher: "cryptobox",
              originatorPub: theirs.pub,
              responderPriv: ours.priv,
            },
          ]),
          serializer,
        );
        await peer.keyring({
          "com.ours.": { "originator_pub": ours.pub, "responder_priv": theirs.priv },
          "com.theirs.": { "originator_priv": theirs.priv, "responder_pub": ours.pub },
        });
        await peer.register("com.ours.echo", "echo");
        await peer.register("com.ours.fail", "fail");
        await peer.register("com.ours.progress", "progress");
        await peer.subscribe("com.ours.topic");
        const back = await session.call<CallResult>("com.ours.echo", ARGS, KWARGS);
        assert.deepEqual([back.args, back.kwargs], [ARGS, KWARGS]);
        const refused = session.call("com.ours.fail", ["com.ours.error", "told"]);
        await assert.rejects(refused, /com\.ours\.error: told/);
        const parts: unknown[] = [];
        const onProgress = (...part: unknown[]) => parts.push(part);
        assert.equal(await session.call("com.ours.progress", [2], {}, { onProgress }), "done");
        assert.deepEqual(parts, [[[0], { step: 0 }], [[1], { step: 1 }]]);
        session.publish("com.ours.topic", ARGS, KWARGS);
        const event = await peer.event("com.ours.topic");
        assert.deepEqual([event.args, event.kwargs], [ARGS, KWARGS]);

        const wires: unknown[] = [];
        await session.register("com.theirs.echo", (args, kwargs, { wire }) => {
          wires.push(wire["enc_algo"]);
          return new CallResult(args, kwargs);
        });
        const answer = await peer.call("com.theirs.echo", { args: ARGS, kwargs: KWARGS });
        assert.deepEqual([answer.args, answer.kwargs, wires], [ARGS, KWARGS, ["cryptobox"]]);
        const received = new Promise<unknown>((resolve) => {
          session.subscribe("com.theirs.topic", (args, kwargs) => resolve([args, kwargs])).then(
            () => peer.publish("com.theirs.topic", { args: ARGS, kwargs: KWARGS }),
          );
        });
        assert.deepEqual(await received, [ARGS, KWARGS]);
      });
    },
  );
}
