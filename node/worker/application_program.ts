/**
 * An `ApplicationSession` of a user module as a component's program: the host joins, its methods are called as the library would call them.
 * Called by `component_program.ts`.
 */
import {
  type ApplicationSession,
  type ComponentConfig,
  detailsOf,
  SEAT,
} from "../../client/application_session.ts";
import { CANNOT_AUTHENTICATE } from "../../wamp/uris.ts";
import type { Session } from "../../client/session.ts";
import type { Log } from "../../router/ports.ts";
import type { ComponentContext, Program } from "./component_program.ts";

/** @param make may throw. */
export function applicationProgram(
  make: new (config: ComponentConfig) => ApplicationSession,
  { realm, extra, shared }: ComponentContext,
  log: Log,
): Program {
  const app = new make({
    realm,
    log,
    ...(extra !== undefined && { extra }),
    ...(shared && { shared }),
  });
  let joined: Session | undefined;
  app[SEAT]({
    // The configuration says where; by now the host is on its way there.
    join() {},
    disconnect: () => void joined?.leave(),
    get session() {
      return joined;
    },
  });
  const guarded = async (text: string, run: () => unknown): Promise<void> => {
    try {
      await run();
    } catch (error) {
      app.onUserError(error, text);
      throw error;
    }
  };
  return {
    connected: () => guarded("onConnect failed", () => app.onConnect({})),
    joined: (session) => {
      joined = session;
      const details = detailsOf(session);
      return guarded("onJoin failed", async () => {
        const refusal = await app.onWelcome(details);
        if (typeof refusal !== "string") return await app.onJoin(details);
        await session.leave(CANNOT_AUTHENTICATE, refusal);
      });
    },
    left: (_session, details) => guarded("onLeave failed", () => app.onLeave(details)),
    disconnected: (_session, wasClean) =>
      guarded("onDisconnect failed", () => app.onDisconnect(wasClean)),
  };
}
