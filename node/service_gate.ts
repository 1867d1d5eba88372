/**
 * The gate of one service, which another may take the place of: connections keep the service that they were made by, and who joins over an old
 * one is judged as the configuration has it by then. Made by `services.ts`.
 */
import type { Gate } from "../router/join.ts";
import { NO_MATCHING_AUTH_METHOD } from "../wamp/uris.ts";

export interface ServiceGate extends Gate {
  /** What has taken its place. */
  readonly successor: ServiceGate | undefined;
  /** @param next undefined: the service is there no more, so nobody joins by it. */
  giveWay(next: ServiceGate | undefined): void;
}

export function serviceGate(own: Gate): ServiceGate {
  let gate = own;
  let successor: ServiceGate | undefined;
  const last = (): Gate => {
    // Shortened, as there may be one for each change in the life of an old connection.
    while (successor?.successor !== undefined) successor = successor.successor;
    return successor ?? gate;
  };
  return {
    get successor() {
      return successor;
    },
    admit: (hello, details, session) => last().admit(hello, details, session),
    loggedOut: (details) => last().loggedOut?.(details),
    ended: (details) => last().ended?.(details),
    giveWay: (next) => {
      if (next === undefined) gate = CLOSED;
      successor = next;
    },
  };
}

const CLOSED: Gate = {
  admit: () => ({
    refusal: NO_MATCHING_AUTH_METHOD,
    text:
      "Cannot join: the service that this connection was made by is there no more, connect anew",
  }),
};
