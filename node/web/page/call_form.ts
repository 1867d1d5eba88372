/// <reference lib="dom" />
/** Calling a procedure by hand. */
import { CallResult, type Session } from "../../../mod.ts";
import { byId } from "./dom.ts";
import { read } from "./json_field.ts";
import { parseList, parseObject, parseUri } from "./json_text.ts";
import { elapsed, Outcome } from "./outcome.ts";
import { showArguments, showValue } from "./show_value.ts";

export class CallForm {
  readonly #procedure = byId("call-procedure", HTMLInputElement);
  readonly #args = byId("call-args", HTMLTextAreaElement);
  readonly #kwargs = byId("call-kwargs", HTMLTextAreaElement);
  readonly #timeout = byId("call-timeout", HTMLInputElement);
  readonly #cancel = byId("call-cancel", HTMLButtonElement);
  readonly #outcome = new Outcome(byId("call-outcome", HTMLElement));
  readonly #session: () => Session | undefined;
  #canceling: AbortController | undefined = undefined;

  /** @param session the one that is open now. */
  constructor(session: () => Session | undefined) {
    this.#session = session;
    byId("call", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#cancel.addEventListener("click", () => this.#canceling?.abort());
  }

  fill(procedure: string): void {
    this.#procedure.value = procedure;
    this.#outcome.clear();
    this.#args.focus();
  }

  async #submit(): Promise<void> {
    const session = this.#session();
    this.#outcome.clear();
    const procedure = read(this.#procedure, parseUri);
    const args = read(this.#args, parseList);
    const kwargs = read(this.#kwargs, parseObject);
    if (session === undefined || procedure === undefined || !args || !kwargs) return;
    this.#canceling?.abort();
    const canceling = new AbortController();
    this.#canceling = canceling;
    this.#cancel.hidden = false;
    this.#outcome.busy(`Calling ${procedure}`);
    const start = performance.now();
    try {
      const result = await session.call(procedure, args, kwargs, {
        signal: canceling.signal,
        onProgress: (args, kwargs) => {
          if (this.#canceling === canceling) this.#outcome.add(showArguments(args, kwargs));
        },
        ...(this.#timeout.value === "" ? {} : { timeoutMs: Number(this.#timeout.value) }),
      });
      if (this.#canceling !== canceling) return;
      this.#outcome.good("Result", elapsed(start), resultText(result));
    } catch (error) {
      if (this.#canceling !== canceling) return;
      if (canceling.signal.aborted) this.#outcome.bad(new Error("Canceled"), elapsed(start));
      else this.#outcome.bad(error, elapsed(start));
    }
    this.#cancel.hidden = true;
  }
}

function resultText(result: unknown): string {
  if (result === undefined) return "nothing";
  return result instanceof CallResult
    ? showArguments(result.args, result.kwargs, 2)
    : showValue(result);
}
