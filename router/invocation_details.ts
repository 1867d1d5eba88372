/** What an INVOCATION says beside its arguments. Used for calls with options; those without have none, or the caller alone. */
import type { Call, Dict } from "../wamp/message.ts";
import { carriedOver, withCaller, withForwarders, withTrust } from "./details.ts";
import type { Permission } from "./permission.ts";
import type { Callee } from "./registration.ts";
import type { Session } from "./session.ts";

export function invocationDetails(
  session: Session,
  message: Call,
  rule: Permission,
  callee: Callee,
  wantsProgress: boolean,
  timeoutMs: number,
): Dict {
  const { options } = message;
  let details: Dict = withForwarders(options, carriedOver(options));
  // A pattern's callees must be told the procedure. [WAMP rpc_pattern_based_registration]
  if (callee.registration.match !== "exact") {
    details = { ...details, "procedure": message.procedure };
  }
  if (wantsProgress) details = { ...details, "receive_progress": true };
  if (callee.forwardsTimeout && timeoutMs > 0) details = { ...details, "timeout": timeoutMs };
  const isDisclosed = rule.disclose.caller ??
    (callee.disclosesCaller || options["disclose_me"] === true);
  return withTrust(rule, isDisclosed ? withCaller(session, details) : details);
}
