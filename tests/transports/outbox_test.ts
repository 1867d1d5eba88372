/** The outbox, and the limits and answers of `PeerTransport` around it, over RawSocket: its frames are easy to read. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers";
import type { ClosedHow, MessageHandler, Transport } from "../../router/ports.ts";
import { newStats, TransportHost, type TransportStats } from "../../transports/host.ts";
import { Outbox, WriterPool } from "../../transports/outbox.ts";
import { startRawSocket } from "../../transports/rawsocket.ts";
import { Turn } from "../../transports/turn.ts";
import { DEFAULT_RAWSOCKET_OPTIONS } from "../../transports/websocket_options.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Outgoing } from "../../wamp/outgoing.ts";
import { Payload } from "../../wamp/payload.ts";
import * as uris from "../../wamp/uris.ts";
import { FakeRandom } from "../kit/fake_random.ts";
import { FakeByteStream, turnEnd } from "../kit/fake_byte_stream.ts";
import { ascii, fakeHost, text } from "../kit/websocket_peer.ts";

function outbox(stream: FakeByteStream): Outbox {
  const turn = new Turn(queueMicrotask, (error) => {
    throw error;
  });
  return new Outbox(stream, turn, new WriterPool());
}

function put(box: Outbox, value: string): void {
  box.writer().ascii(value);
}

test("Outbox: what a turn produced leaves in one write", async () => {
  const stream = new FakeByteStream();
  const box = outbox(stream);
  put(box, "one ");
  box.share(ascii("two "));
  put(box, "three");
  assert.equal(stream.writes, 0);
  assert.equal(box.waiting, 13);
  await turnEnd();
  assert.equal(text(stream.take()), "one two three");
  assert.equal(stream.writes, 1);
  assert.equal(box.waiting, 0);
});

test("Outbox: a lone shared frame is written by reference, and copied when another joins", async () => {
  const stream = new FakeByteStream();
  stream.takesWrites = false;
  const box = outbox(stream);
  const frame = ascii("shared");
  let written: Uint8Array | undefined;
  const write = stream.write.bind(stream);
  stream.write = (bytes) => {
    written = bytes;
    return write(bytes);
  };
  stream.onDrain = () => box.drained();
  box.share(frame);
  await turnEnd();
  assert.equal(written, frame);
  box.share(frame);
  box.share(frame);
  stream.drain();
  stream.drain();
  assert.notEqual(written, frame);
  assert.equal(text(frame), "shared");
  assert.equal(text(stream.take()), "sharedsharedshared");
});

test("Outbox: what comes during a write gathers behind it", async () => {
  const stream = new FakeByteStream();
  stream.takesWrites = false;
  const box = outbox(stream);
  stream.onDrain = () => box.drained();
  put(box, "a");
  await turnEnd();
  put(box, "b");
  await turnEnd();
  put(box, "c");
  await turnEnd();
  assert.equal(stream.writes, 1);
  assert.equal(box.waiting, 3);
  stream.drain();
  assert.equal(stream.writes, 2);
  stream.drain();
  assert.equal(text(stream.take()), "abc");
  assert.equal(box.waiting, 0);
});

test("Outbox: end closes behind what was sent, at once when nothing was", async () => {
  const stream = new FakeByteStream();
  const box = outbox(stream);
  put(box, "last words");
  box.end();
  assert.equal(stream.state, "open");
  await turnEnd();
  assert.equal(stream.state, "closing");
  assert.equal(text(stream.take()), "last words");
  const idle = new FakeByteStream();
  outbox(idle).end();
  await turnEnd();
  assert.equal(idle.state, "closing");
});

test("Outbox: buffers go back to the pool behind the write that used them", async () => {
  const pool = new WriterPool();
  const turn = new Turn(queueMicrotask, () => {});
  const stream = new FakeByteStream();
  const first = pool.take(0);
  pool.give(first);
  const box = new Outbox(stream, turn, pool);
  stream.onDrain = () => box.drained();
  put(box, "x");
  await turnEnd();
  assert.equal(pool.take(0), first);
  pool.give(first);
  stream.takesWrites = false;
  put(box, "y");
  await turnEnd();
  assert.notEqual(pool.take(0), first);
  stream.drain();
  assert.equal(pool.take(0), first);
});

test("Host: streams of node:net are flushed behind their callback, whatever runs microtasks within it", async () => {
  const { host } = fakeHost();
  const stream = Object.assign(new FakeByteStream(), { isNative: false });
  const box = new Outbox(
    stream,
    new TransportHost({ onFault: host.onFault }).turnOf(stream),
    host.writers,
  );
  const writer = box.writer();
  await Promise.resolve();
  await Promise.resolve();
  writer.ascii("all of it");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(text(stream.take()), "all of it");
});

test("Turn: tasks added by a task run in the next turn, and a fault stops no other", async () => {
  const order: string[] = [];
  const turn = new Turn(queueMicrotask, (error) => order.push(`fault ${error}`));
  turn.later(() => {
    order.push("a");
    turn.later(() => order.push("c"));
  });
  turn.later(() => {
    throw new Error("b");
  });
  turn.later(() => order.push("d"));
  await turnEnd();
  assert.deepEqual(order, ["a", "fault Error: b", "d", "c"]);
});

/** A peer behind RawSocket and JSON. */
class Rig implements MessageHandler {
  readonly stream = new FakeByteStream();
  readonly stats: TransportStats = newStats();
  readonly host: TransportHost;
  readonly faults: unknown[];
  readonly transport: Transport;
  readonly received: Message[] = [];
  how: ClosedHow | undefined = undefined;
  onMessage: (message: Message) => void = () => {};

  constructor(options: Parameters<typeof fakeHost>[0] = {}, maxSendBytes = 1 << 24) {
    const { host, faults } = fakeHost(options);
    this.host = host;
    this.faults = faults;
    this.transport = startRawSocket(this.stream, {
      host,
      stats: this.stats,
      options: DEFAULT_RAWSOCKET_OPTIONS,
      codec: json,
      maxSendBytes,
      outbox: new Outbox(this.stream, host.turnOf(this.stream), host.writers),
      details: { kind: "rawsocket", serializer: "json", peer: "local", isSecure: false },
      attach: () => this,
    }).transport;
  }

  receive(message: Message): void {
    this.received.push(message);
    this.onMessage(message);
  }

  fail(): void {}

  closed(how: ClosedHow): void {
    this.how = how;
  }

  /** Messages that the peer got. */
  sent(): unknown[] {
    const bytes = this.stream.take();
    const messages: unknown[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = new DataView(bytes.buffer).getUint32(at) & 0xffffff;
      messages.push(JSON.parse(text(bytes.subarray(at + 4, at + 4 + length))));
      at += 4 + length;
    }
    return messages;
  }

  arrive(...messages: unknown[]): void {
    for (const message of messages) {
      const body = ascii(JSON.stringify(message));
      const bytes = new Uint8Array(4 + body.length);
      bytes.set([0, body.length >> 16, body.length >> 8, body.length]);
      bytes.set(body, 4);
      this.stream.receive(bytes);
    }
  }
}

function event(publication: number, size: number): Message {
  return {
    type: Type.EVENT,
    subscription: 1,
    publication,
    details: EMPTY_DICT,
    payload: Payload.of(["x".repeat(size)]),
  };
}

function result(request: number, size: number, details = EMPTY_DICT): Message {
  return { type: Type.RESULT, request, details, payload: Payload.of(["x".repeat(size)]) };
}

const SLOW = { policy: "drop-events", limitBytes: 1000, hardLimitBytes: 3000 } as const;

test("Slow consumers: events beyond the limit are dropped and counted, other messages wait", async () => {
  const fates: string[] = [];
  const onSlowConsumer = (_: unknown, fate: string) => fates.push(fate);
  const rig = new Rig({ slowConsumers: SLOW, onSlowConsumer });
  rig.stream.takesWrites = false;
  for (let i = 1; i <= 20; i++) {
    if (i % 2 === 0) rig.transport.send(event(i, 200));
    else rig.transport.deliver(new Outgoing(event(i, 200)));
  }
  rig.transport.send(result(7, 100));
  await turnEnd();
  assert.equal(rig.stats.droppedEvents, 15);
  assert.deepEqual(fates, ["dropping"]);
  assert.equal(rig.how, undefined);
  rig.stream.drain();
  const sent = rig.sent() as unknown[][];
  assert.deepEqual(sent.map((message) => message[0]), [36, 36, 36, 36, 36, 50]);
  assert.equal(rig.stats.sentMessages, 6);
  // Once the peer reads, events pass again.
  rig.transport.send(event(21, 10));
  await turnEnd();
  rig.stream.drain();
  assert.equal(rig.sent().length, 1);
});

test("Slow consumers: at the hard limit the connection is cut, on a later turn", async () => {
  const rig = new Rig({ slowConsumers: SLOW });
  rig.stream.takesWrites = false;
  for (let i = 1; i <= 20; i++) rig.transport.send(result(i, 400));
  assert.equal(rig.how, undefined);
  assert.equal(rig.stream.state, "open");
  await turnEnd();
  assert.equal(rig.how, "slow");
  assert.equal(rig.stream.state, "aborted");
  assert.equal(rig.stats.closedSlowConsumers, 1);
});

test(`Slow consumers: policy "close" cuts at the limit`, async () => {
  const rig = new Rig({ slowConsumers: { ...SLOW, policy: "close" } });
  rig.stream.takesWrites = false;
  for (let i = 1; i <= 20; i++) rig.transport.send(event(i, 400));
  await turnEnd();
  assert.equal(rig.how, "slow");
  assert.equal(rig.stats.droppedEvents, 0);
});

test("Slow consumers: a message larger than the limits passes when nothing waits", async () => {
  const rig = new Rig({ slowConsumers: SLOW });
  rig.stream.takesWrites = false;
  rig.transport.send(result(1, 10_000));
  await turnEnd();
  rig.stream.drain();
  assert.equal(rig.sent().length, 1);
  assert.equal(rig.how, undefined);
});

test("Oversized: an EVENT is dropped and counted", async () => {
  const rig = new Rig({}, 512);
  rig.transport.send(event(1, 600));
  rig.transport.deliver(new Outgoing(event(2, 600)));
  rig.transport.send(event(3, 10));
  await turnEnd();
  assert.equal(rig.sent().length, 1);
  assert.equal(rig.stats.oversizedMessages, 2);
});

test("Oversized: RESULT, ERROR and YIELD become ERROR payload_size_exceeded", async () => {
  const rig = new Rig({}, 512);
  const payload = Payload.of(["x".repeat(600)]);
  rig.transport.send(result(5, 600));
  rig.transport.send({
    type: Type.ERROR,
    requestType: Type.CALL,
    request: 6,
    details: EMPTY_DICT,
    error: "com.myapp.error",
    payload,
  });
  rig.transport.send({ type: Type.YIELD, request: 7, options: EMPTY_DICT, payload });
  await turnEnd();
  const sent = rig.sent() as unknown[][];
  assert.deepEqual(sent.map((message) => message.slice(0, 5)), [
    [8, 48, 5, {}, uris.PAYLOAD_SIZE_EXCEEDED],
    [8, 48, 6, {}, uris.PAYLOAD_SIZE_EXCEEDED],
    [8, 68, 7, {}, uris.PAYLOAD_SIZE_EXCEEDED],
  ]);
});

test("Oversized: behind a progressive RESULT that did not fit, no further answer is sent", async () => {
  const rig = new Rig({}, 512);
  const progress = { "progress": true };
  rig.transport.send(result(5, 10, progress));
  rig.transport.send(result(5, 600, progress));
  rig.transport.send(result(5, 10, progress));
  rig.transport.send(result(5, 600, progress));
  rig.transport.send(result(5, 10));
  // The next call may have the same id in another session.
  rig.transport.send(result(5, 11));
  await turnEnd();
  const sent = rig.sent() as unknown[][];
  assert.deepEqual(sent.map((message) => message[0]), [50, 8, 50]);
});

test("Oversized: an INVOCATION is answered as if by the callee, on a later turn", async () => {
  const rig = new Rig({}, 512);
  rig.transport.send({
    type: Type.INVOCATION,
    request: 9,
    registration: 1,
    details: EMPTY_DICT,
    payload: Payload.of(["x".repeat(600)]),
  });
  assert.equal(rig.received.length, 0);
  await turnEnd();
  const [message] = rig.received;
  assert.equal(message?.type === Type.ERROR && message.requestType, Type.INVOCATION);
  assert.equal(message?.type === Type.ERROR && message.request, 9);
  assert.equal(message?.type === Type.ERROR && message.error, uris.PAYLOAD_SIZE_EXCEEDED);
  assert.equal(rig.sent().length, 0);
});

test("Oversized: a client's CALL is answered, its PUBLISH only when acknowledged", async () => {
  const rig = new Rig({}, 512);
  const payload = Payload.of(["x".repeat(600)]);
  rig.transport.send({
    type: Type.CALL,
    request: 1,
    options: EMPTY_DICT,
    procedure: "a.b",
    payload,
  });
  rig.transport.send({
    type: Type.PUBLISH,
    request: 2,
    options: EMPTY_DICT,
    topic: "a.b",
    payload,
  });
  rig.transport.send({
    type: Type.PUBLISH,
    request: 3,
    options: { "acknowledge": true },
    topic: "a.b",
    payload,
  });
  await turnEnd();
  assert.deepEqual(
    rig.received.map((message) =>
      message.type === Type.ERROR && [message.requestType, message.request]
    ),
    [[Type.CALL, 1], [Type.PUBLISH, 3]],
  );
});

test("Oversized: without its WELCOME a session cannot go on, and the peer is told why", async () => {
  const rig = new Rig({}, 512);
  rig.transport.send({ type: Type.WELCOME, session: 1, details: { "x": "y".repeat(600) } });
  await turnEnd();
  assert.match(
    text(rig.stream.take()),
    /\[3,\{"message":"[^"]+"\},"wamp\.error\.payload_size_exceeded"\]/,
  );
  assert.equal(rig.stream.state, "closing");
});

test("Unencodable: values that no codec can write become an ERROR, and nothing half stays in the outbox", async () => {
  const rig = new Rig();
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const payload = Payload.of([cyclic]);
  rig.transport.send(result(1, 10));
  rig.transport.send({ type: Type.RESULT, request: 2, details: EMPTY_DICT, payload });
  rig.transport.deliver(
    new Outgoing({ type: Type.RESULT, request: 3, details: EMPTY_DICT, payload }),
  );
  rig.transport.send(result(4, 10));
  await turnEnd();
  const sent = rig.sent() as unknown[][];
  assert.deepEqual(
    sent.map((message) => [message[0], message[0] === 8 ? message[4] : message[1]]),
    [
      [50, 1],
      [8, uris.INVALID_ARGUMENT],
      [8, uris.INVALID_ARGUMENT],
      [50, 4],
    ],
  );
  assert.equal(rig.faults.length, 2);
});

test("Faults: an exception of the handler goes to onFault and ends the connection", async () => {
  const rig = new Rig();
  rig.onMessage = () => {
    throw new Error("bug");
  };
  rig.arrive([48, 1, {}, "a.b"], [48, 2, {}, "a.b"]);
  assert.equal(rig.faults.length, 1);
  assert.equal(rig.received.length, 1);
  await turnEnd();
  assert.equal(rig.stream.state, "closing");
  rig.stream.closed("clean");
  assert.equal(rig.how, "clean");
});

test("Poison: a payload that was not kept throws later, one that was kept does not", () => {
  const rig = new Rig();
  let kept: Payload | undefined;
  let lost: Payload | undefined;
  rig.onMessage = (message) => {
    if (message.type !== Type.CALL) return;
    lost = message.payload;
    kept = message.payload.keep();
  };
  rig.arrive([48, 1, {}, "a.b", ["hello"]]);
  assert.deepEqual(kept?.decode().args, ["hello"]);
  assert.throws(() => lost?.decode(), /after its message was received/);
});

test("Fan-out: one EVENT is encoded once for all peers of a kind", async () => {
  const { host } = fakeHost();
  const rigs = [1, 2, 3].map(() => {
    const stream = new FakeByteStream();
    const { transport } = startRawSocket(stream, {
      host,
      stats: newStats(),
      options: DEFAULT_RAWSOCKET_OPTIONS,
      codec: msgpack,
      maxSendBytes: 1 << 24,
      outbox: new Outbox(stream, host.turnOf(stream), host.writers),
      details: { kind: "rawsocket", serializer: "msgpack", peer: "local", isSecure: false },
      attach: () => ({ receive: () => {}, fail: () => {}, closed: () => {} }),
    });
    return { stream, transport };
  });
  const outgoing = new Outgoing(event(1, 100));
  let frames = 0;
  const framed = outgoing.framed.bind(outgoing);
  const seen = new Set<Uint8Array>();
  outgoing.framed = (framing) => {
    frames++;
    const frame = framed(framing);
    seen.add(frame);
    return frame;
  };
  for (const { transport } of rigs) transport.deliver(outgoing);
  await turnEnd();
  assert.equal(frames, 3);
  assert.equal(seen.size, 1);
  const [first, ...rest] = rigs.map(({ stream }) => stream.take());
  for (const other of rest) assert.deepEqual(other, first);
});

test("Outbox: large messages leave in several writes, in order, and the end comes behind the last", async () => {
  const stream = new FakeByteStream();
  stream.takesWrites = false;
  const box = outbox(stream);
  stream.onDrain = () => box.drained();
  const messages = ["a", "b", "c", "d", "e"].map((letter) => letter.repeat(200_000));
  for (const message of messages) put(box, message);
  box.share(ascii("shared"));
  box.end();
  assert.equal(box.waiting, 1_000_006);
  await turnEnd();
  assert.equal(stream.writes, 1);
  assert.equal(box.waiting, 1_000_006);
  for (let drains = 0; drains < 3; drains++) {
    assert.equal(stream.state, drains < 2 ? "open" : "closing");
    stream.drain();
  }
  assert.equal(text(stream.take()), `${messages.join("")}shared`);
});

test("WriterPool: a large frame that was shared is not kept", () => {
  const pool = new WriterPool();
  const small = new Uint8Array(100);
  const large = new Uint8Array(1_000_000);
  assert.equal(pool.run(small), pool.run(small));
  assert.notEqual(pool.run(large), pool.run(large));
  assert.equal(pool.run(large).bytes(), large);
});

test("Outbox: peers that share frames in any order get what a copy each would have given them", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new FakeRandom(seed);
    const pool = new WriterPool();
    const turn = new Turn(queueMicrotask, (error) => {
      throw error;
    });
    const peers = Array.from({ length: 8 }, () => {
      const stream = new FakeByteStream();
      stream.takesWrites = random.oneIn(2);
      const box = new Outbox(stream, turn, pool);
      stream.onDrain = () => box.drained();
      return { stream, box, expected: "" };
    });
    for (let step = 0; step < 300; step++) {
      if (random.oneIn(8)) {
        await turnEnd();
        for (const { box, stream } of peers) if (box.waiting > 0 && random.oneIn(2)) stream.drain();
      } else if (random.oneIn(4)) {
        const peer = random.pick(peers);
        put(peer.box, `own ${step} `);
        peer.expected += `own ${step} `;
      } else {
        const frame = ascii(`shared ${step} `.repeat(random.oneIn(50) ? 4000 : 1));
        for (const peer of peers) {
          if (random.oneIn(5)) continue;
          peer.box.share(frame);
          peer.expected += text(frame);
        }
      }
    }
    await turnEnd();
    for (const { box, stream, expected } of peers) {
      while (box.waiting > 0) stream.drain();
      assert.equal(text(stream.take()), expected, `seed ${seed}`);
    }
  }
});
