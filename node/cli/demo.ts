/**
 * A component in the development server's own process, so that a first client has something to call and to hear: `com.example.add2`
 * adds two numbers, `com.example.oncounter` counts the seconds.
 */
import { setInterval } from "node:timers";
import { connect } from "../../client/connect.ts";
import { ApplicationError } from "../../client/errors.ts";
import { embedded } from "../../router/join.ts";
import type { Router } from "../../router/router.ts";
import type { Log } from "../../router/ports.ts";
import { createLocalPair } from "../../transports/local.ts";
import { INVALID_ARGUMENT } from "../../wamp/uris.ts";

export const DEMO_PROCEDURE = "com.example.add2";
export const DEMO_TOPIC = "com.example.oncounter";

const TICK_MS = 1000;

/** Joins `realm`; leaves when the router says goodbye. */
export async function startDemo(
  router: Router,
  realm: string,
  log: Log,
): Promise<void> {
  const onFault = (error: unknown) => log.error("Fault in the demo: {error}", { error });
  const session = await connect({
    url: "local",
    realm,
    log,
    dial: (_options, attach) => {
      const { client, router: routerEnd } = createLocalPair(onFault);
      client.attach(attach(client));
      routerEnd.attach(router.attach(routerEnd, embedded({ authid: "demo" })));
      return Promise.resolve(client);
    },
  });
  await session.register(DEMO_PROCEDURE, ([a, b]) => {
    if (typeof a === "number" && typeof b === "number") return a + b;
    throw new ApplicationError(INVALID_ARGUMENT, ["Cannot add: expected two numbers"]);
  });
  let count = 0;
  const timer = setInterval(() => session.publish(DEMO_TOPIC, [++count]), TICK_MS).unref();
  session.closed.then(() => clearInterval(timer));
}
