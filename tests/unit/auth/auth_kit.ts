/** Plays whole handshakes between the two sides of `auth/`, as JSON over an imaginary wire that tests may tamper with. */
import assert from "node:assert/strict";
import type {
  Admission,
  Answer,
  AuthRequest,
  Challenge,
  ClientMethod,
  Connection,
  Denial,
  RouterMethod,
  Step,
} from "../../../auth/authmethod.ts";
import { negotiate, offer, requestOf } from "../../../auth/negotiation.ts";
import { type Dict, Type } from "../../../wamp/message.ts";
import { AUTHENTICATION_DENIED } from "../../../wamp/uris.ts";

export const SESSION = 3251278072152162;

export interface Tampering {
  readonly realm?: string;
  readonly router?: AuthRequest["connection"];
  readonly client?: Connection;
  readonly hello?: (details: Dict) => Dict;
  readonly challenge?: (extra: Dict, authmethod: string) => Dict;
  readonly answer?: (answer: Answer) => Answer;
  readonly welcome?: (details: Dict) => Dict;
}

/** What the wire leaves of a value. */
function wired<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

export function requestWith(details: Dict, more: Partial<AuthRequest> = {}): AuthRequest {
  const facts = { session: SESSION, connection: {}, transport: {} };
  const hello = { type: Type.HELLO, realm: more.realm ?? "realm1", details } as const;
  return { ...requestOf(hello, facts), ...more };
}

/** HELLO to WELCOME or ABORT. Rejects when the client refuses to go on. */
export async function play(
  methods: readonly RouterMethod[],
  clients: readonly ClientMethod[],
  tampering: Tampering = {},
): Promise<Admission | Denial> {
  const same = <T>(value: T): T => value;
  const { realm = "realm1", hello = same, challenge = same, answer = same, welcome = same } =
    tampering;
  const client = await offer(clients, tampering.client ?? {});
  const request = requestWith(hello(wired(client.helloDetails)), {
    realm,
    connection: tampering.router ?? {},
  });
  let step = await negotiate(methods, request);
  while ("answer" in step) {
    const extra = challenge(wired(step.extra), step.authmethod);
    step = await step.answer(answer(wired(await client.answer(step.authmethod, extra))));
  }
  if ("refusal" in step) return step;
  const { realm: joined, authextra, ...identity } = step;
  const details = { "realm": joined, ...identity, ...(authextra && { "authextra": authextra }) };
  await client.welcomed(welcome(wired(details)));
  return step;
}

export function admittedAs(step: Step): Omit<Admission, "authextra"> {
  assert("authid" in step, `denied: ${"why" in step ? step.why : "challenged"}`);
  const { authextra: _authextra, ...identity } = step;
  return identity;
}

export function challengeOf(step: Step): Challenge {
  assert("answer" in step, "refusal" in step ? step.why : "admitted");
  return step;
}

export function denialOf(step: Step): Denial {
  assert("refusal" in step, "not denied");
  return step;
}

/** The step is a denial, and tells the peer no more than that. */
export function assertDenied(step: Step, why?: string): void {
  const denial = denialOf(step);
  assert.equal(denial.refusal, AUTHENTICATION_DENIED);
  assert.match(denial.text, /^Cannot authenticate by "[a-z-]+": found wrong credentials$/);
  if (why !== undefined) assert.equal(denial.why, why);
}
