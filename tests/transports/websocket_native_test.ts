/** The runtime's own WebSocket client, written by others, against our server: WAMP and the testee. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ByteStream } from "../../transports/byte_stream.ts";
import { newStats, TransportHost } from "../../transports/host.ts";
import { listen } from "../../transports/listen.ts";
import { serveTestee } from "../../transports/testee.ts";
import { parseUpgrade } from "../../transports/websocket_handshake.ts";
import {
  DEFAULT_DEFLATE_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
  type WebSocketOptions,
} from "../../transports/websocket_options.ts";
import { startEchoRouter } from "../kit/echo_router.ts";

function open(socket: WebSocket): Promise<void> {
  socket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("not opened"));
  });
}

function next(socket: WebSocket): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve(data);
    socket.onclose = ({ code }) => reject(new Error(`closed ${code}`));
  });
}

function closed(socket: WebSocket): Promise<{ code: number; reason: string; wasClean: boolean }> {
  return new Promise((resolve) => {
    socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean });
  });
}

async function withTestee(
  options: Partial<WebSocketOptions>,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const streams = new Set<ByteStream>();
  const host = new TransportHost({
    onFault: (error) => {
      throw error;
    },
    poisons: true,
  });
  const listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, (stream) => {
    streams.add(stream);
    stream.onData = (first) => {
      const parsed = parseUpgrade(first, first.length);
      if (parsed.kind !== "upgrade") return stream.abort();
      serveTestee(stream, { ...parsed, first }, {
        host,
        stats: newStats(),
        options: { ...DEFAULT_WEBSOCKET_OPTIONS, ...options },
      });
    };
  });
  if ("path" in listener.address) throw new Error();
  try {
    await run(`ws://127.0.0.1:${listener.address.port}/`);
  } finally {
    for (const stream of streams) stream.abort();
    await listener.close();
  }
}

for (
  const [name, options] of [
    ["plain", {}],
    ["with deflate", { deflate: DEFAULT_DEFLATE_OPTIONS }],
    ["in fragments", { autoFragmentBytes: 1000 }],
  ] as const
) {
  test(`Native client: text and binary of many sizes are echoed, ${name}`, () =>
    withTestee(options, async (url) => {
      const socket = new WebSocket(url);
      await open(socket);
      for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000]) {
        const text = "é€x🎉".repeat(size / 5).slice(0, size);
        socket.send(text);
        assert.equal(await next(socket), text);
        const bytes = Uint8Array.from({ length: size }, (_, i) => i * 31);
        socket.send(bytes);
        const answer = await next(socket);
        assert.ok(answer instanceof ArrayBuffer);
        assert.deepEqual(new Uint8Array(answer), bytes);
      }
      const ended = closed(socket);
      socket.close(3456, "done");
      // Not echoed, by default.
      assert.equal((await ended).wasClean, true);
    }));
}

test("Native client: hundreds of pipelined messages come back in order", () =>
  withTestee({}, async (url) => {
    const socket = new WebSocket(url);
    await open(socket);
    const received: unknown[] = [];
    const done = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        if (received.push(data) === 1000) resolve();
      };
    });
    const sent = Array.from({ length: 1000 }, (_, i) => `${i}:`.padEnd(i % 300, "ab"));
    for (const text of sent) socket.send(text);
    await done;
    assert.deepEqual(received, sent);
    socket.close();
    await closed(socket);
  }));

test("Native client: a message over the limit is told with 1009", () =>
  withTestee({ maxMessageBytes: 1000 }, async (url) => {
    const socket = new WebSocket(url);
    await open(socket);
    const ended = closed(socket);
    socket.send("x".repeat(200_000));
    assert.equal((await ended).code, 1009);
  }));

test("Native client: speaks WAMP in the subprotocol that it prefers", async () => {
  const router = await startEchoRouter();
  try {
    const socket = new WebSocket(`ws://${router.where}/ws`, [
      "wamp.2.unknown",
      "wamp.2.json",
      "wamp.2.cbor",
    ]);
    await open(socket);
    assert.equal(socket.protocol, "wamp.2.json");
    socket.send(`[48, 7, {}, "test.echo", ["hällo"], {"a": 1}]`);
    assert.deepEqual(JSON.parse(String(await next(socket))), [50, 7, {}, ["hällo"], { "a": 1 }]);
    const ended = closed(socket);
    const how = router.sessions[0]?.untilClosed();
    socket.send(`[48, 8, {}, "test.end"]`);
    assert.deepEqual(await ended, { code: 1000, reason: "as asked", wasClean: true });
    assert.equal(await how, "clean");
  } finally {
    await router.close();
  }
});

test("Native client: is refused without a subprotocol that we speak", async () => {
  const router = await startEchoRouter();
  try {
    await assert.rejects(open(new WebSocket(`ws://${router.where}/ws`, ["mqtt"])), /not opened/);
  } finally {
    await router.close();
  }
});
