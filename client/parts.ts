/**
 * Parts of a session that not every program needs. Bundlers for browsers take `parts_browser.ts` in place of this file (package.json): it
 * loads each when it is first used.
 */
import { limitCall as limit } from "./call_limits.ts";
import { Callee } from "./callee.ts";
import type { CallOptions, PendingCall } from "./caller.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import { Subscriber } from "./subscriber.ts";

/** At once, so that a request is sent in the order in which it was made. */
export function makeCallee(link: Link, requests: Requests): Callee | Promise<Callee> {
  return new Callee(link, requests);
}

/** As `makeCallee`. */
export function makeSubscriber(link: Link, requests: Requests): Subscriber | Promise<Subscriber> {
  return new Subscriber(link, requests);
}

/** See `call_limits.ts`. */
export function limitCall(call: PendingCall, options: CallOptions, link: Link): void {
  limit(call, options, link);
}
