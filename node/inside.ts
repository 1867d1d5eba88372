/** Sessions of the node's own, in its process: they join under the role "trusted", or one that the configuration names. */
import { connect } from "../client/connect.ts";
import type { Session } from "../client/session.ts";
import { embedded } from "../router/join.ts";
import type { Log } from "../router/ports.ts";
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

/** Leaves when the router says goodbye. */
export function joinInside({ router, realm, authid, role, log }: InsideSettings): Promise<Session> {
  const identity = { authid, ...(role !== undefined && { authrole: role }) };
  const onFault = (error: unknown) => log.error("Fault in {authid}: {error}", { authid, error });
  return connect({
    url: "local",
    realm,
    log,
    dial: (_options, attach) => {
      const { client, router: routerEnd } = createLocalPair(onFault);
      client.attach(attach(client));
      routerEnd.attach(router.attach(routerEnd, embedded(identity)));
      return Promise.resolve(client);
    },
  });
}
