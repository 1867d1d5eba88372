/** Loads parts of a session when they are first used: stands in for `parts.ts` in bundles for browsers. */
import type { Callee } from "./callee.ts";
import type { CallOptions, PendingCall } from "./caller.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import type { Subscriber } from "./subscriber.ts";

export async function makeCallee(link: Link, requests: Requests): Promise<Callee> {
  const { Callee } = await import("./callee.ts");
  return new Callee(link, requests);
}

export async function makeSubscriber(link: Link, requests: Requests): Promise<Subscriber> {
  const { Subscriber } = await import("./subscriber.ts");
  return new Subscriber(link, requests);
}

/** The call is on its way meanwhile; one that cannot be limited is given up. */
export function limitCall(call: PendingCall, options: CallOptions, link: Link): void {
  import("./call_limits.ts").then(
    ({ limitCall }) => limitCall(call, options, link),
    (error) => call.giveUp(error),
  );
}
