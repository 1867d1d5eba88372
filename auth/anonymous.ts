/** Everybody may join: under a fixed role, or one that an authenticator assigns by what it sees of the connection. */
import type { Dict } from "../wamp/message.ts";
import type { ClientMethod, ClientMethodOptions, RouterMethod } from "./authmethod.ts";
import { denied, guarded, HandshakeError } from "./authmethod.ts";
import { admitted, find, type Principals } from "./principals.ts";

const METHOD = "anonymous";

export interface AnonymousRouterOptions {
  /** Default "anonymous". */
  readonly role?: string;
  /** The realm that peers are sent to, whatever they ask for. */
  readonly realm?: string;
  /** One authid for all. Default: a new one each. */
  readonly authid?: string;
  /** Makes the authid of a peer, which the peer has no say in. */
  readonly newAuthid: () => string;
  /** Assigns realm, role and authid instead. Asked with the new authid. */
  readonly principals?: Principals;
  /** Default "static". */
  readonly authprovider?: string;
}

/** Answers at once unless `principals` takes its time. */
export function anonymousRouter(options: AnonymousRouterOptions): RouterMethod {
  const { role = "anonymous", realm, principals, authprovider = "static" } = options;
  const rest = { authmethod: METHOD, authprovider, defaultRole: role };
  const fixed: Dict = realm === undefined ? {} : { "realm": realm };
  return guarded(METHOD, [METHOD], (request) => {
    const authid = options.authid ?? options.newAuthid();
    if (principals === undefined) return admitted({ ...fixed, "authid": authid }, request, rest);
    const query = { authmethod: METHOD, request, authid } as const;
    return find({ principals }, query).then((record) =>
      record === undefined
        ? denied(METHOD, "its authenticator knows nobody")
        : admitted({ "authid": authid, ...fixed, ...record }, request, rest)
    );
  });
}

/** @param options `authid` is sent, but routers choose one of their own. */
export function anonymousClient(options: ClientMethodOptions = {}): ClientMethod {
  return {
    names: [METHOD],
    authid: options.authid,
    authrole: options.authrole,
    begin: () => ({
      authextra: options.authextra ?? {},
      answer() {
        throw new HandshakeError("Cannot answer CHALLENGE: found one for anonymous, expected none");
      },
    }),
  };
}
