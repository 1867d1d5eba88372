/**
 * Principals that somebody else knows: a WAMP procedure (`type` "dynamic") or a function of a user module (`type` "function"), called with
 * (realm, authid, details) as Crossbar.io calls its authenticators. They answer a role, or a record: "role", and where wanted "realm",
 * "authid", "extra" and what the method checks ("secret", "pubkey", "stored-key", ...). Made by `auth.ts`. [WAMP dynamic-auth]
 */
import { DenialError } from "../auth/authmethod.ts";
import type { PrincipalQuery, Principals } from "../auth/principals.ts";
import { isApplicationError } from "../client/errors.ts";
import type { Clock, Timer } from "../router/ports.ts";
import type { Router } from "../router/router.ts";
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import * as uris from "../wamp/uris.ts";
import type { InsideSessions } from "./inside_sessions.ts";
import { StartError } from "./start_error.ts";
import { userFunction } from "./user_module.ts";

/** May answer by a promise. Undefined, null and false: nobody is known. */
type Authenticate = (realm: string, authid: string | null, details: Dict) => unknown;

/** What says that the authenticator is not there or broke, instead of what it thinks of the peer. */
const FAULTS: readonly string[] = [
  uris.NO_SUCH_PROCEDURE,
  uris.NO_AVAILABLE_CALLEE,
  uris.MAX_CONCURRENCY_REACHED,
  uris.CANCELED,
  uris.TIMEOUT,
  uris.RUNTIME_ERROR,
  uris.INVALID_ARGUMENT,
  uris.UNAVAILABLE,
];

export interface ProcedureOptions {
  readonly router: Router;
  /** Who calls it. */
  readonly sessions: InsideSessions;
  readonly procedure: string;
  /** Where the procedure is. Default: the realm that the peer asks for. */
  readonly realm?: string | undefined;
  readonly timeoutMs: number;
}

export function procedurePrincipals(options: ProcedureOptions): Principals {
  const { router, sessions, procedure, timeoutMs } = options;
  return principalsBy(async (realm, authid, details) => {
    const where = options.realm ?? realm;
    if (router.realm(where) === undefined) {
      const text = `Cannot join realm "${realm}": this router has no realm of that name`;
      throw new DenialError(uris.NO_SUCH_REALM, text);
    }
    const session = await sessions.in(where);
    const answer = await session.call(procedure, [realm, authid, details], {}, { timeoutMs });
    // Whoever may register the procedure in this realm has no say in others.
    const assigned = isDict(answer) ? answer["realm"] ?? realm : realm;
    if (options.realm === undefined && assigned !== realm) {
      throw new Error(
        `Cannot use the authenticator's answer: found realm ${JSON.stringify(assigned)}, ` +
          `expected "${realm}", where it is; name its realm in "authenticator-realm" if it may decide about others`,
      );
    }
    return answer;
  });
}

export interface FunctionOptions {
  /** "./file.ts:name" or "folder.file.name", below the node directory. */
  readonly create: string;
  /** What it is called with, once. */
  readonly config: unknown;
  readonly directory: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Rejects with StartError when there is no such function, or when it makes none. */
export async function functionPrincipals(options: FunctionOptions): Promise<Principals> {
  const { create, config, directory, timeoutMs, clock } = options;
  const make = await userFunction(create, directory);
  let made: unknown;
  try {
    made = await make(config);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot make the authenticator "${create}": ${why}`, { cause });
  }
  if (typeof made !== "function") {
    const found = made === null ? "null" : typeof made;
    throw new StartError(
      `Cannot make the authenticator "${create}": found ${found}, expected it to return a function`,
    );
  }
  const authenticate = made;
  return principalsBy(async (...question) => {
    let timer: Timer | undefined;
    const late = new Promise((_resolve, reject) => {
      const text = `The authenticator "${create}" has not answered within ${timeoutMs} ms`;
      timer = clock.after(timeoutMs, () => reject(new Error(text)));
    });
    try {
      return await Promise.race([Reflect.apply(authenticate, undefined, question), late]);
    } finally {
      timer?.cancel();
    }
  });
}

function principalsBy(authenticate: Authenticate): Principals {
  return {
    async find(query) {
      const { request } = query;
      try {
        const answer = await authenticate(request.realm, query.authid ?? null, detailsOf(query));
        return recordOf(answer);
      } catch (cause) {
        // A user's function throws errors of its own; those of WAMP say what the peer is to be told.
        if (!isApplicationError(cause) || FAULTS.includes(cause.uri)) throw cause;
        const [text] = cause.args;
        throw new DenialError(cause.uri, typeof text === "string" ? text : cause.uri);
      }
    },
  };
}

/** What the authenticator learns of the peer. */
function detailsOf(query: PrincipalQuery): Dict {
  const { authmethod, request, publicKey, certificate, ticket, claims } = query;
  return {
    "authmethod": authmethod,
    "session": request.session,
    "realm": request.realm,
    "authextra": request.authextra,
    "transport": request.transport,
    ...(ticket !== undefined && { "ticket": ticket }),
    ...(claims !== undefined && { "claims": claims }),
    ...(publicKey !== undefined && { "pubkey": publicKey }),
    ...(certificate !== undefined && {
      "client_cert": {
        "subject": certificate.subject,
        "sha256": certificate.sha256,
        ...(certificate.sha1 !== undefined && { "sha1": certificate.sha1 }),
      },
    }),
  };
}

function recordOf(answer: unknown): Dict | undefined {
  if (answer === undefined || answer === null || answer === false) return undefined;
  if (typeof answer === "string" && answer !== "") return { "role": answer };
  if (isDict(answer)) return answer;
  const found = Array.isArray(answer) ? "a list" : `${typeof answer}`;
  throw new Error(
    `Cannot use the authenticator's answer: found ${found}, expected a role or a dictionary`,
  );
}
