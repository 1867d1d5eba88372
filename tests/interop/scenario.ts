/** What a scenario is: something that sessions of one client, over one endpoint, do with the router. */
import type { Client, Endpoint } from "./clients.ts";
import type { PeerSession } from "./peer_session.ts";

export interface Scenario {
  /** A claim, as in every test's name. */
  readonly name: string;
  /** Absent: every client can do it. */
  readonly applies?: (client: Client, endpoint: Endpoint) => boolean;
  readonly run: (stage: Stage) => Promise<void>;
}

export interface Stage {
  readonly client: Client;
  readonly endpoint: Endpoint;
  /** Joins one more session; it leaves when the scenario is over. */
  join(): Promise<PeerSession>;
}

let last = 0;

/** A URI that no other scenario uses. */
export function freshUri(name: string, prefix = "com.example"): string {
  last++;
  return `${prefix}.n${last}.${name}`;
}
