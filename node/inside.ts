/** Sessions of the node's own, in its process: they join under the role "trusted", or one that the configuration names. */
import { connect } from "../client/connect.ts";
import type { Session } from "../client/session.ts";
import { embedded, type Gate } from "../router/join.ts";
import type { Log, MessageHandler, Transport } from "../router/ports.ts";
import type { Router } from "../router/router.ts";
import { createLocalPair } from "../transports/local.ts";

export interface InsideSettings {
  readonly router: Router;
  readonly realm: string;
  /** What the session is for. */
  readonly authid: string;
  /** Default: "trusted", which may do everything. */
  readonly role?: string;
  readonly log: Log;
}

/** Joins two ends within the process: a peer's, which it returns, and the router's, behind the gate. @param onFault gets what a handler throws. */
export function attachInside(
  router: Router,
  gate: Gate,
  onFault: (error: unknown) => void,
  attach: (transport: Transport) => MessageHandler,
): Transport {
  const pair = createLocalPair(onFault);
  pair.client.attach(attach(pair.client));
  pair.router.attach(router.attach(pair.router, gate));
  return pair.client;
}

/** Leaves when the router says goodbye. */
export function joinInside({ router, realm, authid, role, log }: InsideSettings): Promise<Session> {
  const identity = { authid, ...(role !== undefined && { authrole: role }) };
  const onFault = (error: unknown) => log.error("Fault in {authid}: {error}", { authid, error });
  return connect({
    url: "local",
    realm,
    log,
    dial: (_options, attach) =>
      Promise.resolve(attachInside(router, embedded(identity), onFault, attach)),
  });
}
