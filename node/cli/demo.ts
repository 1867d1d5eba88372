/**
 * A component in the development server's own process, so that a first client has something to call and to hear: `com.example.add2`
 * adds two numbers, `com.example.oncounter` counts the seconds.
 */
import { setInterval } from "node:timers";
import { ApplicationError } from "../../client/errors.ts";
import type { Router } from "../../router/router.ts";
import type { Log } from "../../router/ports.ts";
import { INVALID_ARGUMENT } from "../../wamp/uris.ts";
import { joinInside } from "../inside.ts";

export const DEMO_PROCEDURE = "com.example.add2";
export const DEMO_TOPIC = "com.example.oncounter";

const TICK_MS = 1000;

/** Joins `realm`; leaves when the router says goodbye. */
export async function startDemo(
  router: Router,
  realm: string,
  log: Log,
): Promise<void> {
  const session = await joinInside({ router, realm, authid: "demo", log });
  await session.register(DEMO_PROCEDURE, ([a, b]) => {
    if (typeof a === "number" && typeof b === "number") return a + b;
    throw new ApplicationError(INVALID_ARGUMENT, ["Cannot add: expected two numbers"]);
  });
  let count = 0;
  const timer = setInterval(() => session.publish(DEMO_TOPIC, [++count]), TICK_MS).unref();
  session.closed.then(() => clearInterval(timer));
}
