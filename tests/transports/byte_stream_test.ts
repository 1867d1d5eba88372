import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import type { ByteStream } from "../../transports/byte_stream.ts";
import { Probe } from "../kit/probe.ts";
import { isPattern, kinds, pattern, serve, turn, withPair } from "../kit/streams.ts";

const MIB = 1024 * 1024;

/** Sends `total` bytes of the pattern in pieces of changing size. */
async function pour(probe: Probe, total: number): Promise<void> {
  for (let sent = 0, size = 1; sent < total; size = (size * 7) % 300_007 + 1) {
    const length = Math.min(size, total - sent);
    await probe.send(pattern(length, sent));
    sent += length;
  }
}

/** Checks the pattern as it comes, without keeping it. */
function expectPattern(probe: Probe): void {
  let at = 0;
  probe.onChunk = (bytes) => {
    assert.ok(isPattern(bytes, at), `wrong bytes behind ${at}`);
    at += bytes.length;
  };
}

for (const kind of kinds) {
  test(`ByteStream ${kind.name}: what is written comes out, in order, both ways`, async () => {
    await withPair(kind, async (server, client) => {
      await client.sendText("one");
      await client.sendText(" two");
      await server.received(7);
      await server.sendText("three");
      await client.received(5);
      assert.equal(server.text, "one two");
      assert.equal(client.text, "three");
    });
  });

  test(`ByteStream ${kind.name}: addresses name both ends`, async () => {
    await withPair(kind, (server, client) => {
      if (kind.transport === "unix") {
        assert.ok("path" in server.stream.local && server.stream.local.path.endsWith("/socket"));
        assert.deepEqual(client.stream.remote, server.stream.local);
        assert.deepEqual(server.stream.remote, { path: "" });
      } else {
        assert.deepEqual(server.stream.remote, client.stream.local);
        assert.deepEqual(server.stream.local, client.stream.remote);
      }
      return Promise.resolve();
    });
  });

  test(`ByteStream ${kind.name}: 24 MiB cross in both directions at once`, async () => {
    await withPair(kind, async (server, client) => {
      const total = 24 * MIB;
      expectPattern(server);
      expectPattern(client);
      await Promise.all([
        pour(server, total),
        pour(client, total),
        server.received(total),
        client.received(total),
      ]);
      assert.equal(server.receivedBytes, total);
      assert.equal(client.receivedBytes, total);
    });
  });

  test(`ByteStream ${kind.name}: nothing comes while paused, all of it later, and the writer is held back`, async () => {
    await withPair(kind, async (server, client) => {
      const total = 24 * MIB;
      const check = { isPaused: false };
      expectPattern(server);
      const { onChunk } = server;
      server.onChunk = (bytes) => {
        assert.equal(check.isPaused, false, "data while paused");
        onChunk(bytes);
        server.stream.pause();
        check.isPaused = true;
        setImmediate(() => {
          check.isPaused = false;
          server.stream.resume();
        });
      };
      await Promise.all([pour(client, total), server.received(total)]);
      assert.equal(server.receivedBytes, total);
      assert.ok(client.count("drain") > 0, "back-pressure never showed");
    });
  });

  test(`ByteStream ${kind.name}: a paused reader stops the writer`, async () => {
    await withPair(kind, async (server, client) => {
      server.stream.pause();
      let sent = 0;
      let isBlocked = false;
      while (!isBlocked) {
        const drained = client.send(pattern(MIB, sent)).then(() => true);
        sent += MIB;
        isBlocked = !await Promise.race([
          drained,
          new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
        ]);
        assert.ok(sent < 64 * MIB, "64 MiB went nowhere");
      }
      expectPattern(server);
      server.stream.resume();
      await server.received(sent);
      assert.equal(server.receivedBytes, sent);
    });
  });

  test(`ByteStream ${kind.name}: pausing and resuming in quick succession loses nothing`, async () => {
    await withPair(kind, async (server, client) => {
      expectPattern(server);
      const { onChunk } = server;
      server.onChunk = (bytes) => {
        onChunk(bytes);
        server.stream.pause();
        server.stream.resume();
        server.stream.pause();
        queueMicrotask(() => {
          server.stream.resume();
          server.stream.pause();
          server.stream.resume();
        });
      };
      await Promise.all([pour(client, 2 * MIB), server.received(2 * MIB)]);
    });
  });

  test(`ByteStream ${kind.name}: small and large pieces in turn arrive whole`, async () => {
    await withPair(kind, async (server, client) => {
      expectPattern(server);
      let sent = 0;
      for (
        const size of [1, 511, 512, 513, 4096, 1, 1, 1, 1, 1, 4097, 65_536, 300_000, 2, 3, 700]
      ) {
        await client.send(pattern(size, sent));
        sent += size;
        await server.received(sent);
      }
      assert.equal(server.receivedBytes, sent);
    });
  });

  test(`ByteStream ${kind.name}: an echo with one message in flight`, async () => {
    await withPair(kind, async (server, client) => {
      server.onChunk = (bytes) => void server.send(bytes.slice());
      for (let i = 1; i <= 200; i++) {
        await client.send(pattern(100));
        await client.received(i * 100);
      }
      assert.deepEqual(client.bytes.subarray(19_900), pattern(100));
    });
  });

  test(`ByteStream ${kind.name}: close() lets go first what was written, then both ends close clean`, async () => {
    await withPair(kind, async (server, client) => {
      expectPattern(server);
      const bytes = pattern(8 * MIB);
      client.stream.write(bytes);
      client.stream.close();
      await server.until(() => server.count("end") === 1);
      assert.equal(server.receivedBytes, 8 * MIB);
      server.stream.close();
      assert.equal(await server.closed, "clean");
      assert.equal(await client.closed, "clean");
      assert.equal(client.count("drain"), 0);
    });
  });

  test(`ByteStream ${kind.name}: close() right after an answer does not lose it, though bytes of the peer are unread`, async () => {
    await withPair(kind, async (server, client) => {
      server.onChunk = () => {
        server.stream.write(new TextEncoder().encode("enough"));
        server.stream.close();
      };
      await client.send(pattern(MIB));
      await client.until(() => client.count("end") === 1);
      assert.equal(client.text, "enough");
      client.stream.close();
      assert.equal(await client.closed, "clean");
      assert.equal(await server.closed, "clean");
    });
  });

  test(`ByteStream ${kind.name}: nothing is heard after close() but onClose`, async () => {
    await withPair(kind, async (server, client) => {
      client.stream.close();
      await server.until(() => server.count("end") === 1);
      await server.send(pattern(100_000));
      server.stream.close();
      assert.equal(await client.closed, "clean");
      assert.deepEqual(client.events, ["close:clean"]);
    });
  });

  test(`ByteStream ${kind.name}: a write after close is ignored`, async () => {
    await withPair(kind, async (server, client) => {
      client.stream.close();
      assert.equal(client.stream.write(pattern(10)), true);
      await server.until(() => server.count("end") === 1);
      server.stream.close();
      await client.closed;
      assert.equal(client.stream.write(pattern(10)), true);
      client.stream.close();
      client.stream.abort();
      client.stream.pause();
      client.stream.resume();
      await turn();
      assert.equal(server.receivedBytes, 0);
      assert.equal(client.events.length, 1);
    });
  });

  test(`ByteStream ${kind.name}: abort() closes both ends at once, with onClose not inside the call`, async () => {
    await withPair(kind, async (server, client) => {
      server.stream.abort();
      assert.equal(server.isClosed, false);
      assert.equal(await server.closed, "reset");
      // A runtime that cannot send RST ends the stream instead.
      await client.until(() => client.isClosed || client.count("end") === 1);
    });
  });

  test(`ByteStream ${kind.name}: abort() in the middle of a write, from every callback, closes once`, async () => {
    for (const place of ["write", "data", "drain", "end"] as const) {
      await withPair(kind, async (server, client) => {
        if (place === "write") {
          client.stream.write(pattern(16 * MIB));
          client.stream.abort();
        } else if (place === "data") {
          client.onChunk = () => client.stream.abort();
          await server.sendText("go");
        } else if (place === "drain") {
          server.stream.onDrain = () => server.stream.abort();
          const bytes = pattern(16 * MIB);
          if (server.stream.write(bytes)) server.stream.abort();
        } else {
          server.stream.onEnd = () => server.stream.abort();
          client.stream.close();
        }
        const [probe] = await Promise.race([
          server.closed.then(() => [server, client]),
          client.closed.then(() => [client, server]),
        ]);
        await turn();
        assert.ok(probe?.isClosed);
      });
    }
  });

  test(`ByteStream ${kind.name}: 500 connections echo at the same time`, async () => {
    const streams = new Set<ByteStream>();
    const host = await serve(kind, (stream) => {
      streams.add(stream);
      const probe = new Probe(stream);
      probe.onChunk = (bytes) => void probe.send(bytes.slice());
      probe.closed.then(() => streams.delete(stream));
    });
    const clients: Probe[] = [];
    // In batches: the queue of connections to be accepted is finite.
    for (let i = 0; i < 10; i++) {
      clients.push(...await Promise.all(Array.from({ length: 50 }, () => host.connect())));
    }
    await Promise.all(clients.map(async (client, i) => {
      for (let round = 1; round <= 5; round++) {
        await client.send(pattern(700, i));
        await client.received(round * 700);
      }
      assert.deepEqual(client.bytes.subarray(0, 700), pattern(700, i));
    }));
    assert.equal(streams.size, 500);
    for (const client of clients) client.stream.abort();
    await Promise.all(clients.map((client) => client.closed));
    for (const stream of streams) stream.abort();
    await host.close();
  });

  test(`ByteStream ${kind.name}: streams live on when their listener closes`, async () => {
    const host = await serve(kind);
    const { server, client } = await host.pair();
    await host.listener.close();
    await client.sendText("still here");
    await server.received(10);
    await assert.rejects(host.connect());
    client.stream.abort();
    server.stream.abort();
    await Promise.all([client.closed, server.closed]);
    await host.close();
  });

  // TLS has no half-open connections on every runtime.
  if (kind.transport !== "tls") {
    test(`ByteStream ${kind.name}: after the peer's end writing still works`, async () => {
      await withPair(kind, async (server, client) => {
        // Only a raw socket ends one side and listens on.
        void client;
        void server;
        const host = await serve(kind);
        const { to } = host;
        const raw = net.connect({
          ...(to.kind === "unix" ? { path: to.path } : { host: to.host, port: to.port }),
          allowHalfOpen: true,
        });
        const probe = await host.accepted();
        let heard = 0;
        raw.on("data", (bytes) => heard += bytes.length);
        raw.end("question");
        await probe.until(() => probe.count("end") === 1);
        assert.equal(probe.text, "question");
        await turn();
        assert.equal(probe.isClosed, false);
        await probe.send(pattern(5 * MIB));
        const ended = new Promise((resolve) => raw.once("end", resolve));
        probe.stream.close();
        await ended;
        assert.equal(heard, 5 * MIB);
        assert.equal(await probe.closed, "clean");
        await host.close();
      });
    });
  }

  if (kind.transport === "tcp") {
    const raw = async (port: number) => {
      const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("connect", resolve));
      return socket;
    };
    const states: Record<string, (probe: Probe, socket: net.Socket) => Promise<void>> = {
      "idle": () => Promise.resolve(),
      "paused": async (probe, socket) => {
        probe.stream.pause();
        socket.write("x");
        await turn();
      },
      "paused, then closing": async (probe, socket) => {
        probe.stream.pause();
        socket.write("x");
        await turn();
        probe.stream.close();
      },
      "writing": (probe, socket) => {
        socket.pause();
        void probe.send(pattern(16 * MIB));
        return Promise.resolve();
      },
      "writing and closing": (probe, socket) => {
        socket.pause();
        void probe.send(pattern(16 * MIB));
        probe.stream.close();
        return Promise.resolve();
      },
      "closing": async (probe) => {
        probe.stream.close();
        await turn();
      },
      "half-closed by the peer and writing": async (probe, socket) => {
        socket.pause();
        socket.end();
        await probe.until(() => probe.count("end") === 1);
        void probe.send(pattern(16 * MIB));
        await turn();
      },
    };
    for (const [state, prepare] of Object.entries(states)) {
      test(`ByteStream ${kind.name}: a reset by the peer while ${state} closes once and throws nothing`, async () => {
        const host = await serve(kind);
        assert.ok("port" in host.listener.address);
        const socket = await raw(host.listener.address.port);
        const probe = await host.accepted();
        await prepare(probe, socket);
        socket.resetAndDestroy();
        if (state.startsWith("paused")) {
          // Some runtimes see a reset only when they read or write.
          await turn();
          probe.stream.resume();
        }
        assert.equal(await probe.closed, "reset");
        await turn();
        assert.equal(probe.events.filter((one) => one.startsWith("close")).length, 1);
        await host.close();
      });
    }
  }
}

test("ByteStream: a peer that never ends its side is let go a few seconds after close()", async () => {
  await Promise.all(
    kinds.filter(({ transport }) => transport === "tcp").map(async (kind) => {
      const host = await serve(kind);
      const { address } = host.listener;
      assert.ok("port" in address);
      const socket = net.connect({ host: "127.0.0.1", port: address.port, allowHalfOpen: true });
      socket.on("error", () => {}).resume();
      const probe = await host.accepted();
      probe.stream.close();
      assert.equal(await probe.closed, "timeout");
      socket.destroy();
      await host.close();
    }),
  );
});
