/// <reference lib="dom" />
/** A list as a table. Rows are kept by ID, so the focus and the reader's place survive every change. */
import { byId, make, setText } from "./dom.ts";
import type { Contents } from "./live_list.ts";

export interface Column<Row> {
  readonly text: (row: Row) => string;
  /** Classes of its cells: "mono", "number", "wide" (left out on narrow screens). */
  readonly look?: string;
  /** A remark behind the text: "" for none. */
  readonly badge?: (row: Row) => string;
  /** A second line. */
  readonly detail?: (row: Row) => string;
}

export interface Action<Row> {
  readonly label: (row: Row) => string;
  /** The label for who does not see the row. */
  readonly fullLabel: (row: Row) => string;
  readonly run: (row: Row) => void;
}

interface Shown<Row> {
  readonly element: HTMLTableRowElement;
  row: Row;
}

export class TableView<Row extends { readonly id: number }> {
  readonly #body: HTMLTableSectionElement;
  readonly #count: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #emptyText: string;
  readonly #columns: readonly Column<Row>[];
  readonly #action: Action<Row> | undefined;
  readonly #shown = new Map<number, Shown<Row>>();
  #contents: Contents<Row> = { rows: [], total: 0, problem: undefined };
  #accepts: (row: Row) => boolean = () => true;
  #isFirst = true;

  /** @param id of the table; its heading has `<id>-count`, and a paragraph of class "empty" follows the table. */
  constructor(id: string, columns: readonly Column<Row>[], action?: Action<Row>) {
    const table = byId(id, HTMLTableElement);
    const body = table.tBodies[0];
    const empty = table.parentElement?.querySelector<HTMLElement>(".empty");
    if (body === undefined || !empty) throw new Error(`Cannot use #${id}: found parts missing`);
    this.#body = body;
    this.#empty = empty;
    this.#emptyText = empty.textContent ?? "";
    // Nothing is known yet.
    empty.textContent = "";
    this.#count = byId(`${id}-count`, HTMLElement);
    this.#columns = columns;
    this.#action = action;
  }

  show(contents: Contents<Row>): void {
    this.#contents = contents;
    this.#render();
    this.#isFirst = false;
  }

  /** Shows only rows that `accepts` accepts. */
  filter(accepts: (row: Row) => boolean): void {
    this.#accepts = accepts;
    if (!this.#isFirst) this.#render();
  }

  #render(): void {
    const { rows, total, problem } = this.#contents;
    const accepted = rows.filter(this.#accepts);
    const kept = new Set(accepted.map((row) => row.id));
    for (const [id, { element }] of this.#shown) {
      if (kept.has(id)) continue;
      element.remove();
      this.#shown.delete(id);
    }
    accepted.forEach((row, i) => {
      const { element } = this.#put(row);
      const there = this.#body.children[i];
      if (there !== element) this.#body.insertBefore(element, there ?? null);
    });
    const unread = total - rows.length;
    setText(this.#count, unread > 0 ? `${accepted.length} of ${total}` : String(accepted.length));
    setText(this.#empty, problem ?? this.#emptyText);
    this.#empty.classList.toggle("problem", problem !== undefined);
  }

  #put(row: Row): Shown<Row> {
    const known = this.#shown.get(row.id);
    const shown = known ?? this.#make(row);
    shown.row = row;
    this.#columns.forEach((column, i) => {
      const parts = shown.element.cells[i]?.children ?? [];
      [column.text, column.badge, column.detail].filter((part) => part !== undefined)
        .forEach((part, k) => {
          const place = parts[k];
          if (place !== undefined) setText(place, part(row));
        });
    });
    return shown;
  }

  #make(row: Row): Shown<Row> {
    const element = make("tr", this.#isFirst ? {} : { class: "new" });
    const shown = { element, row };
    this.#columns.forEach((column, i) => {
      const look: Record<string, string> = column.look === undefined ? {} : { class: column.look };
      const children = [make("span")];
      if (column.badge !== undefined) children.push(make("span", { class: "badge" }));
      if (column.detail !== undefined) children.push(make("span", { class: "detail" }));
      element.append(
        i === 0
          ? make("th", { ...look, scope: "row" }, ...children)
          : make("td", look, ...children),
      );
    });
    const action = this.#action;
    if (action !== undefined) {
      const label = { type: "button", class: "quiet", "aria-label": action.fullLabel(row) };
      const button = make("button", label, action.label(row));
      button.addEventListener("click", () => action.run(shown.row));
      element.append(make("td", { class: "action" }, button));
    }
    this.#shown.set(row.id, shown);
    return shown;
  }
}
