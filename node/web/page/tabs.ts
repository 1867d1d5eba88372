/// <reference lib="dom" />
/** Tabs as the ARIA pattern has them: one stop of the Tab key, arrows move between them. */

export class Tabs {
  readonly #tabs: readonly HTMLElement[];

  constructor(list: Element) {
    this.#tabs = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
    this.#tabs.forEach((tab, i) => {
      tab.addEventListener("click", () => this.select(panelOf(tab)));
      tab.addEventListener("keydown", ({ key }) => this.#move(key, i));
    });
  }

  /** Shows the panel of this ID. */
  select(panel: string): void {
    for (const tab of this.#tabs) {
      const isSelected = panelOf(tab) === panel;
      tab.setAttribute("aria-selected", String(isSelected));
      tab.tabIndex = isSelected ? 0 : -1;
      document.getElementById(panelOf(tab))?.toggleAttribute("hidden", !isSelected);
    }
  }

  #move(key: string, from: number): void {
    const last = this.#tabs.length - 1;
    const to: Readonly<Record<string, number>> = {
      "ArrowRight": from === last ? 0 : from + 1,
      "ArrowLeft": from === 0 ? last : from - 1,
      "Home": 0,
      "End": last,
    };
    const tab = this.#tabs[to[key] ?? -1];
    if (tab === undefined) return;
    this.select(panelOf(tab));
    tab.focus();
  }
}

function panelOf(tab: HTMLElement): string {
  return tab.getAttribute("aria-controls") ?? "";
}
