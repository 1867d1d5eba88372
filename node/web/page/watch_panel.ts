/// <reference lib="dom" />
/** Subscribing by hand, and the events that come. Topics once chosen are subscribed to again after each reconnection. */
import type { EventDetails, Session, SubscribeOptions, Subscription } from "../../../mod.ts";
import { byId, make, setText } from "./dom.ts";
import { read } from "./json_field.ts";
import { parseUri } from "./json_text.ts";
import { Outcome } from "./outcome.ts";
import { showArguments } from "./show_value.ts";

type Match = NonNullable<SubscribeOptions["match"]>;

interface Watch {
  readonly topic: string;
  readonly match: Match;
  readonly chip: HTMLElement;
  subscription: Subscription | undefined;
}

const MAX_EVENTS = 200;
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

export class WatchPanel {
  readonly #topic = byId("watch-topic", HTMLInputElement);
  readonly #match = byId("watch-match", HTMLSelectElement);
  readonly #chips = byId("watched", HTMLUListElement);
  readonly #events = byId("events", HTMLOListElement);
  readonly #pause = byId("events-pause", HTMLButtonElement);
  readonly #unseen = byId("unseen", HTMLElement);
  readonly #panel = byId("watch", HTMLElement);
  readonly #outcome = new Outcome(byId("watch-outcome", HTMLElement));
  readonly #watches = new Map<string, Watch>();
  #session: Session | undefined = undefined;
  #unseenCount = 0;
  #isPaused = false;

  constructor() {
    byId("watch-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const topic = read(this.#topic, parseTopic(this.#match.value));
      if (topic !== undefined) this.add(topic, matchOf(this.#match.value));
    });
    byId("events-clear", HTMLButtonElement).addEventListener("click", () => {
      this.#events.replaceChildren();
    });
    this.#pause.addEventListener("click", () => {
      this.#isPaused = !this.#isPaused;
      this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
    });
    new MutationObserver(() => this.#seen()).observe(this.#panel, { attributeFilter: ["hidden"] });
  }

  /** Subscribes to everything again through a new session. */
  follow(session: Session): void {
    this.#session = session;
    for (const watch of this.#watches.values()) this.#subscribe(session, watch);
  }

  add(topic: string, match: Match): void {
    const key = `${match} ${topic}`;
    const session = this.#session;
    this.#outcome.clear();
    if (session === undefined || this.#watches.has(key)) return;
    const label = match === "exact" ? topic : `${topic || "everything"} (${match})`;
    const remove = make(
      "button",
      { type: "button", "aria-label": `Unsubscribe from ${label}` },
      "×",
    );
    const chip = make("li", {}, make("span", { class: "mono" }, label), remove);
    const watch: Watch = { topic, match, chip, subscription: undefined };
    remove.addEventListener("click", () => this.#remove(key, watch));
    this.#watches.set(key, watch);
    this.#chips.append(chip);
    this.#subscribe(session, watch);
  }

  async #subscribe(session: Session, watch: Watch): Promise<void> {
    const { topic, match } = watch;
    try {
      const show = (
        args: readonly unknown[],
        kwargs: Readonly<Record<string, unknown>>,
        details: EventDetails,
      ) => this.#show(args, kwargs, details);
      watch.subscription = await session.subscribe(topic, show, { match });
      if (!this.#watches.has(`${match} ${topic}`)) await watch.subscription.unsubscribe();
    } catch (error) {
      // With the session gone, the next one tries again.
      if (!session.isOpen) return;
      this.#remove(`${match} ${topic}`, watch);
      this.#outcome.bad(error, "");
    }
  }

  #remove(key: string, watch: Watch): void {
    this.#watches.delete(key);
    watch.chip.remove();
    watch.subscription?.unsubscribe().catch((error: unknown) => this.#outcome.bad(error, ""));
  }

  #show(
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    { topic, publisher, publisherAuthid }: EventDetails,
  ): void {
    if (this.#isPaused) return;
    const time = new Date();
    const from = publisher === undefined ? "" : `from ${publisherAuthid ?? publisher}`;
    this.#events.prepend(
      make(
        "li",
        {},
        make(
          "p",
          {},
          make("strong", { class: "mono" }, topic),
          make("small", {}, from),
          make("time", { datetime: time.toISOString() }, CLOCK.format(time)),
        ),
        make("pre", {}, showArguments(args, kwargs)),
      ),
    );
    while (this.#events.children.length > MAX_EVENTS) this.#events.lastElementChild?.remove();
    if (this.#panel.hidden) this.#unseenCount++;
    this.#seen();
  }

  #seen(): void {
    if (!this.#panel.hidden) this.#unseenCount = 0;
    this.#unseen.hidden = this.#unseenCount === 0;
    setText(this.#unseen, this.#unseenCount > 99 ? "99+" : String(this.#unseenCount));
  }
}

/** A prefix may be empty, a wildcard's components too. */
function parseTopic(match: string): (text: string) => string {
  return match === "prefix" ? (text) => text.trim() === "" ? "" : parseUri(text) : parseUri;
}

function matchOf(text: string): Match {
  return text === "prefix" || text === "wildcard" ? text : "exact";
}
