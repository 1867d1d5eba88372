/** What options of a request carry over to the message that it leads to. HOT. Used by broker and dealer. */
import type { Dict } from "../wamp/message.ts";
import { EMPTY_DICT } from "../wamp/message.ts";
import type { Permission } from "./permission.ts";
import type { Session } from "./session.ts";

/** The opaque payload's own description travels with it. [WAMP payload_passthru_mode] */
const PAYLOAD_KEYS: readonly string[] = [
  "ppt_scheme",
  "ppt_serializer",
  "ppt_cipher",
  "ppt_keyid",
  "enc_algo",
  "enc_serializer",
  "enc_key",
];

/**
 * The attributes that pass through the router: payload descriptions and everybody's own `_name` attributes.
 * [WAMP messages: extensibility]
 */
export function carriedOver(options: Dict): Dict {
  if (options === EMPTY_DICT) return EMPTY_DICT;
  let carried: Record<string, unknown> | undefined;
  for (const key in options) {
    const value = options[key];
    // Autobahn|Python writes null for an option that was not given.
    if (value === null) continue;
    if (key.charCodeAt(0) === 0x5f ? key !== "__proto__" : PAYLOAD_KEYS.includes(key)) {
      (carried ??= {})[key] = value;
    }
  }
  return carried ?? EMPTY_DICT;
}

/** The way that a message came over router links travels with it. See `forwarding.ts`. */
export function withForwarders(options: Dict, details: Dict): Dict {
  const way = options["forward_for"];
  return Array.isArray(way) ? { ...details, "forward_for": way } : details;
}

/** True when the payload is for the other peer's eyes only. [WAMP payload_passthru_mode] */
export function isPassedThrough(options: Dict): boolean {
  const scheme = options["ppt_scheme"];
  return typeof scheme === "string" && scheme !== "";
}

/** Details that say how far the role of who calls or publishes is trusted. [WAMP rpc_call_trustlevels] */
export function withTrust({ trustlevel }: Permission, details: Dict): Dict {
  return trustlevel === undefined ? details : { ...details, "trustlevel": trustlevel };
}

/** INVOCATION details that say who calls. [WAMP rpc_caller_identification] */
export function withCaller(session: Session, details: Dict): Dict {
  return {
    ...details,
    "caller": session.id,
    "caller_authid": session.authid,
    "caller_authrole": session.role.name,
  };
}

/** EVENT details that say who publishes. [WAMP pubsub_publisher_identification] */
export function withPublisher(session: Session, details: Dict): Dict {
  return {
    ...details,
    "publisher": session.id,
    "publisher_authid": session.authid,
    "publisher_authrole": session.role.name,
  };
}

/** Details of UNSUBSCRIBED and UNREGISTERED that nobody asked for. */
export function revocation(
  kind: "subscription" | "registration",
  id: number,
  reason: string | undefined,
): Dict {
  return reason === undefined ? { [kind]: id } : { [kind]: id, "reason": reason };
}
