/** Why a request is refused, and the words for it. Used by broker, dealer and meta API. */
import type { Publish } from "../wamp/message.ts";
import { optionProblem } from "../wamp/options.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { isProtected, isUri, type UriRule } from "../wamp/uri.ts";
import * as uris from "../wamp/uris.ts";
import { isPassedThrough } from "./details.ts";
import { payloadProblem } from "./payload_check.ts";
import type { Permission } from "./permission.ts";
import type { Session } from "./session.ts";

/** Becomes the ERROR that answers the request. */
export interface Refusal {
  readonly error: string;
  readonly text: string;
}

export function invalid(action: string, uri: string): string {
  return `Cannot ${action} ${JSON.stringify(uri.slice(0, 100))}: it is no valid URI`;
}

export function refused(session: Session, action: string, uri: string): string {
  return `Cannot ${action} "${uri}": role "${session.role.name}" has no permission for it`;
}

/** What came over router links and would go on in a circle. */
export function cameBack(action: string, uri: string): string {
  return `Cannot ${action} "${uri}": its forward_for names a session of this realm, so it has been here before`;
}

/** A rule does not allow it, or nobody could tell whether it does. */
export function unauthorized(
  session: Session,
  rule: Permission,
  action: string,
  uri: string,
): Refusal {
  return rule.failure === undefined
    ? { error: uris.NOT_AUTHORIZED, text: refused(session, action, uri) }
    : { error: uris.AUTHORIZATION_FAILED, text: rule.failure };
}

/** Why nobody but the router itself may use the name. */
export function reserved(action: string, uri: string): string {
  return `Cannot ${action} "${uri}": names that begin with "wamp" or "crossbar" are reserved`;
}

/** Why a publication may not be; undefined when it may. */
export function publicationRefusal(
  session: Session,
  message: Publish,
  rule: Permission,
  uriRule: UriRule,
): Refusal | undefined {
  const { options, topic } = message;
  const problem = optionProblem(message);
  if (problem !== undefined) return { error: uris.INVALID_ARGUMENT, text: problem };
  if (!isUri(topic, uriRule)) {
    return { error: uris.INVALID_URI, text: invalid("publish to", topic) };
  }
  if (isProtected(topic) && !session.role.isTrusted) {
    return { error: uris.INVALID_URI, text: reserved("publish to", topic) };
  }
  if (isPassedThrough(options) && !session.features.passesPayload.publisher) {
    throw new ProtocolError(
      "Cannot accept PUBLISH with ppt_scheme: the publisher did not announce payload_passthru_mode",
    );
  }
  if (!rule.allow.publish) {
    return unauthorized(session, rule, "publish to", topic);
  }
  if (options["disclose_me"] === true && rule.disclose.publisher === false) {
    const text = `Cannot disclose the publisher: the role's permission for "${topic}" forbids it`;
    return { error: uris.DISCLOSE_ME_DISALLOWED, text };
  }
  const unfit = payloadProblem(rule.validate?.event, message.payload, options);
  if (unfit !== undefined) return { error: uris.INVALID_ARGUMENT, text: unfit };
  return undefined;
}
