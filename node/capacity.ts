/**
 * Who may still come in: limits of memory, handshakes, sessions of one address and descriptors, beyond which new sessions are refused with
 * a reason and counted, while those that there are go on. One for a node's router; `services.ts` wraps its gates in the door of their transport.
 */
import type { Decision, Gate, Refusal } from "../router/join.ts";
import { TokenBucket } from "../router/limits.ts";
import type { Clock, Log, TransportDetails } from "../router/ports.ts";
import { claimOf } from "../router/resumption.ts";
import type { Hello } from "../wamp/message.ts";
import { LIMIT_EXCEEDED, SYSTEM_SHUTDOWN } from "../wamp/uris.ts";
import { addressIn, isLoopback } from "./peer_address.ts";
import type { VitalSigns } from "./vital_signs.ts";

export interface CapacityOptions {
  /** Resident bytes beyond which nobody joins; Infinity: no limit. */
  readonly memoryBytes: number;
  /** Of each transport; undefined: no limit. */
  readonly handshakes: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Infinity: no limit. */
  readonly sessionsPerAddress: number;
  /** Also peers on this machine, and behind a proxy on it that does not tell who they are. */
  readonly countsLoopback: boolean;
  /** Descriptors that connections leave to all else. */
  readonly spareDescriptors: number;
}

/** Refusals since the start. */
export interface RefusedCounts {
  memory: number;
  handshakes: number;
  sessionsPerAddress: number;
  descriptors: number;
}
type Reason = keyof RefusedCounts;

/** A heap that is so full is about to end the process; below the watermark's share sessions are let in again. */
const FULL_HEAP = 0.85;
const RECOVERED = 0.95;
/** Of a small limit connections get at least so much. */
const MOST_SPARE = 0.25;
/** Who is refused is counted at once, and told in the log so often. */
const TELL_MS = 10_000;

const TEXTS: Readonly<Record<Reason, string>> = {
  memory: "memory is above the watermark",
  handshakes: "there were too many handshakes in a second",
  sessionsPerAddress: "there are too many sessions of an address",
  descriptors: "descriptors are running out",
};

export class Capacity {
  readonly refused: RefusedCounts = {
    memory: 0,
    handshakes: 0,
    sessionsPerAddress: 0,
    descriptors: 0,
  };
  readonly options: CapacityOptions;
  readonly signs: VitalSigns;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byAddress = new Map<string, Set<TransportDetails>>();
  readonly #untold = new Map<Reason, number>();
  /** The node is about to stop. */
  isClosed = false;
  #isFull = false;

  constructor(options: CapacityOptions, signs: VitalSigns, clock: Clock, log: Log) {
    this.options = options;
    this.signs = signs;
    this.#clock = clock;
    this.#log = log;
  }

  /** For one transport. */
  door(): Door {
    return new Door(this, this.#clock);
  }

  /** The process has memory for another session. */
  get hasMemory(): boolean {
    const { rss, heapShare } = this.signs;
    const share = this.#isFull ? RECOVERED : 1;
    this.#isFull = rss >= this.options.memoryBytes * share || heapShare >= FULL_HEAP * share;
    return !this.#isFull;
  }

  /** Descriptors that are left beyond those to spare. */
  get freeDescriptors(): number {
    const limit = this.signs.descriptorLimit ?? Infinity;
    const spare = Math.min(this.options.spareDescriptors, Math.floor(limit * MOST_SPARE));
    return this.signs.descriptorsLeft(spare) - spare;
  }

  /** Half of what is to spare is gone, too: there is nothing left to refuse politely with. */
  get isOutOfDescriptors(): boolean {
    return this.freeDescriptors <= -this.options.spareDescriptors / 2;
  }

  /** False: its address has as many sessions as it may have. */
  takeIn(details: TransportDetails): boolean {
    const address = this.#countedAddress(details);
    if (address === undefined) return true;
    const known = this.#byAddress.get(address) ?? new Set();
    if (known.size >= this.options.sessionsPerAddress && !known.has(details)) return false;
    this.#byAddress.set(address, known.add(details));
    return true;
  }

  giveBack(details: TransportDetails): void {
    const address = this.#countedAddress(details);
    const known = address === undefined ? undefined : this.#byAddress.get(address);
    if (address === undefined || known?.delete(details) !== true) return;
    if (known.size === 0) this.#byAddress.delete(address);
  }

  /** Counts it, and tells of it now and then. */
  count(reason: Reason): void {
    this.refused[reason]++;
    const untold = this.#untold.get(reason);
    this.#untold.set(reason, (untold ?? 0) + 1);
    if (untold !== undefined) return;
    this.#log.warn("Refusing new sessions: {reason}", { reason: TEXTS[reason] });
    this.#tellLater(reason);
  }

  #tellLater(reason: Reason): void {
    this.#clock.after(TELL_MS, () => {
      const count = this.#untold.get(reason) ?? 0;
      this.#untold.delete(reason);
      this.#log.warn("Refused {count} in {seconds} s: {reason}", {
        count,
        seconds: TELL_MS / 1000,
        reason: TEXTS[reason],
      });
    });
  }

  #countedAddress({ peer }: TransportDetails): string | undefined {
    if (this.options.sessionsPerAddress === Infinity) return undefined;
    const address = addressIn(peer);
    return !this.options.countsLoopback && isLoopback(address) ? undefined : address;
  }
}

export class Door {
  readonly #capacity: Capacity;
  readonly #handshakes: TokenBucket | undefined;

  constructor(capacity: Capacity, clock: Clock) {
    this.#capacity = capacity;
    const { handshakes } = capacity.options;
    this.#handshakes = handshakes && new TokenBucket(handshakes, clock);
  }

  /** False: the stream that was accepted is to be cut off at once. */
  accept(): boolean {
    this.#capacity.signs.accepted();
    if (!this.#capacity.isOutOfDescriptors) return true;
    this.#capacity.count("descriptors");
    return false;
  }

  /** False: the connection is to be told that there is no room for it. */
  hasRoom(): boolean {
    if (this.#capacity.freeDescriptors > 0) return true;
    this.#capacity.count("descriptors");
    return false;
  }

  guard(gate: Gate): Gate {
    const capacity = this.#capacity;
    return {
      ...gate,
      admit: (hello, details, session): Decision | Promise<Decision> =>
        this.#refusal(hello, details) ?? gate.admit(hello, details, session),
      ended: (details) => {
        capacity.giveBack(details);
        gate.ended?.(details);
      },
    };
  }

  #refusal(hello: Hello, details: TransportDetails): Refusal | undefined {
    const capacity = this.#capacity;
    if (capacity.isClosed) {
      return { refusal: SYSTEM_SHUTDOWN, text: "Cannot join: the router is about to stop" };
    }
    if (this.#handshakes?.take() === false) {
      const { perSecond = 0 } = capacity.options.handshakes ?? {};
      return this.#refuse(
        "handshakes",
        `found more than ${perSecond} handshakes a second, try again later`,
      );
    }
    // Who takes up a session brings none.
    if (claimOf(hello.details) === undefined && !capacity.hasMemory) {
      return this.#refuse("memory", "the router has no memory to spare, try again later");
    }
    if (!capacity.takeIn(details)) {
      const { sessionsPerAddress } = capacity.options;
      return this.#refuse(
        "sessionsPerAddress",
        `found ${sessionsPerAddress} sessions of this address, expected no more`,
      );
    }
    return undefined;
  }

  #refuse(reason: Reason, why: string): Refusal {
    this.#capacity.count(reason);
    return { refusal: LIMIT_EXCEEDED, text: `Cannot join: ${why}` };
  }
}
