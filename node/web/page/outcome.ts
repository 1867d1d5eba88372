/// <reference lib="dom" />
/** The place below a form that says what came of it. */
import { ApplicationError } from "../../../mod.ts";
import { make } from "./dom.ts";
import { showArguments } from "./show_value.ts";

export class Outcome {
  readonly #place: HTMLElement;

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  clear(): void {
    this.#place.replaceChildren();
  }

  busy(text: string): void {
    this.#place.replaceChildren(make("p", { class: "busy" }, text));
  }

  /** @param detail a block of JSON. */
  good(title: string, remark: string, detail?: string): void {
    this.#put("good", title, remark, detail);
  }

  bad(error: unknown, remark: string): void {
    if (!(error instanceof ApplicationError)) {
      this.#put("bad", "Failed", remark, error instanceof Error ? error.message : String(error));
      return;
    }
    const { uri, args, kwargs } = error;
    const isBare = args.length === 0 && Object.keys(kwargs).length === 0;
    this.#put("bad", uri, remark, isBare ? undefined : showArguments(args, kwargs, 2));
  }

  /** One more block behind what is shown: a partial result. */
  add(detail: string): void {
    this.#place.append(make("pre", { class: "part", tabindex: "0" }, detail));
  }

  #put(look: "good" | "bad", title: string, remark: string, detail: string | undefined): void {
    const parts = [...this.#place.querySelectorAll(".part")];
    const head = make("p", { class: look }, make("strong", {}, title), make("small", {}, remark));
    this.#place.replaceChildren(head, ...parts);
    if (detail !== undefined) this.#place.append(make("pre", { tabindex: "0" }, detail));
  }
}

/** "3.2 ms" */
export function elapsed(since: number): string {
  const ms = performance.now() - since;
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
