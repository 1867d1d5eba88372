/**
 * Which method it is going to be. Router side: the first of the configured methods that the client offers and that can tell who it
 * is. Client side: all its methods in one HELLO, and CHALLENGE and WELCOME to the one that the router chose. Called by `router/` and
 * `client/`. [WAMP auth-methods]
 */
import type { Dict, Hello } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import * as uris from "../wamp/uris.ts";
import type {
  Answer,
  AuthRequest,
  ClientHandshake,
  ClientMethod,
  Connection,
  Denial,
  RouterMethod,
  Step,
} from "./authmethod.ts";
import { HandshakeError } from "./authmethod.ts";

/** Longer names are no names: they are looked up, logged and repeated in challenges. UTF-16 units. */
const MOST_AUTHID = 1024;

/** @param hello with details of the right types, see `wamp/options.ts`. */
export function requestOf(
  hello: Hello,
  facts: Pick<AuthRequest, "session" | "connection" | "transport">,
): AuthRequest {
  const { details, realm } = hello;
  const authid = details["authid"];
  const authmethods = details["authmethods"];
  const authextra = details["authextra"];
  return {
    realm,
    authid: typeof authid === "string" && authid !== "" ? authid : undefined,
    authmethods: Array.isArray(authmethods)
      ? authmethods.filter((name) => typeof name === "string")
      : [],
    authextra: isDict(authextra) ? authextra : {},
    ...facts,
  };
}

/** Begins the handshake by the first of `methods` that the client offers; a client that offers none offers to stay anonymous.
 * Answers at once if the method does. Neither throws nor rejects. */
export function negotiate(
  methods: readonly RouterMethod[],
  request: AuthRequest,
): Step | Promise<Step> {
  const offered = request.authmethods.length > 0 ? request.authmethods : ["anonymous"];
  const willing = methods.filter(({ names }) => names.some((name) => offered.includes(name)));
  if (willing.length === 0) return unmatched(methods, request);
  if ((request.authid?.length ?? 0) > MOST_AUTHID) {
    const problem = `found a HELLO.Details.authid of ${request.authid?.length} characters`;
    const text = `Cannot authenticate: ${problem}, expected at most ${MOST_AUTHID}`;
    return { refusal: uris.INVALID_ARGUMENT, text, why: problem };
  }
  return attempt(willing, 0, request);
}

function attempt(
  methods: readonly RouterMethod[],
  index: number,
  request: AuthRequest,
): Step | Promise<Step> {
  const proceed = (step: Step): Step | Promise<Step> => {
    const isLast = index + 1 >= methods.length;
    if (isLast || !("refusal" in step) || step.mayTryNext !== true) return step;
    return attempt(methods, index + 1, request);
  };
  const step = methods[index]?.begin(request) ?? unmatched(methods, request);
  return step instanceof Promise ? step.then(proceed) : proceed(step);
}

function unmatched(methods: readonly RouterMethod[], request: AuthRequest): Denial {
  const expected = methods.flatMap(({ names }) => names).join(", ");
  const found = request.authmethods.join(", ").slice(0, 100);
  if (found === "") {
    const text = `Cannot authenticate: found no authmethods in HELLO, expected one of ${expected}`;
    return { refusal: uris.AUTHENTICATION_REQUIRED, text, why: "no authmethod was offered" };
  }
  const text = `Cannot authenticate: found ${found}, expected one of ${expected}`;
  return { refusal: uris.NO_MATCHING_AUTH_METHOD, text, why: `offered was ${found}` };
}

/** What a client's session needs of its methods, all together. What it refuses, it refuses with `HandshakeError`. */
export interface ClientNegotiation {
  /** "authmethods", and where given "authid", "authrole" and "authextra". */
  readonly helloDetails: Dict;
  answer(authmethod: string, extra: Dict): Promise<Answer>;
  /** To be called before the session is used. */
  welcomed(details: Dict): Promise<void>;
}

/** Begins one handshake by all of `methods`. They must agree on authid, authrole and on what they both put into authextra. */
export async function offer(
  methods: readonly ClientMethod[],
  connection: Connection,
): Promise<ClientNegotiation> {
  const handshakes = new Map<string, ClientHandshake>();
  let hello: Dict = {};
  let authextra: Dict = {};
  for (const { names, authid, authrole, begin } of methods) {
    const handshake = await begin(connection);
    for (const name of names) handshakes.set(name, handshake);
    hello = merged("", hello, {
      ...(authid !== undefined && { "authid": authid }),
      ...(authrole !== undefined && { "authrole": authrole }),
    });
    authextra = merged("authextra.", authextra, handshake.authextra);
  }
  /** The method that the router chose, once it has challenged: WELCOME must be of the same. */
  let chosen: string | undefined;
  return {
    helloDetails: {
      ...hello,
      "authmethods": offeredNames(methods),
      ...(Object.keys(authextra).length > 0 && { "authextra": authextra }),
    },
    async answer(authmethod, extra) {
      const handshake = handshakes.get(authmethod);
      if (handshake === undefined) {
        const text = `found ${JSON.stringify(authmethod)}, expected one of ${
          [...handshakes.keys()].join(", ")
        }`;
        throw new HandshakeError(`Cannot answer CHALLENGE: ${text}`);
      }
      chosen = authmethod;
      return await handshake.answer(authmethod, extra);
    },
    async welcomed(details) {
      const authmethod = chosen ?? details["authmethod"];
      const handshake = typeof authmethod === "string" ? handshakes.get(authmethod) : undefined;
      if (handshake !== undefined) return await handshake.welcomed?.(details);
      // A false router must not get round its proof by a method that nobody offered.
      const isProofNeeded = handshakes.size > 0 &&
        [...handshakes.values()].every(({ welcomed }) => welcomed !== undefined);
      if (!isProofNeeded) return;
      const names = [...handshakes.keys()].join(", ");
      throw new HandshakeError(
        `Cannot trust the router: found WELCOME by ${
          JSON.stringify(authmethod)
        }, expected ${names}`,
      );
    },
  };
}

/** Second names after all first ones: Crossbar.io refuses who offers a name that it does not know before it has found one that it can do. */
function offeredNames(methods: readonly ClientMethod[]): readonly string[] {
  const first = methods.flatMap(({ names }) => names.slice(0, 1));
  const others = methods.flatMap(({ names }) => names.slice(1));
  return [...new Set([...first, ...others])];
}

function merged(place: string, known: Dict, more: Dict): Dict {
  for (const [key, value] of Object.entries(more)) {
    if (!Object.hasOwn(known, key) || JSON.stringify(known[key]) === JSON.stringify(value)) {
      continue;
    }
    throw new HandshakeError(
      `Cannot offer several authmethods: found two values for ${place}${key}, expected one`,
    );
  }
  return { ...known, ...more };
}
