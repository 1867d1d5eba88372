/**
 * What is in flight under ids that count up: calls by the caller's request id, invocations by the dealer's. HOT.
 * A ring of slots, found by the low bits of the id; ids that share a slot widen the ring, and beyond its limit they go to a Map.
 *
 * PERF: plain version a Map. Its tables are remade every few dozen calls, and the old ones keep answered calls alive into V8's old
 * space: a quarter of what a call allocated survived each scavenge. bench/micro/router_bench.ts, CALL round: 175 ns and 666 B before,
 * 102 ns and 328 B after on Deno 2.9.6 (1.7x, machine shared); on Bun 1.4.5 no difference beyond the noise. 2026-11-21.
 */

const FIRST_SLOTS = 8;
/** A peer with more in flight, or with ids far apart, pays with a Map. */
const MOST_SLOTS = 1024;

export class InFlight<T> {
  #ids: number[] = new Array(FIRST_SLOTS).fill(0);
  #slots: (T | undefined)[] = new Array(FIRST_SLOTS).fill(undefined);
  #overflow: Map<number, T> | undefined = undefined;
  #count = 0;

  get(id: number): T | undefined {
    const slot = id & (this.#slots.length - 1);
    return this.#ids[slot] === id ? this.#slots[slot] : this.#overflow?.get(id);
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** @param id one that is not there. */
  set(id: number, value: T): void {
    this.#count++;
    for (;;) {
      const slot = id & (this.#slots.length - 1);
      if (this.#slots[slot] === undefined) {
        this.#ids[slot] = id;
        this.#slots[slot] = value;
        return;
      }
      if (this.#slots.length === MOST_SLOTS) {
        (this.#overflow ??= new Map()).set(id, value);
        return;
      }
      this.#widen();
    }
  }

  delete(id: number): void {
    const slot = id & (this.#slots.length - 1);
    if (this.#ids[slot] === id) {
      this.#count--;
      this.#ids[slot] = 0;
      this.#slots[slot] = undefined;
    } else if (this.#overflow?.delete(id) === true) {
      this.#count--;
      if (this.#overflow.size === 0) this.#overflow = undefined;
    }
  }

  get size(): number {
    return this.#count;
  }

  /** In the order of their ids, which is that of their calls. */
  values(): T[] {
    const found: [number, T][] = [...this.#overflow ?? []];
    this.#slots.forEach((value, slot) => {
      if (value !== undefined) found.push([this.#ids[slot] ?? 0, value]);
    });
    return found.sort(([one], [other]) => one - other).map(([, value]) => value);
  }

  /** Twice the slots: two ids that shared one differ in the next bit, or share again. */
  #widen(): void {
    const count = this.#slots.length * 2;
    const ids: number[] = new Array(count).fill(0);
    const slots: (T | undefined)[] = new Array(count).fill(undefined);
    for (let i = 0; i < this.#slots.length; i++) {
      const value = this.#slots[i];
      if (value === undefined) continue;
      const id = this.#ids[i] ?? 0;
      ids[id & (count - 1)] = id;
      slots[id & (count - 1)] = value;
    }
    this.#ids = ids;
    this.#slots = slots;
  }
}
