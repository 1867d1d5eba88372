/** permessage-deflate: negotiation, windows, context takeover, bombs; against a zlib stream that lives on, as other peers have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from "node:zlib";
import { parseExtensions } from "../../transports/http_head.ts";
import { newStats } from "../../transports/host.ts";
import { serveTestee } from "../../transports/testee.ts";
import {
  acceptDeflate,
  agreedDeflate,
  type DeflateAgreement,
  Deflater,
  Inflater,
  offerDeflate,
} from "../../transports/websocket_deflate.ts";
import { parseUpgrade } from "../../transports/websocket_handshake.ts";
import {
  DEFAULT_DEFLATE_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
  type DeflateOptions,
} from "../../transports/websocket_options.ts";
import { FakeByteStream, turnEnd } from "../kit/fake_byte_stream.ts";
import {
  ascii,
  closeCodeOf,
  concat,
  fakeHost,
  frame,
  framesIn,
  text,
  upgradeText,
} from "../kit/websocket_peer.ts";

const TAIL = new Uint8Array([0, 0, 0xff, 0xff]);

function accept(offer: string, options: Partial<DeflateOptions> = {}) {
  const offers = parseExtensions(offer);
  if (offers === undefined) throw new Error("malformed");
  return acceptDeflate(offers, { ...DEFAULT_DEFLATE_OPTIONS, ...options });
}

function agree(
  answer: string,
  options: Partial<DeflateOptions> = {},
): DeflateAgreement | undefined {
  const [extension] = parseExtensions(answer) ?? [];
  if (extension === undefined) throw new Error("malformed");
  return agreedDeflate(extension, { ...DEFAULT_DEFLATE_OPTIONS, ...options });
}

/** Without what Deno's zlib cannot do, which an answer may always add. */
function header(offer: string, options: Partial<DeflateOptions> = {}): string | undefined {
  return accept(offer, options)?.header.replace("; server_no_context_takeover", "");
}

test("Deflate: offers are accepted with the parameters of the RFC", () => {
  assert.equal(header("permessage-deflate"), "permessage-deflate");
  assert.equal(header("permessage-deflate; client_max_window_bits"), "permessage-deflate");
  assert.equal(
    header("permessage-deflate; server_max_window_bits=10"),
    "permessage-deflate; server_max_window_bits=10",
  );
  assert.equal(
    header("permessage-deflate; client_max_window_bits=9"),
    "permessage-deflate; client_max_window_bits=9",
  );
  assert.equal(
    header("permessage-deflate; client_no_context_takeover"),
    "permessage-deflate; client_no_context_takeover",
  );
  assert.match(
    accept("permessage-deflate; server_no_context_takeover")?.header ?? "",
    /; server_no_context_takeover/,
  );
});

test("Deflate: malformed and unknown offers are declined, the next is tried", () => {
  for (
    const offer of [
      "x-webkit-deflate-frame",
      "permessage-deflate; unknown",
      "permessage-deflate; server_max_window_bits",
      "permessage-deflate; server_max_window_bits=7",
      "permessage-deflate; server_max_window_bits=16",
      "permessage-deflate; server_max_window_bits=010",
      "permessage-deflate; client_max_window_bits=0",
      "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    ]
  ) {
    assert.equal(accept(offer), undefined, offer);
    assert.equal(header(`${offer}, permessage-deflate`), "permessage-deflate", offer);
  }
});

test("Deflate: what the options ask of the peer is asked, or the offer declined", () => {
  assert.equal(
    header("permessage-deflate; client_max_window_bits", { requestedWindowBits: 11 }),
    "permessage-deflate; client_max_window_bits=11",
  );
  assert.equal(accept("permessage-deflate", { requestedWindowBits: 11 }), undefined);
  assert.equal(
    header("permessage-deflate", { requestsNoContextTakeover: true, windowBits: 12 }),
    "permessage-deflate; client_no_context_takeover; server_max_window_bits=12",
  );
  const { agreement } =
    accept("permessage-deflate; server_max_window_bits=10", { windowBits: 12 }) ?? {};
  assert.equal(agreement?.ownWindowBits, 10);
  assert.equal(
    accept("permessage-deflate", { hasNoContextTakeover: true })?.agreement.ownTakesOver,
    false,
  );
});

test("Deflate: a client checks the answer against its offer", () => {
  assert.match(
    offerDeflate(DEFAULT_DEFLATE_OPTIONS),
    /^permessage-deflate; client_max_window_bits/,
  );
  assert.equal(agree("permessage-deflate")?.peerWindowBits, 15);
  assert.equal(agree("permessage-deflate; server_max_window_bits=9")?.peerWindowBits, 9);
  assert.equal(agree("permessage-deflate; client_max_window_bits=9")?.ownWindowBits, 9);
  assert.equal(agree("permessage-deflate; client_max_window_bits"), undefined);
  assert.equal(agree("permessage-deflate; unknown"), undefined);
  assert.equal(agree("permessage-bzip"), undefined);
  assert.equal(agree("permessage-deflate", { requestsNoContextTakeover: true }), undefined);
  assert.equal(agree("permessage-deflate", { requestedWindowBits: 10 }), undefined);
  assert.ok(agree("permessage-deflate; server_max_window_bits=10", { requestedWindowBits: 10 }));
});

/** Messages that repeat themselves near and far. */
function messages(): Uint8Array<ArrayBuffer>[] {
  const list: Uint8Array<ArrayBuffer>[] = [new Uint8Array(0)];
  let seed = 1;
  const noise = Uint8Array.from({ length: 50_000 }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  });
  for (const size of [1, 16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 40_000]) {
    list.push(ascii("Realmway! ".repeat(1 + size / 10)).slice(0, size));
    list.push(noise.slice(0, size));
  }
  // Refers back as far as the window goes.
  list.push(noise.slice(0, 32_768), noise.slice(0, 300), ascii("x"));
  return list;
}

/** Compresses as a peer does whose zlib stream lives on. */
async function streamDeflate(list: Uint8Array[], windowBits: number): Promise<Uint8Array[]> {
  const stream = createDeflateRaw({ windowBits });
  const compressed: Uint8Array[] = [];
  let chunks: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  for (const message of list) {
    await new Promise<void>((resolve) => {
      stream.write(message, () => stream.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    });
    const all = concat(...chunks);
    chunks = [];
    // An empty message behind a flush may leave nothing: RFC 7692 7.2.3.6 then has one zero byte.
    const isTailed = all.length >= 4 && all.slice(-4).every((byte, i) => byte === TAIL[i]);
    compressed.push(isTailed ? all.slice(0, -4) : new Uint8Array([0]));
  }
  stream.close();
  return compressed;
}

async function streamInflate(list: Uint8Array[], windowBits: number): Promise<Uint8Array[]> {
  const stream = createInflateRaw({ windowBits });
  const inflated: Uint8Array[] = [];
  let chunks: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  const broken = new Promise<never>((_, reject) => stream.on("error", reject));
  for (const message of list) {
    const done = new Promise<void>((resolve) => {
      stream.write(concat(message, TAIL), () => stream.flush(() => resolve()));
    });
    await Promise.race([done, broken]);
    inflated.push(concat(...chunks));
    chunks = [];
  }
  stream.close();
  broken.catch(() => {});
  return inflated;
}

const AGREED: DeflateAgreement = {
  ownWindowBits: 15,
  ownTakesOver: true,
  peerWindowBits: 15,
  peerTakesOver: true,
  memoryLevel: 8,
};

for (const bits of [9, 10, 12, 15]) {
  test(`Deflate: messages of a stream that takes over its context are read, window ${bits}`, async () => {
    const list = messages();
    const compressed = await streamDeflate(list, bits);
    const inflater = new Inflater({ ...AGREED, peerWindowBits: bits }, 1 << 20);
    compressed.forEach((bytes, i) => {
      const padded = concat(ascii("..."), bytes, ascii("..."));
      const message = inflater.decompress(padded, 3, 3 + bytes.length);
      assert.deepEqual(message, list[i], `message ${i}`);
    });
  });
}

for (const bits of [8, 9, 11, 15]) {
  for (const ownTakesOver of [true, false]) {
    const name = ownTakesOver ? "with" : "without";
    test(`Deflate: our messages are read by a stream of window ${bits}, ${name} takeover`, async () => {
      // Where zlib cannot take over, options never agree on it.
      const agreed = accept("permessage-deflate", {
        windowBits: bits,
        hasNoContextTakeover: !ownTakesOver,
      })?.agreement;
      if (agreed === undefined) throw new Error();
      const deflater = new Deflater(agreed);
      const list = messages();
      const compressed = list.map((message) => deflater.compress(message));
      // zlib reads windows of 8 bits, but not on every runtime.
      assert.deepEqual(await streamInflate(compressed, Math.max(9, bits)), list);
    });
  }
}

test("Deflate: repeated messages shrink, more so with takeover", () => {
  const message = ascii(JSON.stringify([36, 1, 2, {}, ["temperature", "celsius", 21.5]]));
  const sizes = (takes: boolean) => {
    const deflater = new Deflater({ ...AGREED, ownTakesOver: takes });
    return [1, 2, 3].map(() => deflater.compress(message).length);
  };
  const [first = 0, second = 0] = sizes(false);
  assert.equal(first, second);
  const { agreement } = accept("permessage-deflate") ?? {};
  if (agreement?.ownTakesOver) assert.ok((sizes(true)[1] ?? 0) < first / 2);
});

test("Deflate: a message that ends in a final block is read", () => {
  const inflater = new Inflater(AGREED, 1000);
  for (let i = 0; i < 3; i++) {
    const final = concat(deflateRawSync(ascii("final block")), new Uint8Array([0]));
    assert.deepEqual(inflater.decompress(final, 0, final.length), ascii("final block"));
  }
});

test("Deflate: the empty message, garbage, and bombs", () => {
  const inflater = new Inflater(AGREED, 1000);
  assert.deepEqual(inflater.decompress(new Uint8Array([0]), 0, 1), new Uint8Array(0));
  assert.deepEqual(inflater.decompress(new Uint8Array([2, 0]), 0, 2), new Uint8Array(0));
  assert.equal(inflater.decompress(new Uint8Array([0xff, 0xff]), 0, 2), "malformed");
  const fits = deflateRawSync(new Uint8Array(1000), { finishFlush: constants.Z_SYNC_FLUSH });
  assert.deepEqual(inflater.decompress(fits, 0, fits.length - 4), new Uint8Array(1000));
  for (const size of [1001, 10_000_000]) {
    const bomb = deflateRawSync(new Uint8Array(size), { finishFlush: constants.Z_SYNC_FLUSH });
    assert.equal(inflater.decompress(bomb, 0, bomb.length - 4), "too large", `${size}`);
  }
});

async function testee(offer: string): Promise<FakeByteStream> {
  const { host } = fakeHost();
  const stream = new FakeByteStream();
  const first = ascii(upgradeText({ "Sec-WebSocket-Extensions": offer }));
  const parsed = parseUpgrade(first, first.length);
  if (parsed.kind !== "upgrade") throw new Error("no upgrade");
  serveTestee(stream, { request: parsed.request, first, end: parsed.end }, {
    host,
    stats: newStats(),
    options: {
      ...DEFAULT_WEBSOCKET_OPTIONS,
      deflate: DEFAULT_DEFLATE_OPTIONS,
      maxMessageBytes: 100_000,
    },
  });
  await turnEnd();
  const answer = text(stream.take());
  assert.match(
    answer,
    offer === "" ? /^HTTP\/1\.1 101/ : /\r\nSec-WebSocket-Extensions: permessage-deflate/,
  );
  return stream;
}

for (
  const offer of [
    "permessage-deflate",
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
  ]
) {
  test(`Rules 12, 13: compressed messages are echoed compressed, ${offer}`, async () => {
    const stream = await testee(offer);
    const list = messages();
    const isAlone = offer.includes("client_no_context");
    const bits = offer.includes("=9") ? 9 : 15;
    const compressed = isAlone
      ? list.map((message) =>
        deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
      )
      : await streamDeflate(list, bits);
    const echoed: Uint8Array[] = [];
    for (const [i, payload] of compressed.entries()) {
      if (i % 2 === 0 || payload.length < 2) stream.receive(frame({ opcode: 2, rsv: 4, payload }));
      else {
        // Only the first fragment says that the message is compressed; a ping may stand between.
        const half = payload.length >> 1;
        stream.receive(
          frame({ opcode: 2, rsv: 4, isFinal: false, payload: payload.subarray(0, half) }),
        );
        stream.receive(frame({ opcode: 9, payload: "ping" }));
        stream.receive(frame({ opcode: 0, payload: payload.subarray(half) }));
      }
      await turnEnd();
      const frames = framesIn(stream.take()).filter(({ opcode }) => opcode !== 10);
      assert.equal(frames.length, 1);
      assert.equal(frames[0]?.rsv, 4);
      echoed.push(frames[0]?.payload ?? new Uint8Array(0));
    }
    assert.deepEqual(await streamInflate(echoed, bits), list);
  });
}

test("Rules 12: uncompressed messages pass on a compressing connection", async () => {
  const stream = await testee("permessage-deflate");
  stream.receive(frame({ opcode: 1, payload: "plain" }));
  await turnEnd();
  const [one] = framesIn(stream.take());
  assert.deepEqual(await streamInflate([one?.payload ?? new Uint8Array(0)], 15), [ascii("plain")]);
});

test("Rules: RSV1 without agreement, on a continuation or a control frame, fails with 1002", async () => {
  const cases = [
    ["", frame({ opcode: 1, rsv: 4, payload: "x" })],
    ["permessage-deflate", frame({ opcode: 9, rsv: 4 })],
    ["permessage-deflate", frame({ opcode: 1, rsv: 2, payload: "x" })],
    [
      "permessage-deflate",
      concat(
        frame({ opcode: 1, isFinal: false, payload: "x" }),
        frame({ opcode: 0, rsv: 4, payload: "y" }),
      ),
    ],
  ] as const;
  for (const [offer, bytes] of cases) {
    const stream = await testee(offer);
    stream.receive(bytes);
    await turnEnd();
    assert.equal(closeCodeOf(framesIn(stream.take()).at(-1)), 1002);
  }
});

test("Rules: bombs fail with 1009, garbage and bad text with 1007", async () => {
  const squeeze = (bytes: Uint8Array) =>
    deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const cases = [
    [squeeze(new Uint8Array(10_000_000)), 1009],
    [new Uint8Array([0xff, 0xff, 0xff]), 1007],
    [squeeze(new Uint8Array([0xff, 0xfe])), 1007],
  ] as const;
  for (const [payload, code] of cases) {
    const stream = await testee("permessage-deflate");
    stream.receive(frame({ opcode: 1, rsv: 4, payload }));
    await turnEnd();
    assert.equal(closeCodeOf(framesIn(stream.take()).at(-1)), code);
  }
});
