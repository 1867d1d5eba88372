/**
 * The gate of peers that prove who they are, by one of the methods of `auth/`. Apart from `join.ts`, so that routers without
 * authentication need not load it. Given to `Router.attach`. [WAMP auth-methods]
 */
import type { RouterMethod } from "../auth/authmethod.ts";
import { negotiate, requestOf } from "../auth/negotiation.ts";
import type { Dict } from "../wamp/message.ts";
import type { Gate } from "./join.ts";
import { helloProblem } from "./join.ts";
import type { TransportDetails } from "./ports.ts";

/** @param methods the first that the client offers too is taken. */
export function authenticated(methods: readonly RouterMethod[]): Gate {
  return {
    admit: (hello, details, session) =>
      helloProblem(hello) ??
        negotiate(
          methods,
          requestOf(hello, { session, connection: details, transport: dictOf(details) }),
        ),
  };
}

/** What authenticators are told of the connection. Credentials that browsers send along are not theirs to know. */
function dictOf(details: TransportDetails): Dict {
  const { kind, serializer, peer, listener, isSecure, http, certificate, cookie } = details;
  return {
    "type": kind,
    "serializer": serializer,
    "peer": peer,
    "is_secure": isSecure,
    ...(listener !== undefined && { "transport": listener }),
    ...(http !== undefined && { "http_path": http.path }),
    ...(cookie !== undefined && { "cbtid": cookie }),
    ...(certificate !== undefined && {
      "certificate": { "subject": certificate.subject, "sha256": certificate.sha256 },
    }),
  };
}
