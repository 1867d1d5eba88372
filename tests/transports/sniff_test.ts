import assert from "node:assert/strict";
import { test } from "node:test";
import { DeadlineWheel } from "../../transports/deadline.ts";
import { serveStream, type StreamRoutes } from "../../transports/sniff.ts";
import { FakeByteStream } from "../kit/fake_byte_stream.ts";
import { FakeClock } from "../kit/fake_clock.ts";

const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const bytesOf = (value: string) => new TextEncoder().encode(value);

const UPGRADE = "GET /ws?a=b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const HELLO = [0x7f, 0xf5, 0, 0];
const TIMEOUTS = { firstByteMs: 1000, headMs: 2000 };

interface Table {
  readonly stream: FakeByteStream;
  readonly clock: FakeClock;
  /** Who got the stream, with what. */
  readonly calls: string[];
}

/** A stream that is sniffed, with routes that note who was called. `/ws` is the only path of WebSocket. */
function table(speaks: readonly ("rawsocket" | "websocket" | "http")[]): Table {
  const stream = new FakeByteStream();
  const clock = new FakeClock();
  const calls: string[] = [];
  const routes: StreamRoutes = {
    timeouts: TIMEOUTS,
    wheel: new DeadlineWheel(clock, 100),
    ...(speaks.includes("rawsocket")
      ? { rawsocket: (_stream, initial) => void calls.push(`rawsocket ${initial.join(" ")}`) }
      : {}),
    ...(speaks.includes("websocket")
      ? {
        upgrade: (_stream, request, rest) => {
          if (request.path !== "/ws") return false;
          calls.push(`websocket ${request.path} "${text(rest)}"`);
          return true;
        },
      }
      : {}),
    ...(speaks.includes("http")
      ? {
        http: {
          accept: (_stream, initial) => void calls.push(`http ${text(initial)}`),
          close: () => Promise.resolve(),
        },
      }
      : {}),
  };
  serveStream(stream, routes);
  return { stream, clock, calls };
}

const ALL = ["rawsocket", "websocket", "http"] as const;

test("Sniff: 0x7F is RawSocket, however little comes at first", () => {
  const { stream, calls } = table(ALL);
  stream.receive(HELLO);
  assert.deepEqual(calls, ["rawsocket 127 245 0 0"]);
  const slow = table(ALL);
  slow.stream.receive([0x7f]);
  assert.deepEqual(slow.calls, ["rawsocket 127"]);
});

test("Sniff: an upgrade request is WebSocket, and what came behind it goes along", () => {
  const { stream, calls } = table(ALL);
  stream.receive(bytesOf(`${UPGRADE}frames`));
  assert.deepEqual(calls, [`websocket /ws "frames"`]);
});

test("Sniff: an upgrade request may be cut anywhere", () => {
  const bytes = bytesOf(`${UPGRADE}frames`);
  for (let at = 1; at < UPGRADE.length; at++) {
    const { stream, calls } = table(ALL);
    stream.receive(bytes.subarray(0, at));
    assert.deepEqual(calls, []);
    stream.receive(bytes.subarray(at));
    assert.deepEqual(calls, [`websocket /ws "frames"`]);
  }
  const { stream, calls } = table(ALL);
  stream.receiveInPieces(bytes.subarray(0, UPGRADE.length), 1);
  assert.deepEqual(calls, [`websocket /ws ""`]);
});

test("Sniff: everything else is HTTP, whole and unchanged", () => {
  for (
    const request of [
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /ws HTTP/1.1\r\n",
      "\r\nGET / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01",
      "GET / HTTP/1.1\nHost: x\n\n",
      UPGRADE.replace("/ws", "/other"),
      UPGRADE.replace("websocket", "h2c"),
      UPGRADE.replace("GET", "PUT"),
      UPGRADE.replace("HTTP/1.1", "HTTP/1.0"),
    ]
  ) {
    const { stream, calls } = table(ALL);
    stream.receive(bytesOf(request));
    assert.deepEqual(calls, [`http ${request}`]);
  }
});

test("Sniff: a request for HTTP may be cut anywhere, and comes whole", () => {
  const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  for (let size = 1; size < request.length; size++) {
    const { stream, calls } = table(ALL);
    stream.receiveInPieces(bytesOf(request), size);
    assert.equal(calls.length > 0 && calls[0], `http ${request}`);
  }
});

test("Sniff: a head that is too long for an upgrade is for HTTP", () => {
  const long = `GET / HTTP/1.1\r\nX: ${"x".repeat(9000)}`;
  const { stream, calls } = table(ALL);
  stream.receive(bytesOf(long.slice(0, 100)));
  stream.receive(bytesOf(long.slice(100)));
  assert.deepEqual(calls, [`http ${long}`]);
  const at = table(ALL);
  at.stream.receive(bytesOf(long));
  assert.deepEqual(at.calls, [`http ${long}`]);
});

test("Sniff: a malformed upgrade is answered, and reaches nobody", () => {
  const { stream, calls } = table(ALL);
  stream.receive(bytesOf(UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")));
  assert.deepEqual(calls, []);
  assert.match(text(stream.take()), /^HTTP\/1\.1 400 /);
  assert.equal(stream.state, "closing");
});

test("Sniff: without WebSocket an upgrade request is for HTTP", () => {
  const { stream, calls } = table(["rawsocket", "http"]);
  stream.receive(bytesOf(UPGRADE.slice(0, 10)));
  assert.deepEqual(calls, [`http ${UPGRADE.slice(0, 10)}`]);
});

test("Sniff: without RawSocket 0x7F ends the connection", () => {
  const { stream, calls } = table(["websocket", "http"]);
  stream.receive(HELLO);
  assert.deepEqual(calls, []);
  assert.equal(stream.state, "closing");
});

test("Sniff: without HTTP a request gets 426, and an upgrade of another path 404", () => {
  const http = table(["rawsocket", "websocket"]);
  http.stream.receive(bytesOf("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  assert.match(text(http.stream.take()), /^HTTP\/1\.1 426 [^]*\r\nUpgrade: websocket\r\n/);
  assert.equal(http.stream.state, "closing");
  const post = table(["websocket"]);
  post.stream.receive(bytesOf("POST / HTTP/1.1\r\n"));
  assert.match(text(post.stream.take()), /^HTTP\/1\.1 426 /);
  const path = table(["websocket"]);
  path.stream.receive(bytesOf(UPGRADE.replace("/ws", "/other")));
  assert.match(text(path.stream.take()), /^HTTP\/1\.1 404 /);
  assert.equal(path.stream.state, "closing");
});

test("Sniff: with RawSocket alone anything else ends the connection without a word", () => {
  for (const bytes of [bytesOf(UPGRADE), bytesOf("POST / HTTP/1.1\r\n\r\n"), Uint8Array.of(0)]) {
    const { stream, calls } = table(["rawsocket"]);
    stream.receive(bytes);
    assert.deepEqual(calls, []);
    assert.equal(stream.take().length, 0);
    assert.equal(stream.state, "closing");
  }
});

test("Sniff: a connection without a byte is closed in time", () => {
  const { stream, clock } = table(ALL);
  clock.advance(TIMEOUTS.firstByteMs);
  assert.equal(stream.state, "open");
  clock.advance(300);
  assert.equal(stream.state, "closing");
  assert.equal(stream.take().length, 0);
});

test("Sniff: an upgrade request with too long a head gets 431, however it comes", () => {
  const long = UPGRADE.replace("\r\n\r\n", `\r\nCookie: ${"x".repeat(9000)}\r\n\r\n`);
  for (const pieces of [[long], [long.slice(0, 100), long.slice(100)]]) {
    const { stream, calls } = table(ALL);
    for (const piece of pieces) stream.receive(bytesOf(piece));
    assert.match(text(stream.take()), /^HTTP\/1\.1 431 /);
    assert.deepEqual(calls, []);
  }
  // The body of a request is no head.
  const post = `POST / HTTP/1.1\r\nHost: x\r\n\r\n\nUpgrade: websocket${"x".repeat(9000)}`;
  const other = table(ALL);
  other.stream.receive(bytesOf(post));
  assert.equal(other.calls.length, 1);
});

test("Sniff: a head that takes too long gets 408", () => {
  const { stream, clock } = table(ALL);
  clock.advance(900);
  stream.receive(bytesOf("GET /ws"));
  clock.advance(1900);
  stream.receive(bytesOf(" HTTP"));
  assert.equal(stream.state, "open");
  clock.advance(400);
  assert.match(text(stream.take()), /^HTTP\/1\.1 408 /);
  assert.equal(stream.state, "closing");
});

test("Sniff: nothing is timed once the stream is handed over", () => {
  for (const request of [bytesOf(UPGRADE), Uint8Array.from(HELLO), bytesOf("PUT / HTTP")]) {
    const { stream, clock } = table(ALL);
    stream.receive(request);
    clock.advance(60_000);
    assert.equal(stream.state, "open");
    assert.equal(clock.pendingCount, 0);
  }
});

test("Sniff: a peer that ends or goes away before it has said what it speaks is let go", () => {
  const ended = table(ALL);
  ended.stream.receive(bytesOf("GET /w"));
  ended.stream.end();
  assert.equal(ended.stream.state, "closing");
  const gone = table(ALL);
  gone.stream.receive(bytesOf("GET /w"));
  gone.stream.closed("reset");
  for (const { clock, calls } of [ended, gone]) {
    clock.advance(60_000);
    assert.equal(clock.pendingCount, 0);
    assert.deepEqual(calls, []);
  }
});

test("Sniff: heads of several connections do not mix, though their buffers are reused", () => {
  for (let round = 0; round < 3; round++) {
    const tables = Array.from({ length: 100 }, () => table(ALL));
    const requests = tables.map((_, i) => `GET /${i} HTTP/1.1\r\nHost: x${round}\r\n\r\n`);
    for (const [i, { stream }] of tables.entries()) {
      stream.receive(bytesOf(requests[i]?.slice(0, 5 + i % 7) ?? ""));
    }
    for (const [i, { stream }] of tables.entries()) {
      stream.receive(bytesOf(requests[i]?.slice(5 + i % 7) ?? ""));
    }
    assert.deepEqual(
      tables.map(({ calls }) => calls[0]),
      requests.map((one) => `http ${one}`),
    );
  }
});
