/** RFC 6455, rule by rule, on the testee: what the public compliance suite checks in its sections 1 to 7, 9 and 10. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newStats } from "../../transports/host.ts";
import { serveTestee } from "../../transports/testee.ts";
import { parseUpgrade } from "../../transports/websocket_handshake.ts";
import { DEFAULT_WEBSOCKET_OPTIONS } from "../../transports/websocket_options.ts";
import type { WebSocketOptions } from "../../transports/websocket_options.ts";
import { FakeByteStream, turnEnd } from "../kit/fake_byte_stream.ts";
import type { FakeClock } from "../kit/fake_clock.ts";
import {
  ascii,
  closeCodeOf,
  closeFrame,
  concat,
  fakeHost,
  frame,
  framesIn,
  text,
  upgradeText,
} from "../kit/websocket_peer.ts";

const [TEXT, BINARY, PING, PONG] = [1, 2, 9, 10] as const;

interface Testee {
  readonly stream: FakeByteStream;
  readonly clock: FakeClock;
  readonly faults: unknown[];
}

async function testee(options: Partial<WebSocketOptions> = {}): Promise<Testee> {
  const { host, clock, faults } = fakeHost();
  const stream = new FakeByteStream();
  const first = ascii(upgradeText());
  const parsed = parseUpgrade(first, first.length);
  assert.equal(parsed.kind, "upgrade");
  if (parsed.kind !== "upgrade") throw new Error();
  serveTestee(stream, { request: parsed.request, first, end: parsed.end }, {
    host,
    stats: newStats(),
    options: { ...DEFAULT_WEBSOCKET_OPTIONS, ...options },
  });
  await turnEnd();
  assert.match(text(stream.take()), /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  return { stream, clock, faults };
}

/** What comes back for `bytes`, sent whole, in odd pieces and byte by byte: always the same. */
async function answers(
  bytes: Uint8Array,
  options: Partial<WebSocketOptions> = {},
): Promise<{ opcode: number; payload: Uint8Array }[]> {
  let expected: unknown;
  let result: { opcode: number; payload: Uint8Array }[] = [];
  const sizes = bytes.length < 3000 ? [bytes.length, 7, 1] : [bytes.length, 1009];
  for (const size of sizes) {
    const { stream, faults } = await testee(options);
    stream.receiveInPieces(bytes, Math.max(1, size));
    await turnEnd();
    assert.deepEqual(faults, []);
    const frames = framesIn(stream.take());
    result = frames.map(({ opcode, payload }) => ({ opcode, payload }));
    const state = { result, state: stream.state };
    expected ??= state;
    assert.deepEqual(state, expected, `in pieces of ${size}`);
  }
  return result;
}

/** The close code that `bytes` lead to, and what was echoed before. */
async function closesWith(
  bytes: Uint8Array,
  options: Partial<WebSocketOptions> = {},
): Promise<{ code: number; echoed: string[] }> {
  const frames = await answers(bytes, options);
  const close = frames.at(-1);
  assert.equal(close?.opcode, 8, "ends with a Close");
  return {
    code: closeCodeOf({
      opcode: 8,
      isFinal: true,
      rsv: 0,
      isMasked: false,
      payload: close?.payload ?? new Uint8Array(0),
    }),
    echoed: frames.slice(0, -1).map(({ payload }) => new TextDecoder().decode(payload)),
  };
}

// 1: messages of all sizes of length encoding.
for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536, 70001]) {
  test(`Rules 1: messages of ${size} bytes are echoed`, async () => {
    const payload = new Uint8Array(size).fill(0x2a);
    const frames = await answers(
      concat(frame({ opcode: TEXT, payload }), frame({ opcode: BINARY, payload })),
    );
    assert.deepEqual(frames, [{ opcode: TEXT, payload }, { opcode: BINARY, payload }]);
  });
}

// 2: pings and pongs.
test("Rules 2: a ping is answered with its payload", async () => {
  for (
    const payload of [
      "",
      "Hello",
      new Uint8Array([0, 255, 254, 253]),
      new Uint8Array(125).fill(254),
    ]
  ) {
    const [pong, ...rest] = await answers(frame({ opcode: PING, payload }));
    assert.equal(rest.length, 0);
    assert.equal(pong?.opcode, PONG);
    assert.deepEqual(pong?.payload, typeof payload === "string" ? ascii(payload) : payload);
  }
});
test("Rules 2.5: a ping of 126 bytes fails with 1002", async () => {
  const { code } = await closesWith(frame({ opcode: PING, payload: new Uint8Array(126) }));
  assert.equal(code, 1002);
});
test("Rules 2.7: unsolicited pongs are ignored", async () => {
  const frames = await answers(
    concat(
      frame({ opcode: PONG }),
      frame({ opcode: PONG, payload: "x" }),
      frame({ opcode: PING, payload: "y" }),
    ),
  );
  assert.deepEqual(frames, [{ opcode: PONG, payload: ascii("y") }]);
});
test("Rules 2.10: ten pings get ten pongs in order", async () => {
  const pings = Array.from({ length: 10 }, (_, i) => frame({ opcode: PING, payload: `p${i}` }));
  const frames = await answers(concat(...pings));
  assert.deepEqual(frames.map(({ payload }) => text(payload)), [
    "p0",
    "p1",
    "p2",
    "p3",
    "p4",
    "p5",
    "p6",
    "p7",
    "p8",
    "p9",
  ]);
});

// 3: reserved bits.
for (let rsv = 1; rsv < 8; rsv++) {
  test(`Rules 3: reserved bits ${rsv} fail with 1002`, async () => {
    for (const opcode of [TEXT, BINARY, PING]) {
      const { code, echoed } = await closesWith(
        concat(
          frame({ opcode: TEXT, payload: "ok" }),
          frame({ opcode, rsv, payload: "no" }),
          frame({ opcode: PING }),
        ),
      );
      assert.deepEqual({ code, echoed }, { code: 1002, echoed: ["ok"] });
    }
  });
}

// 4: reserved opcodes.
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  test(`Rules 4: opcode ${opcode} fails with 1002`, async () => {
    for (const payload of ["", "x"]) {
      const { code, echoed } = await closesWith(
        concat(
          frame({ opcode: TEXT, payload: "ok" }),
          frame({ opcode, payload }),
          frame({ opcode: PING }),
        ),
      );
      assert.deepEqual({ code, echoed }, { code: 1002, echoed: ["ok"] });
    }
  });
}

// 5: fragmentation.
test("Rules 5.1: fragmented control frames fail with 1002", async () => {
  for (const opcode of [PING, PONG, 8]) {
    const bytes = concat(
      frame({ opcode, isFinal: false, payload: "fragment1" }),
      frame({ opcode: 0, payload: "fragment2" }),
    );
    assert.equal((await closesWith(bytes)).code, 1002);
  }
});
test("Rules 5.3: a message in two fragments is echoed as one", async () => {
  const frames = await answers(
    concat(
      frame({ opcode: TEXT, isFinal: false, payload: "fragment1" }),
      frame({ opcode: 0, payload: "fragment2" }),
    ),
  );
  assert.deepEqual(frames, [{ opcode: TEXT, payload: ascii("fragment1fragment2") }]);
});
test("Rules 5.6: a ping between fragments is answered before the message", async () => {
  const frames = await answers(
    concat(
      frame({ opcode: BINARY, isFinal: false, payload: "fragment1" }),
      frame({ opcode: PING, payload: "ping" }),
      frame({ opcode: 0, isFinal: false, payload: "" }),
      frame({ opcode: PING, payload: "pong" }),
      frame({ opcode: 0, payload: "fragment2" }),
    ),
  );
  assert.deepEqual(frames, [
    { opcode: PONG, payload: ascii("ping") },
    { opcode: PONG, payload: ascii("pong") },
    { opcode: BINARY, payload: ascii("fragment1fragment2") },
  ]);
});
test("Rules 5.9: a continuation without a message fails with 1002", async () => {
  for (const isFinal of [true, false]) {
    const bytes = concat(
      frame({ opcode: 0, isFinal, payload: "non-continuation payload" }),
      frame({ opcode: TEXT, payload: "Hello, world!" }),
    );
    assert.deepEqual(await closesWith(bytes), { code: 1002, echoed: [] });
  }
});
test("Rules 5.15: a continuation behind a finished message fails with 1002", async () => {
  const bytes = concat(
    frame({ opcode: TEXT, isFinal: false, payload: "fragment1" }),
    frame({ opcode: 0, payload: "fragment2" }),
    frame({ opcode: 0, isFinal: false, payload: "fragment3" }),
    frame({ opcode: TEXT, payload: "fragment4" }),
  );
  assert.deepEqual(await closesWith(bytes), { code: 1002, echoed: ["fragment1fragment2"] });
});
test("Rules 5.18: a new message within a fragmented one fails with 1002", async () => {
  const bytes = concat(
    frame({ opcode: TEXT, isFinal: false, payload: "fragment1" }),
    frame({ opcode: TEXT, payload: "fragment2" }),
  );
  assert.deepEqual(await closesWith(bytes), { code: 1002, echoed: [] });
});
test("Rules 5.19: many fragments with pings between them", async () => {
  const parts = Array.from({ length: 5 }, (_, i) => [
    frame({ opcode: i === 0 ? TEXT : 0, isFinal: false, payload: `fragment${i}` }),
    frame({ opcode: PING, payload: `pongme ${i}` }),
  ]).flat();
  const frames = await answers(concat(...parts, frame({ opcode: 0, payload: "fragment5" })));
  assert.deepEqual(frames.map(({ opcode }) => opcode), [10, 10, 10, 10, 10, 1]);
  assert.equal(
    text(frames[5]?.payload ?? ascii("")),
    "fragment0fragment1fragment2fragment3fragment4fragment5",
  );
});

// 6: UTF-8.
const VALID = [
  "Hello-µ@ßöäüàá-UTF-8!!",
  "κόσμε",
  "\u0000",
  "\u0080",
  "\u0800",
  "\u{10000}",
  "\u007f",
  "\u07ff",
  "\uffff",
  "\u{10ffff}",
  "\ud7ff\ue000\ufffd",
  "\ufdd0\ufdef\ufffe",
  "\u{1fffe}\u{10fffe}",
];
test("Rules 6: valid text is echoed, also when fragments cut its characters", async () => {
  for (const valid of VALID) {
    const payload = new TextEncoder().encode(valid);
    assert.deepEqual(await answers(frame({ opcode: TEXT, payload })), [{ opcode: TEXT, payload }]);
    const pieces = Array.from(payload, (byte, i) =>
      frame({
        opcode: i === 0 ? TEXT : 0,
        isFinal: i === payload.length - 1,
        payload: new Uint8Array([byte]),
      }));
    assert.deepEqual(await answers(concat(...pieces)), [{ opcode: TEXT, payload }]);
  }
});
const INVALID = [
  "cebae1bdb9cf83cebcceb5eda080656469746564",
  "f8888080 80",
  "fc8480808080",
  "f7bfbfbf",
  "fbbfbfbfbf",
  "fdbfbfbfbfbf",
  "f4908080",
  "80",
  "bf",
  "808182",
  "c020 c120",
  "e020 e120 ed20",
  "f020 f720",
  "c0",
  "e080",
  "f08080",
  "df",
  "efbf",
  "f7bfbf",
  "fe",
  "ff",
  "c0af",
  "e080af",
  "f08080af",
  "c1bf",
  "e09fbf",
  "f08fbfbf",
  "c080",
  "e08080",
  "f0808080",
  "eda080",
  "edadbf",
  "edae80",
  "edbfbf",
  "eda080edb080",
  "edafbfedbfbf",
];
test("Rules 6: invalid text fails with 1007", async () => {
  for (const hex of INVALID) {
    const payload = Uint8Array.from(
      hex.replaceAll(" ", "").match(/../g) ?? [],
      (pair) => parseInt(pair, 16),
    );
    assert.deepEqual(
      await closesWith(frame({ opcode: TEXT, payload })),
      { code: 1007, echoed: [] },
      hex,
    );
    const fragments = concat(
      frame({ opcode: TEXT, isFinal: false, payload: "ok" }),
      frame({ opcode: 0, isFinal: false, payload }),
      frame({ opcode: 0, payload: "end" }),
    );
    assert.deepEqual(await closesWith(fragments), { code: 1007, echoed: [] }, hex);
  }
});
test("Rules 6.4: text fails as soon as it cannot become valid, within a frame too", async () => {
  const start = new TextEncoder().encode("κόσμε");
  const payload = concat(start, new Uint8Array([0xf4, 0x90, 0x80, 0x80]), ascii("edited"));
  const bytes = frame({ opcode: TEXT, payload });
  const { stream } = await testee();
  stream.receive(bytes.subarray(0, 6 + start.length + 1));
  await turnEnd();
  assert.equal(stream.take().length, 0);
  stream.receive(bytes.subarray(6 + start.length + 1, 6 + start.length + 2));
  await turnEnd();
  assert.equal(closeCodeOf(framesIn(stream.take())[0]), 1007);
  assert.equal(stream.state, "closing");
});
test("Rules 6: without validate_utf8 text passes as it is", async () => {
  const payload = new Uint8Array([0xff, 0xfe]);
  const frames = await answers(frame({ opcode: TEXT, payload }), { validatesUtf8: false });
  assert.deepEqual(frames, [{ opcode: TEXT, payload }]);
});

// 7: closing.
test("Rules 7.1: what follows a Close is ignored", async () => {
  const ok = frame({ opcode: TEXT, payload: "Hello World!" });
  for (const after of [closeFrame(1000), ok, frame({ opcode: PING }), frame({ opcode: 7 })]) {
    assert.deepEqual(await closesWith(concat(ok, closeFrame(1000), after)), {
      code: 1000,
      echoed: ["Hello World!"],
    });
  }
});
test("Rules 7.1.5: a Close within a fragmented message closes with 1000", async () => {
  const bytes = concat(
    frame({ opcode: TEXT, isFinal: false, payload: "fragment1" }),
    closeFrame(1000),
  );
  assert.deepEqual(await closesWith(bytes), { code: 1000, echoed: [] });
});
test("Rules 7.3: Close payloads: empty, of one byte, with code, with reason, too long", async () => {
  assert.equal((await closesWith(closeFrame())).code, 1000);
  assert.equal((await closesWith(frame({ opcode: 8, payload: "a" }))).code, 1002);
  assert.equal((await closesWith(closeFrame(1000))).code, 1000);
  assert.equal((await closesWith(closeFrame(1000, "Hello World!"))).code, 1000);
  assert.equal((await closesWith(closeFrame(1000, "*".repeat(123)))).code, 1000);
  assert.equal((await closesWith(closeFrame(1000, "*".repeat(124)))).code, 1002);
});
test("Rules 7.5: a reason that is not UTF-8 fails with 1007", async () => {
  const payload = concat(
    new Uint8Array([0x03, 0xe8]),
    new Uint8Array([0xce, 0xba, 0xed, 0xa0, 0x80]),
  );
  assert.equal((await closesWith(frame({ opcode: 8, payload }))).code, 1007);
});
test("Rules 7.7: valid close codes are answered with 1000", async () => {
  for (
    const code of [
      1000,
      1001,
      1002,
      1003,
      1007,
      1008,
      1009,
      1010,
      1011,
      1012,
      1013,
      1014,
      3000,
      3999,
      4000,
      4999,
    ]
  ) {
    assert.equal((await closesWith(closeFrame(code))).code, 1000, `${code}`);
  }
});
test("Rules 7.9: invalid close codes fail with 1002", async () => {
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]) {
    assert.equal((await closesWith(closeFrame(code))).code, 1002, `${code}`);
  }
});
test("Rules 7: echo_close_codereason answers with the peer's code and reason", async () => {
  const [close] = await answers(closeFrame(3999, "so long"), { echoesCloseCodeReason: true });
  assert.deepEqual(
    close?.payload,
    concat(new Uint8Array([3999 >> 8, 3999 & 255]), ascii("so long")),
  );
  const [empty] = await answers(closeFrame(), { echoesCloseCodeReason: true });
  assert.equal(empty?.payload.length, 0);
});

// 9, 10: limits and large messages.
test("Rules 9: large messages pass in any pieces, fragmented or not", async () => {
  const payload = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7);
  assert.deepEqual(await answers(frame({ opcode: BINARY, payload })), [{
    opcode: BINARY,
    payload,
  }]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += 40_000) {
    pieces.push(
      frame({
        opcode: at === 0 ? BINARY : 0,
        isFinal: at + 40_000 >= payload.length,
        payload: payload.subarray(at, at + 40_000),
      }),
    );
  }
  assert.deepEqual(await answers(concat(...pieces)), [{ opcode: BINARY, payload }]);
});
test("Rules 9: a message over the limit fails with 1009 at its header", async () => {
  const options = { maxMessageBytes: 1000 };
  assert.equal(
    (await answers(frame({ opcode: BINARY, payload: new Uint8Array(1000) }), options)).length,
    1,
  );
  const head = frame({ opcode: BINARY, announced: 1001 });
  assert.equal((await closesWith(head, options)).code, 1009);
  const fragments = concat(
    frame({ opcode: BINARY, isFinal: false, payload: new Uint8Array(600) }),
    frame({ opcode: 0, announced: 401 }),
  );
  assert.equal((await closesWith(fragments, options)).code, 1009);
});
test("Rules 9: a frame over max_frame_size fails with 1009", async () => {
  const { code } = await closesWith(frame({ opcode: TEXT, announced: 101 }), {
    maxFrameBytes: 100,
  });
  assert.equal(code, 1009);
});
test("Rules 9: a length of 2^53 allocates nothing and waits", async () => {
  const { stream } = await testee({ maxMessageBytes: 0 });
  stream.receive(
    frame({ opcode: BINARY, announced: Number.MAX_SAFE_INTEGER, payload: "few bytes" }),
  );
  await turnEnd();
  assert.equal(stream.state, "open");
});
test("Rules 9: lengths that are not minimal, or beyond 2^53, fail with 1002", async () => {
  assert.equal(
    (await closesWith(frame({ opcode: TEXT, payload: "x", lengthBits: 16 }))).code,
    1002,
  );
  assert.equal(
    (await closesWith(frame({ opcode: TEXT, payload: "x", lengthBits: 64 }))).code,
    1002,
  );
  const beyond = new Uint8Array([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  assert.equal((await closesWith(beyond)).code, 1002);
});
test("Rules 10: auto_fragment_size cuts what is sent", async () => {
  const { stream } = await testee({ autoFragmentBytes: 1300 });
  const payload = Uint8Array.from({ length: 65_536 }, (_, i) => 32 + i % 90);
  stream.receive(frame({ opcode: TEXT, payload }));
  await turnEnd();
  const frames = framesIn(stream.take());
  assert.equal(frames.length, Math.ceil(65_536 / 1300));
  assert.deepEqual(frames.map(({ opcode }) => opcode), [
    1,
    ...new Array(frames.length - 1).fill(0),
  ]);
  assert.deepEqual(frames.map(({ isFinal }) => isFinal), [
    ...new Array(frames.length - 1).fill(false),
    true,
  ]);
  assert.deepEqual(concat(...frames.map((one) => one.payload)), payload);
});

// Masks.
test("Rules: an unmasked client frame fails with 1002", async () => {
  assert.equal((await closesWith(frame({ opcode: TEXT, payload: "x", mask: null }))).code, 1002);
  const options = { requiresMaskedClientFrames: false };
  const both = concat(
    frame({ opcode: TEXT, payload: "x", mask: null }),
    frame({ opcode: TEXT, payload: "y" }),
  );
  assert.deepEqual((await answers(both, options)).map(({ payload }) => text(payload)), ["x", "y"]);
});
test("Rules: mask_server_frames masks, apply_mask off leaves bytes alone", async () => {
  const masked = await testee({ masksServerFrames: true });
  masked.stream.receive(frame({ opcode: TEXT, payload: "hello" }));
  await turnEnd();
  const [one] = framesIn(masked.stream.take());
  assert.equal(one?.isMasked, true);
  assert.equal(text(one?.payload ?? ascii("")), "hello");
  const bare = await testee({ appliesMask: false, masksServerFrames: true });
  bare.stream.receive(frame({ opcode: TEXT, payload: "hello", mask: [0, 0, 0, 0] }));
  await turnEnd();
  const [other] = framesIn(bare.stream.take());
  assert.equal(text(other?.payload ?? ascii("")), "hello");
});

// Failing, dropping, time-outs.
test("Rules: fail_by_drop drops without a Close", async () => {
  const { stream } = await testee({ failsByDrop: true });
  stream.receive(frame({ opcode: 7 }));
  await turnEnd();
  assert.equal(stream.take().length, 0);
  assert.equal(stream.state, "aborted");
});
test("Rules: a peer that takes nothing after our Close is dropped after the time-out", async () => {
  const { stream, clock } = await testee({ closeHandshakeTimeoutMs: 1000 });
  stream.takesWrites = false;
  stream.receive(closeFrame(1000));
  await turnEnd();
  clock.advance(900);
  assert.notEqual(stream.state, "aborted");
  clock.advance(400);
  assert.equal(stream.state, "aborted");
});
test("Rules: auto ping drops a silent peer, a pong or traffic keeps it", async () => {
  const options = { autoPingIntervalMs: 10_000, autoPingTimeoutMs: 5000, autoPingBytes: 20 };
  const { stream, clock } = await testee(options);
  clock.advance(10_300);
  await turnEnd();
  const [ping] = framesIn(stream.take());
  assert.equal(ping?.opcode, PING);
  assert.equal(ping?.payload.length, 20);
  stream.receive(frame({ opcode: PONG, payload: ping?.payload ?? "" }));
  clock.advance(10_300);
  await turnEnd();
  assert.equal(framesIn(stream.take())[0]?.opcode, PING);
  stream.receive(frame({ opcode: TEXT, payload: "alive" }));
  clock.advance(6000);
  assert.equal(stream.state, "open");
  clock.advance(4500);
  stream.receive(frame({ opcode: PONG, payload: "wrong" }));
  clock.advance(5300);
  assert.equal(stream.state, "aborted");
});
test("Rules: without restart on traffic only the right pong counts", async () => {
  const options = {
    autoPingIntervalMs: 10_000,
    autoPingTimeoutMs: 5000,
    autoPingRestartsOnAnyTraffic: false,
  };
  const { stream, clock } = await testee(options);
  clock.advance(10_300);
  stream.receive(frame({ opcode: TEXT, payload: "alive" }));
  clock.advance(5300);
  assert.equal(stream.state, "aborted");
});
