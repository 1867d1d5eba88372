/**
 * Entries by their ids, which count up and are never given again. Used by broker and dealer.
 *
 * PERF: plain: a Map. Its tables take 55 bytes an entry on Bun and 29 on Deno, and on Bun as much again for the smaller ones that a growing Map
 * leaves behind; pages take 12. Who leaves one entry in each page makes a page of each: 600 bytes. See docs/performance.md, "A million
 * subscriptions".
 */

const PAGE = 64;

class Page<T> {
  readonly entries: (T | undefined)[] = new Array<T | undefined>(PAGE).fill(undefined);
  count = 0;
}

export class IdTable<T extends { readonly id: number }> {
  readonly #pages = new Map<number, Page<T>>();

  get(id: number): T | undefined {
    const number = Math.floor(id / PAGE);
    return this.#pages.get(number)?.entries[id - number * PAGE];
  }

  add(entry: T): void {
    const number = Math.floor(entry.id / PAGE);
    let page = this.#pages.get(number);
    if (page === undefined) this.#pages.set(number, page = new Page());
    page.entries[entry.id - number * PAGE] = entry;
    page.count++;
  }

  remove(entry: T): void {
    const number = Math.floor(entry.id / PAGE);
    const page = this.#pages.get(number);
    const at = entry.id - number * PAGE;
    if (page?.entries[at] !== entry) return;
    page.entries[at] = undefined;
    if (--page.count === 0) this.#pages.delete(number);
  }

  /** In the order of their ids. */
  *values(): Iterable<T> {
    for (const { entries } of this.#pages.values()) {
      for (const entry of entries) if (entry !== undefined) yield entry;
    }
  }
}
