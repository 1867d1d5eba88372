/** Loads parts of a session when one is first used: stands in for `parts.ts` in bundles for browsers. */
import type { CallOptions, PendingCall } from "./caller.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import type { SessionParts } from "./session_parts.ts";

export async function makeParts(link: Link, requests: Requests): Promise<SessionParts> {
  const { SessionParts } = await import("./session_parts.ts");
  return new SessionParts(link, requests);
}

/** The call is on its way meanwhile; one that cannot be seen to is given up. */
export function attendCall(call: PendingCall, options: CallOptions, link: Link): void {
  import("./session_parts.ts")
    .then(({ attendCall }) => attendCall(call, options, link))
    .catch((error) => call.giveUp(error));
}
