/// <reference lib="dom" />
/** Publishing an event by hand. */
import type { Session } from "../../../mod.ts";
import { byId } from "./dom.ts";
import { read } from "./json_field.ts";
import { parseList, parseObject, parseUri } from "./json_text.ts";
import { elapsed, Outcome } from "./outcome.ts";

export class PublishForm {
  readonly #topic = byId("publish-topic", HTMLInputElement);
  readonly #args = byId("publish-args", HTMLTextAreaElement);
  readonly #kwargs = byId("publish-kwargs", HTMLTextAreaElement);
  readonly #acknowledge = byId("publish-acknowledge", HTMLInputElement);
  readonly #includeMe = byId("publish-include-me", HTMLInputElement);
  readonly #outcome = new Outcome(byId("publish-outcome", HTMLElement));
  readonly #session: () => Session | undefined;

  /** @param session the one that is open now. */
  constructor(session: () => Session | undefined) {
    this.#session = session;
    byId("publish", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  fill(topic: string): void {
    this.#topic.value = topic;
    this.#outcome.clear();
    this.#args.focus();
  }

  async #submit(): Promise<void> {
    const session = this.#session();
    this.#outcome.clear();
    const topic = read(this.#topic, parseUri);
    const args = read(this.#args, parseList);
    const kwargs = read(this.#kwargs, parseObject);
    if (session === undefined || topic === undefined || !args || !kwargs) return;
    const start = performance.now();
    try {
      const acknowledge = this.#acknowledge.checked;
      const options = { acknowledge, excludeMe: !this.#includeMe.checked };
      const publication = await session.publish(topic, args, kwargs, options);
      if (publication === undefined) this.#outcome.good("Sent", "without acknowledgement");
      else this.#outcome.good("Published", `${elapsed(start)}, publication ${publication}`);
    } catch (error) {
      this.#outcome.bad(error, elapsed(start));
    }
  }
}
