/**
 * How the node's process is: its memory, its descriptors, and how late its event loop is, looked at twice a second. Made by `node.ts`;
 * `capacity.ts` decides by it who may come in, the management API shows it.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { getHeapStatistics } from "node:v8";
import type { Clock, Log, Timer } from "../router/ports.ts";
import { runtimeName } from "../transports/runtime/runtime.ts";

/** What the system and the runtime say. Undefined: they do not. */
export interface Readings {
  /** Milliseconds that never go back. */
  elapsed(): number;
  /** Resident bytes. */
  rss(): number;
  /** Of the heap that the runtime limits: a process dies when it is full, however much memory there is. */
  heap(): { readonly used: number; readonly limit: number } | undefined;
  openDescriptors(): number | undefined;
  readonly descriptorLimit: number | undefined;
}

const LOOK_MS = 500;
const DESCRIPTORS = "/proc/self/fd";
/** Descriptors are counted anew no sooner: on an older kernel the count takes long where there are many. */
const RECOUNT_MS = 50;
/** A node that did nothing else for so long is worth a line in its log. */
const LATE_MS = 1000;
/** The longest delay is that of the last minute, and up to two. */
const MINUTE_MS = 60_000;

export class VitalSigns {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #readings: Readings;
  /** Whether somebody else says why the loop is late. */
  readonly #isExplained: () => boolean;
  #timer: Timer | undefined;
  #lagMs = 0;
  /** Of this minute, and of the last one. */
  #most: [number, number] = [0, 0];
  #minuteEnds = 0;
  #rss = 0;
  #heapShare = 0;
  #descriptors: number | undefined;
  #countedAt = -Infinity;
  /** Connections that came since the count. */
  #accepted = 0;

  constructor(clock: Clock, log: Log, readings: Readings, isExplained: () => boolean) {
    this.#clock = clock;
    this.#log = log;
    this.#readings = readings;
    this.#isExplained = isExplained;
    this.#look();
  }

  /** Looks on until it is stopped. */
  watch(): void {
    const due = this.#readings.elapsed() + LOOK_MS;
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#late(Math.max(0, this.#readings.elapsed() - due));
      this.#look();
      this.watch();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Resident bytes. */
  get rss(): number {
    return this.#rss;
  }

  /** How full the runtime's heap is, from 0 to 1; 0 where it has no limit of its own. */
  get heapShare(): number {
    return this.#heapShare;
  }

  /** By how much the event loop was late just now. */
  get lagMs(): number {
    return this.#lagMs;
  }

  /** At most, in the last minute or two. */
  get mostLagMs(): number {
    return Math.max(...this.#most);
  }

  /** Open ones, as of the last look; undefined where the system does not tell. */
  get descriptors(): number | undefined {
    return this.#descriptors === undefined ? undefined : this.#descriptors + this.#accepted;
  }

  get descriptorLimit(): number | undefined {
    return this.#readings.descriptorLimit;
  }

  /** Another connection was accepted. */
  accepted(): void {
    this.#accepted++;
  }

  /** Descriptors that are left, but for connections that have ended since the last look; Infinity where the system does not tell.
   * @param enough where no more are left, they are counted anew. */
  descriptorsLeft(enough: number): number {
    const limit = this.#readings.descriptorLimit ?? Infinity;
    const left = () => limit - (this.descriptors ?? 0);
    const isOld = this.#readings.elapsed() - this.#countedAt >= RECOUNT_MS;
    if (left() <= enough && isOld) this.#count();
    return left();
  }

  #look(): void {
    this.#rss = this.#readings.rss();
    const heap = this.#readings.heap();
    this.#heapShare = heap === undefined ? 0 : heap.used / heap.limit;
    this.#count();
  }

  #count(): void {
    this.#descriptors = this.#readings.openDescriptors();
    this.#countedAt = this.#readings.elapsed();
    this.#accepted = 0;
  }

  #late(ms: number): void {
    const now = this.#readings.elapsed();
    if (now >= this.#minuteEnds) {
      this.#minuteEnds = now + MINUTE_MS;
      this.#most = [0, this.#most[0]];
    }
    this.#lagMs = ms;
    this.#most[0] = Math.max(this.#most[0], ms);
    if (ms < LATE_MS || this.#isExplained()) return;
    this.#log.warn("The event loop was late by {ms} ms: nobody was served meanwhile", {
      ms: Math.round(ms),
    });
  }
}

/** Of this process. */
export function systemReadings(): Readings {
  return {
    elapsed: () => performance.now(),
    rss: () => process.memoryUsage.rss(),
    heap: () => {
      // Bun's heap has no limit of its own.
      if (runtimeName === "bun") return undefined;
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
      return { used, limit };
    },
    openDescriptors: () => {
      try {
        // Since Linux 6.2 their number is the folder's size. Listing 10,000 holds up all else for 33 ms on Deno and 9 on Bun.
        return statSync(DESCRIPTORS).size || readdirSync(DESCRIPTORS).length;
      } catch {
        return undefined;
      }
    },
    descriptorLimit: descriptorLimit(),
  };
}

/** Only Linux tells; the runtimes have raised it to the hard limit. */
export function descriptorLimit(): number | undefined {
  try {
    const text = readFileSync("/proc/self/limits", "utf8");
    const limit = /^Max open files\s+(\d+)/m.exec(text)?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
