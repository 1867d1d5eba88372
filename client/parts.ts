/**
 * Brings the parts of a session that not every program needs. Bundlers for browsers take `parts_browser.ts` in place of this file
 * (package.json): it loads them when one is first used.
 */
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import { SessionParts } from "./session_parts.ts";

/** At once, so that a request is sent in the order in which it was made. */
export function makeParts(link: Link, requests: Requests): SessionParts | Promise<SessionParts> {
  return new SessionParts(link, requests);
}

export { attendCall } from "./session_parts.ts";
