/** One behaviour, over every way to reach a router: WebSocket with six subprotocols, RawSocket with three serializers; TCP, unix, TLS. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { dial, type DialOptions } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { cbor } from "../../wamp/codec/cbor.ts";
import type { Codec } from "../../wamp/codec/codec.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { type EchoRouter, Receiver, startEchoRouter } from "../kit/echo_router.ts";

const pem = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../kit/tls/${name}`, import.meta.url).href), "utf8");
const SERVER_TLS = { cert: pem("server.crt"), key: pem("server.key") };
const CLIENT_TLS = { ca: pem("ca.crt"), serverName: "localhost" };

interface Way {
  readonly name: string;
  readonly scheme: string;
  readonly codec: Codec;
  readonly isBatched: boolean;
  readonly deflates: boolean;
}

const WAYS: readonly Way[] = [
  ...["ws", "wss", "unix+ws"].flatMap((scheme) =>
    [json, msgpack, cbor].flatMap((codec) =>
      [false, true].map((isBatched) => ({
        name: `${scheme} ${codec.name}${isBatched ? ".batched" : ""}`,
        scheme,
        codec,
        isBatched,
        deflates: false,
      }))
    )
  ).filter(({ scheme, codec }) => scheme === "ws" || codec !== cbor),
  ...["rs", "rss", "unix+rs"].flatMap((scheme) =>
    [json, msgpack, cbor].map((codec) => ({
      name: `${scheme} ${codec.name}`,
      scheme,
      codec,
      isBatched: false,
      deflates: false,
    }))
  ),
  { name: "ws json deflate", scheme: "ws", codec: json, isBatched: false, deflates: true },
  { name: "ws cbor.batched deflate", scheme: "ws", codec: cbor, isBatched: true, deflates: true },
];

const DEFLATE = {
  requestsNoContextTakeover: false,
  requestedWindowBits: 0,
  hasNoContextTakeover: false,
  windowBits: 15,
  memoryLevel: 8,
};

async function withRouter(
  way: Way,
  run: (router: EchoRouter, url: string) => Promise<void>,
): Promise<void> {
  const router = await startEchoRouter({
    isUnix: way.scheme.startsWith("unix"),
    ...(way.scheme.endsWith("ss") ? { tls: SERVER_TLS } : {}),
    ...(way.deflates ? { websocket: { deflate: DEFLATE } } : {}),
  });
  try {
    const url = way.scheme.startsWith("unix")
      ? `${way.scheme}:${router.where}`
      : `${way.scheme}://${router.where}/ws?x=1`;
    await run(router, url);
  } finally {
    await router.close();
  }
}

function optionsOf(way: Way, url: string): DialOptions {
  return {
    url,
    codecs: [way.codec],
    isBatched: way.isBatched,
    tls: CLIENT_TLS,
    host: new TransportHost({
      onFault: (error) => {
        throw error;
      },
      poisons: true,
    }),
    ...(way.deflates ? { websocket: { deflate: DEFLATE } } : {}),
  };
}

function call(request: number, args: readonly unknown[], procedure = "test.echo"): Message {
  return { type: Type.CALL, request, options: EMPTY_DICT, procedure, payload: Payload.of(args) };
}

function publish(request: number, args: readonly unknown[]): Message {
  return {
    type: Type.PUBLISH,
    request,
    options: EMPTY_DICT,
    topic: "test.topic",
    payload: Payload.of(args),
  };
}

for (const way of WAYS) {
  test(`${way.name}: messages come back in order, small and large`, () =>
    withRouter(way, async (router, url) => {
      const receiver = new Receiver();
      const transport = await dial(optionsOf(way, url), receiver.attach);
      assert.equal(
        transport.details.serializer,
        `${way.codec.name}${way.isBatched ? ".batched" : ""}`,
      );
      transport.send({ type: Type.HELLO, realm: "realm1", details: { "roles": {} } });
      await receiver.until(() => receiver.messages.length === 1);
      assert.equal(receiver.messages[0]?.type, Type.WELCOME);
      // Sizes around every length encoding, and one that spans many reads.
      const sizes = [0, 1, 60, 100, 110, 120, 127, 1000, 65_000, 65_536, 70_000, 1_000_000];
      const texts = sizes.map((size, i) => `${i}:`.padEnd(size, "é€x"));
      texts.forEach((text, i) => transport.send((i % 2 === 0 ? call : publish)(i + 1, [text])));
      await receiver.until(() => receiver.messages.length === 1 + sizes.length);
      const answers = receiver.messages.slice(1).map((message) =>
        message.type === Type.RESULT
          ? [message.request, message.payload.decode().args[0]]
          : message.type === Type.EVENT
          ? [message.publication, message.payload.decode().args[0]]
          : []
      );
      assert.deepEqual(answers, texts.map((text, i) => [i + 1, text]));
      transport.end("done");
      assert.equal(await receiver.untilClosed(), "clean");
      assert.deepEqual(router.faults, []);
      assert.equal(router.stats.receivedMessages, 1 + sizes.length);
      assert.equal(router.stats.sentMessages, 1 + sizes.length);
    }));

  test(`${way.name}: thousands of pipelined messages come back in order`, () =>
    withRouter(way, async (router, url) => {
      const receiver = new Receiver();
      const transport = await dial(optionsOf(way, url), receiver.attach);
      const count = way.deflates ? 300 : 3000;
      for (let i = 1; i <= count; i++) {
        transport.send((i % 3 === 0 ? publish : call)(i, ["x".repeat(i % 200)]));
      }
      await receiver.until(() => receiver.messages.length === count);
      receiver.messages.forEach((message, i) => {
        const number = message.type === Type.RESULT
          ? message.request
          : message.type === Type.EVENT
          ? message.publication
          : 0;
        assert.equal(number, i + 1);
      });
      receiver.payloads().forEach((payload, i) =>
        assert.equal(payload.decode().args[0], "x".repeat((i + 1) % 200))
      );
      assert.deepEqual(router.faults, []);
      transport.end("done");
      await receiver.untilClosed();
    }));

  test(`${way.name}: a fault of the handler ends that connection only`, () =>
    withRouter(way, async (router, url) => {
      const [doomed, other] = [new Receiver(), new Receiver()];
      const one = await dial(optionsOf(way, url), doomed.attach);
      const two = await dial(optionsOf(way, url), other.attach);
      one.send(call(1, [], "test.crash"));
      await doomed.untilClosed();
      two.send(call(1, ["still here"]));
      await other.until(() => other.messages.length === 1);
      assert.equal(router.faults.length, 1);
      assert.equal(doomed.messages.length, 0);
      two.end("done");
      await other.untilClosed();
    }));

  test(`${way.name}: the router ends after what it sent has gone`, () =>
    withRouter(way, async (router, url) => {
      const receiver = new Receiver();
      const transport = await dial(optionsOf(way, url), receiver.attach);
      transport.send(call(1, ["x".repeat(500_000)]));
      transport.send(call(2, [], "test.end"));
      transport.send(call(3, ["never answered"]));
      assert.equal(await receiver.untilClosed(), "clean");
      assert.deepEqual(receiver.messages.map((message) => message.type), [Type.RESULT]);
      assert.deepEqual(router.faults, []);
    }));
}

/** A client that shakes hands by hand: for what no decent client does. */
function rawClient(where: string): Promise<Socket> {
  return new Promise((resolve) => {
    const [host = "", port = ""] = where.split(":");
    const socket = connect({ host, port: Number(port) }, () => {
      socket.write(new Uint8Array([0x7f, 0xf1, 0, 0]));
      socket.once("data", () => resolve(socket));
    });
    socket.on("error", () => {});
  });
}

function rawMessage(message: unknown): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}

test("Slow consumers: one that does not read costs no memory beyond its limit, and slows nobody", async () => {
  const slowConsumers = {
    policy: "drop-events",
    limitBytes: 500_000,
    hardLimitBytes: 5_000_000,
  } as const;
  const router = await startEchoRouter({ host: { slowConsumers } });
  try {
    const stalled = await rawClient(router.where);
    stalled.pause();
    const event = rawMessage([16, 1, {}, "test.topic", ["x".repeat(100_000)]]);
    const receiver = new Receiver();
    const way = { name: "", scheme: "rs", codec: json, isBatched: false, deflates: false };
    const transport = await dial(optionsOf(way, `rs://${router.where}`), receiver.attach);
    for (let i = 1; i <= 300; i++) {
      await new Promise<void>((resolve) => stalled.write(event, () => resolve()));
      transport.send(call(i, [i]));
    }
    await receiver.until(() => receiver.messages.length === 300);
    assert.ok(router.stats.droppedEvents > 100, `${router.stats.droppedEvents} dropped`);
    assert.equal(router.stats.closedSlowConsumers, 0);
    assert.equal(router.sessions[0]?.how, undefined);
    stalled.destroy();
    transport.end("done");
    await receiver.untilClosed();
  } finally {
    await router.close();
  }
});

test("Slow consumers: one that asks for ever more without reading is cut", async () => {
  const slowConsumers = {
    policy: "drop-events",
    limitBytes: 500_000,
    hardLimitBytes: 1_000_000,
  } as const;
  const router = await startEchoRouter({ host: { slowConsumers } });
  try {
    const stalled = await rawClient(router.where);
    stalled.pause();
    const request = rawMessage([48, 1, {}, "test.echo", ["x".repeat(100_000)]]);
    const [session] = router.sessions;
    let isCut = false;
    session?.untilClosed().then(() => isCut = true);
    for (let i = 0; i < 1000 && !isCut; i++) {
      await new Promise<void>((resolve) => stalled.write(request, () => resolve()));
    }
    assert.equal(await session?.untilClosed(), "slow");
    assert.equal(router.stats.closedSlowConsumers, 1);
    assert.deepEqual(router.faults, []);
    stalled.destroy();
  } finally {
    await router.close();
  }
});

test("Resets: a connection that is cut in the middle of a message ends its session alone", async () => {
  const router = await startEchoRouter();
  try {
    for (let i = 0; i < 20; i++) {
      const socket = await rawClient(router.where);
      socket.write(
        rawMessage([48, 1, {}, "test.echo", ["x".repeat(100_000)]]).subarray(0, 5 + i * 1000),
      );
      socket.resetAndDestroy();
    }
    for (const session of router.sessions) assert.equal(await session.untilClosed(), "reset");
    assert.equal(router.sessions.length, 20);
    assert.deepEqual(router.faults, []);
  } finally {
    await router.close();
  }
});
