/**
 * What every JavaScript client does under measurement: calls with 64 in flight, and events that it receives. Prints one line of JSON with
 * the CPU time that this process took for each, in microseconds. Run by `main.ts`.
 */
import process from "node:process";

/** A client library, as far as this needs it. */
export interface Client {
  call(procedure: string, argument: unknown): Promise<unknown>;
  subscribe(topic: string, handler: () => void): Promise<unknown>;
}

const IN_FLIGHT = 64;
/** Events for each call of the procedure that publishes them. */
export const BURST = 500;
export const TEXT = "x".repeat(100);

interface Measured {
  readonly count: number;
  readonly cpuMicros: number;
  readonly wallMillis: number;
}

export async function measure(client: Client, seconds: number): Promise<void> {
  await calls(client, seconds / 3);
  const called = await calls(client, seconds);
  let received = 0;
  let notify = () => {};
  await client.subscribe("com.bench.topic", () => {
    if (++received % BURST === 0) notify();
  });
  const burst = async () => {
    const whole = new Promise<void>((resolve) => notify = resolve);
    await client.call("com.bench.burst", BURST);
    await whole;
    return BURST;
  };
  await during(seconds / 3, burst);
  const events = await during(seconds, burst);
  process.stdout.write(`${JSON.stringify({ called, events })}\n`);
}

function calls(client: Client, seconds: number): Promise<Measured> {
  return during(seconds, async (isOver) => {
    let count = 0;
    const line = async () => {
      while (!isOver()) {
        if (await client.call("com.bench.echo", TEXT) !== TEXT) throw new Error("Wrong answer");
        count++;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, line));
    return count;
  });
}

/** Repeats `work`, which tells how much it has done. */
async function during(
  seconds: number,
  work: (isOver: () => boolean) => Promise<number>,
): Promise<Measured> {
  const end = performance.now() + seconds * 1000;
  const isOver = () => performance.now() >= end;
  const started = performance.now();
  const cpu = process.cpuUsage();
  let count = 0;
  do count += await work(isOver); while (!isOver());
  const { user, system } = process.cpuUsage(cpu);
  return { count, cpuMicros: user + system, wallMillis: performance.now() - started };
}
