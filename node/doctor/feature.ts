/** The shape of every file in `features/`: one feature, and what a router that has it must do. */
import type { Peer } from "./peer.ts";

/** Three sessions of one realm, and names that nobody else uses. */
export interface Bench {
  readonly alice: Peer;
  readonly bob: Peer;
  readonly carol: Peer;
  /** One more session. Whoever asks for it ends it. */
  join(): Promise<Peer>;
  /** A new URI; the same for the same name within one check. */
  uri(name: string): string;
}

export interface Feature {
  readonly role: "broker" | "dealer";
  /** As WELCOME announces it. */
  readonly name: string;
  /** Rejects with a Finding when the router does something else. */
  check(bench: Bench): Promise<void>;
}
