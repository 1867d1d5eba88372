/**
 * Sessions that outlive their connection, where a realm allows it and the peer asks for it: what is kept, who may take it up, and how
 * both sides tell each other what they have. Ours, as the specification has only the names (`docs/extensions.md`). Owned by
 * `session.ts`, which keeps everything else of the session.
 */
import { isEqual, utf8 } from "../auth/bytes.ts";
import type { Dict, Hello } from "../wamp/message.ts";
import { MessageRing } from "../wamp/message_ring.ts";
import type { Admission } from "./join.ts";
import { KeptTransport } from "./kept_transport.ts";
import type { Clock, Random, Transport } from "./ports.ts";

export interface ResumptionOptions {
  /** How long a session without a connection is kept. Default 30,000. */
  readonly timeoutMs?: number;
  /** Sessions without a connection; those of later broken connections end at once. Default 1,000. */
  readonly maxDetached?: number;
  /** Bytes of messages that are kept of each session to be sent again. Default 1 MiB. */
  readonly maxBytes?: number;
  /** How long they are kept while the session has a connection, as one may be broken for a while before that shows. Default 60,000. */
  readonly maxAgeMs?: number;
}

/** Resumption as a realm allows it. */
export interface ResumptionRules extends Required<ResumptionOptions> {
  readonly clock: Clock;
  readonly random: Random;
}

export function resumptionRules(
  options: ResumptionOptions,
  ports: Pick<ResumptionRules, "clock" | "random">,
): ResumptionRules {
  const { timeoutMs = 30_000, maxDetached = 1_000, maxBytes = 1_048_576, maxAgeMs = 60_000 } =
    options;
  return { ...ports, timeoutMs, maxDetached, maxBytes, maxAgeMs };
}

/** A HELLO that takes up an earlier session. */
export interface Claim {
  readonly session: number;
  readonly token: string;
  /** Messages of that session that the peer has received since WELCOME. */
  readonly received: number;
  /** Marks repeated attempts of one peer: an answer may have got lost. */
  readonly attempt: string | undefined;
}

/** What a HELLO claims; a text says what is wrong with it; undefined when it begins a session. */
export function claimOf(details: Dict): Claim | string | undefined {
  const session = details["resume-session"] ?? undefined;
  if (session === undefined) return undefined;
  const token = details["resume-token"];
  const received = details["x_resume_received"];
  const attempt = details["x_resume_attempt"] ?? undefined;
  if (typeof session !== "number" || typeof token !== "string") {
    return "found no resume-token, expected the one of WELCOME";
  }
  if (typeof received !== "number") {
    return "found no x_resume_received, expected the number of messages received since WELCOME";
  }
  return { session, token, received, attempt: typeof attempt === "string" ? attempt : undefined };
}

/** Whatever is wrong: who has no right to know is not told. */
const UNKNOWN = "found no such session, token or authid, expected those of a session that is kept";

export class Resumption {
  readonly transport: KeptTransport;
  readonly timeoutMs: number;
  /** Messages of the peer since WELCOME. */
  #received = 0;
  readonly #rules: ResumptionRules;
  #token: string;
  /** Used, by whom, and nothing has come from there since: its answer may have got lost. */
  #spent: { readonly token: string; readonly attempt: string } | undefined = undefined;

  constructor(connection: Transport, rules: ResumptionRules) {
    this.#rules = rules;
    this.timeoutMs = rules.timeoutMs;
    this.transport = new KeptTransport(connection, new MessageRing(rules), rules.clock);
    this.#token = tokenOf(rules.random);
  }

  /** A message of the peer is being received. */
  count(): void {
    this.#received++;
    this.#spent = undefined;
  }

  /** For WELCOME.Details. */
  get offer(): Dict {
    return {
      "resumable": true,
      // Autobahn|Python reads this name, and writes the other.
      "resume_token": this.#token,
      "resume-token": this.#token,
      "x_resume_received": this.#received,
      "x_resume_timeout": this.timeoutMs,
    };
  }

  /** Gives the session to the one who claims it, or says why not. A token serves once. */
  take(
    { token, received, attempt }: Claim,
    own: Admission,
    claimant: Admission,
  ): string | undefined {
    const isRepeated = attempt !== undefined && this.#spent?.attempt === attempt &&
      isSame(token, this.#spent.token);
    if (!(isRepeated || isSame(token, this.#token)) || !isSamePrincipal(own, claimant)) {
      return UNKNOWN;
    }
    const { ring } = this.transport;
    if (!ring.reachesBackTo(received)) {
      return `found ${received} messages received, expected ${
        ring.first - 1
      } to ${ring.last}: what was sent before is not kept any more`;
    }
    ring.received(received);
    this.#spent = attempt === undefined ? undefined : { token, attempt };
    this.#token = tokenOf(this.#rules.random);
    return undefined;
  }
}

/** Undefined unless the peer asks for it and the realm allows it. */
export function resumptionOf(
  { details }: Hello,
  rules: ResumptionRules | undefined,
  connection: Transport,
): Resumption | undefined {
  if (rules === undefined || details["resumable"] !== true) return undefined;
  return new Resumption(connection, rules);
}

/** Gives a session to the one who claims it, or says why not. @param own who joined it. */
export function take(
  resumption: Resumption | undefined,
  claim: Claim | string,
  own: Admission | undefined,
  claimant: Admission,
): string | undefined {
  if (typeof claim === "string") return claim;
  if (resumption === undefined || own === undefined) return UNKNOWN;
  return resumption.take(claim, own, claimant);
}

/** Anonymous peers are given another authid each time: there the token alone tells who they are. */
function isSamePrincipal(own: Admission, claimant: Admission): boolean {
  const isAnonymous = own.authmethod === "anonymous" && claimant.authmethod === "anonymous";
  return own.authrole === claimant.authrole && (isAnonymous || own.authid === claimant.authid);
}

function isSame(one: string, other: string): boolean {
  return isEqual(utf8(one), utf8(other));
}

/** Two names that nobody can guess. */
function tokenOf(random: Random): string {
  return `${random.authid()}-${random.authid()}`;
}
