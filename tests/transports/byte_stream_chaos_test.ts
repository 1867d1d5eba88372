import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { Probe } from "../kit/probe.ts";
import { isPattern, kinds, pattern, serve, turn } from "../kit/streams.ts";

const PROGRAMS = 60;

function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** Sends, pauses, resumes, closes and aborts at random; always ends with its stream closed. */
async function misbehave(probe: Probe, random: (below: number) => number): Promise<void> {
  let received = 0;
  let sent = 0;
  let isSending = false;
  probe.onChunk = (bytes) => {
    assert.ok(isPattern(bytes, received), `wrong bytes behind ${received}`);
    received += bytes.length;
    if (random(20) === 0) probe.stream.pause();
    if (random(60) === 0) probe.stream.abort();
  };
  const steps = 5 + random(40);
  for (let step = 0; step < steps && !probe.isClosed; step++) {
    const action = random(12);
    if (action < 6 && !isSending) {
      const length = 1 + random(random(3) === 0 ? 400_000 : 2000);
      isSending = true;
      probe.send(pattern(length, sent)).then(() => isSending = false);
      sent += length;
    } else if (action === 6) {
      probe.stream.pause();
    } else if (action < 9) {
      probe.stream.resume();
    } else if (action === 9 && random(4) === 0) {
      probe.stream.close();
    } else if (action === 10 && random(8) === 0) {
      probe.stream.abort();
    } else {
      await turn();
    }
  }
  probe.stream.resume();
  if (random(2) === 0) probe.stream.abort();
  else probe.stream.close();
  await probe.closed;
}

for (const kind of kinds) {
  test(`ByteStream ${kind.name}: whatever both ends do, bytes are right, each closes once, and nothing is thrown`, async () => {
    const faults: unknown[] = [];
    const onFault = (error: unknown) => void faults.push(error);
    process.on("uncaughtException", onFault);
    process.on("unhandledRejection", onFault);
    const host = await serve(kind);
    for (let seed = 1; seed <= PROGRAMS; seed += 6) {
      await Promise.all(Array.from({ length: 6 }, async (_, i) => {
        const random = randomOf(seed + i);
        const { server, client } = await host.pair();
        await Promise.all([misbehave(server, random), misbehave(client, random)]);
        await turn();
        for (const probe of [server, client]) {
          const closes = probe.events.filter((event) => event.startsWith("close"));
          assert.equal(closes.length, 1, `seed ${seed + i}`);
          assert.equal(probe.events.at(-1), closes[0], `seed ${seed + i}`);
        }
      }));
    }
    await host.close();
    process.off("uncaughtException", onFault);
    process.off("unhandledRejection", onFault);
    assert.deepEqual(faults, []);
  });
}
