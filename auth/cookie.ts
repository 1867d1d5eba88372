/**
 * The peer is known by the cookie that its WebSocket handshake brought: it has authenticated before, by another method, with the same cookie.
 * There is nothing to prove, and nothing to type. Router side: `node/cookies.ts` keeps who it was. Client side: the browser sends cookies.
 */
import type { Admission, ClientMethod, ClientMethodOptions, RouterMethod } from "./authmethod.ts";
import { guarded, HandshakeError, unusable } from "./authmethod.ts";

const METHOD = "cookie";

export interface CookieRouterOptions {
  /** Who authenticated with the cookie; undefined when nobody has, or no longer. @param cookie its name, as `Connection` has it. */
  readonly identityOf: (cookie: string) => Admission | undefined;
}

export function cookieRouter({ identityOf }: CookieRouterOptions): RouterMethod {
  return guarded(METHOD, [METHOD], (request) => {
    const { cookie } = request.connection;
    const identity = cookie === undefined ? undefined : identityOf(cookie);
    const fits = identity?.realm === request.realm &&
      (request.authid === undefined || request.authid === identity.authid);
    if (identity === undefined || !fits) {
      return unusable(METHOD, "found no cookie of somebody who has authenticated, expected one");
    }
    return { ...identity, authmethod: METHOD };
  });
}

/** For programs in browsers; others send no cookies. */
export function cookieClient(options: ClientMethodOptions = {}): ClientMethod {
  return {
    names: [METHOD],
    authid: options.authid,
    authrole: options.authrole,
    begin: () => ({
      authextra: options.authextra ?? {},
      answer() {
        throw new HandshakeError("Cannot answer CHALLENGE: found one for cookie, expected none");
      },
    }),
  };
}
