/// <reference lib="dom" />
/**
 * The page's connection: joins the realm, and joins again with growing patience when the session ends, for as long as the page
 * stands. Tells its state; hands out each new session.
 */
import { connect, JoinError, type Session } from "../../../mod.ts";

export type State =
  | { readonly kind: "connecting" }
  | { readonly kind: "open"; readonly session: Session }
  | { readonly kind: "waiting"; readonly why: string; readonly retryAt: number };

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

export class Connection {
  readonly #url: string;
  readonly #realm: string;
  readonly #onState: (state: State) => void;
  #skipDelay: () => void = () => {};

  /** @param onState called at every change, first at `run`. */
  constructor(url: string, realm: string, onState: (state: State) => void) {
    this.#url = url;
    this.#realm = realm;
    this.#onState = onState;
  }

  /** Runs for ever. */
  async run(): Promise<never> {
    for (let delayMs = FIRST_DELAY_MS;;) {
      this.#onState({ kind: "connecting" });
      let why: string;
      try {
        const session = await connect({ url: this.#url, realm: this.#realm });
        delayMs = FIRST_DELAY_MS;
        this.#onState({ kind: "open", session });
        const { by, reason, message } = await session.closed;
        why = by === "transport"
          ? "The connection was lost"
          : `The router ended the session: ${message ?? reason}`;
      } catch (error) {
        why = reasonOf(error);
      }
      // Many pages must not come back in the same moment.
      const jittered = delayMs * (0.8 + Math.random() * 0.4);
      this.#onState({ kind: "waiting", why, retryAt: Date.now() + jittered });
      await this.#delay(jittered);
      delayMs = Math.min(delayMs * 1.6, LONGEST_DELAY_MS);
    }
  }

  /** Ends the waiting, if it is that. */
  retry(): void {
    this.#skipDelay();
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#skipDelay = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof JoinError) return `The router refused: ${error.reason}`;
  return "The router cannot be reached";
}
