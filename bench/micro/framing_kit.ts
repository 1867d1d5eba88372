/** What the benchmarks of framing_bench.ts and outbox_bench.ts share: rows, a stream that forgets, turns that end when asked. */
import process from "node:process";
import type { Address, ByteStream } from "../../transports/byte_stream.ts";
import { TransportHost } from "../../transports/host.ts";

const ROUNDS = 7;
const only = process.argv.slice(2);

/** @param messages how many one call of `run` stands for. */
export function row(name: string, messages: number, run: () => void): void {
  if (!only.every((word) => name.includes(word))) return;
  let count = 100;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let i = 0; i < count; i++) run();
    const ms = performance.now() - start;
    if (round > 0) best = Math.min(best, ms * 1e6 / count);
    count = Math.max(100, Math.min(1_000_000, Math.floor(count * 40 / Math.max(ms, 0.01))));
  }
  process.stdout.write(`${name.padEnd(58)} ${(best / messages).toFixed(1).padStart(9)} ns\n`);
}

/** Takes everything at once and forgets it. */
export class NullStream implements ByteStream {
  readonly remote: Address = { host: "127.0.0.1", port: 1 };
  readonly local: Address = { host: "127.0.0.1", port: 2 };
  readonly tls = undefined;
  readonly isNative = true;
  onData: (bytes: Uint8Array<ArrayBuffer>) => void = () => {};
  onDrain: () => void = () => {};
  onEnd: () => void = () => {};
  onClose: () => void = () => {};
  write(): boolean {
    return true;
  }
  pause(): void {}
  resume(): void {}
  close(): void {}
  abort(): void {}
}

const turns: (() => void)[] = [];
/** A host whose turns end when the benchmark says so. */
export const host = new TransportHost({
  onFault: (error) => {
    throw error;
  },
  defer: (run) => void turns.push(run),
});
export function endTurn(): void {
  for (let run = turns.pop(); run !== undefined; run = turns.pop()) run();
}
