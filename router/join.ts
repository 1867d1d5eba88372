/**
 * From HELLO to WELCOME or ABORT: who the peer is and under which role it joins. With dynamic authorization the only code that may
 * wait; a gate that answers at once keeps the whole join synchronous. `authenticated.ts` has the gate that wants proof.
 * Called by `handshake.ts` and `session.ts`. [WAMP sessions]
 */
import type { Admission, Step } from "../auth/authmethod.ts";
import { BROKER_FEATURES, DEALER_FEATURES, META_FEATURES } from "../wamp/features.ts";
import type { Dict, Hello } from "../wamp/message.ts";
import { isDict, optionProblem } from "../wamp/options.ts";
import { isUri } from "../wamp/uri.ts";
import * as uris from "../wamp/uris.ts";
import { VERSION } from "../wamp/version.ts";
import { TRUSTED } from "./permission.ts";
import type { Random, TransportDetails } from "./ports.ts";

export type { Admission, Challenge, Step } from "../auth/authmethod.ts";

/** Decides who may join over a transport. One per listener; see `anonymous`, `authenticated` and `embedded`. */
export interface Gate {
  /** The peers are sessions inside the router's process: the only ones that may join under the role "trusted". */
  readonly isInside?: true;
  /** @param session the id that the session will have, should it be admitted. */
  admit(
    hello: Hello,
    transport: TransportDetails,
    session: number,
  ): Decision | Promise<Decision>;
  /** A connection for which it was asked has ended, or went over to an earlier session. */
  ended?(transport: TransportDetails): void;
  /** A peer that it let in said goodbye for good: `wamp.close.logout`. */
  loggedOut?(transport: TransportDetails): void;
}

/** A challenge leads to another decision, by its `answer`. */
export type Decision = Step | Refusal;

/** Becomes an ABORT with this reason and text. */
export interface Refusal {
  readonly refusal: string;
  readonly text: string;
  /** More for ABORT.Details. */
  readonly details?: Dict;
  /** For the operator's log, when there is more to know than the peer is told. */
  readonly why?: string;
}

const ROLES: readonly string[] = ["publisher", "subscriber", "caller", "callee"];

/** What is wrong with a HELLO, whoever sends it. */
export function helloProblem(hello: Hello): Refusal | undefined {
  if (!isUri(hello.realm, "loose")) {
    return {
      refusal: uris.INVALID_URI,
      text: `Cannot join realm ${JSON.stringify(hello.realm.slice(0, 100))}: it is no valid URI`,
    };
  }
  const problem = optionProblem(hello) ?? rolesProblem(hello.details["roles"]);
  return problem === undefined ? undefined : { refusal: uris.PROTOCOL_VIOLATION, text: problem };
}

/** A client announces at least one role that a client can have, each with a dictionary. */
function rolesProblem(roles: unknown): string | undefined {
  const expected = `a dictionary with at least one of ${ROLES.join(", ")}`;
  if (!isDict(roles)) return `Cannot accept HELLO.Details.roles: expected ${expected}`;
  if (!ROLES.some((role) => Object.hasOwn(roles, role))) {
    const found = Object.keys(roles).join(", ").slice(0, 100) || "none";
    return `Cannot accept HELLO.Details.roles: found ${found}, expected ${expected}`;
  }
  for (const role of ROLES) {
    const announced = Object.hasOwn(roles, role) ? roles[role] : undefined;
    if (announced !== undefined && !isDict(announced)) {
      return `Cannot accept HELLO.Details.roles.${role}: expected a dictionary`;
    }
  }
  return undefined;
}

/** Lets everybody in under one role, as long as the client does not insist on proving who it is. */
export function anonymous(role: string, random: Random): Gate {
  return {
    admit: (hello) => {
      const problem = helloProblem(hello);
      if (problem !== undefined) return problem;
      const offered = hello.details["authmethods"];
      if (Array.isArray(offered) && offered.length > 0 && !offered.includes("anonymous")) {
        return {
          refusal: uris.NO_MATCHING_AUTH_METHOD,
          text: `Cannot authenticate: found ${
            offered.join(", ").slice(0, 100)
          }, expected "anonymous"`,
        };
      }
      return {
        realm: hello.realm,
        authid: random.authid(),
        authrole: role,
        authmethod: "anonymous",
        authprovider: "static",
        authextra: undefined,
      };
    },
  };
}

/** For sessions inside the router's process: the caller vouches for them. */
export function embedded(identity: { authid: string; authrole?: string }): Gate {
  return {
    isInside: true,
    admit: (hello) =>
      helloProblem(hello) ?? {
        realm: hello.realm,
        authid: identity.authid,
        authrole: identity.authrole ?? TRUSTED,
        authmethod: "local",
        authprovider: "embedded",
        authextra: undefined,
      },
  };
}

/** WELCOME.Details: who the peer has become, and what the router can do. */
export function welcomeDetails(admission: Admission, hasMetaApi: boolean): Dict {
  return {
    "realm": admission.realm,
    "authid": admission.authid,
    "authrole": admission.authrole,
    "authmethod": admission.authmethod,
    "authprovider": admission.authprovider,
    ...(admission.authextra === undefined ? {} : { "authextra": admission.authextra }),
    "roles": hasMetaApi ? ROLES_WITH_META : ROLES_WITHOUT_META,
    "agent": `Realmway-${VERSION}`,
  };
}

const ROLES_WITH_META = announcement(true);
const ROLES_WITHOUT_META = announcement(false);

function announcement(hasMetaApi: boolean): Dict {
  const features = (names: readonly string[]) => ({
    "features": Object.fromEntries(
      names.filter((name) => hasMetaApi || !META_FEATURES.includes(name)).map((
        name,
      ) => [name, true]),
    ),
  });
  // The specification has this one beside the features.
  const reflection = hasMetaApi ? { "reflection": true } : {};
  return Object.freeze({
    "broker": { ...features(Object.keys(BROKER_FEATURES)), ...reflection },
    "dealer": { ...features(Object.keys(DEALER_FEATURES)), ...reflection },
  });
}
