/**
 * One HELLO and what follows, until the session is entered or refused: the gate decides, perhaps after CHALLENGE and AUTHENTICATE, within
 * a time limit. Keeps what belongs to the attempt, so that nothing of it is left in the session. Made by `session.ts` for each HELLO.
 * [WAMP auth-methods]
 */
import type { Authenticate, Dict, Hello } from "../wamp/message.ts";
import { Type } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import * as uris from "../wamp/uris.ts";
import type { Admission, Challenge, Decision, Gate, Refusal } from "./join.ts";
import type { Role } from "./permission.ts";
import type { Timer, Transport } from "./ports.ts";
import type { Realm } from "./realm.ts";
import { claimOf } from "./resumption.ts";
import type { Router } from "./router.ts";

/** From HELLO to WELCOME. */
const TIMEOUT_MS = 10_000;

/** Who is trying to join. */
export interface Applicant {
  readonly transport: Transport;
  enter(entry: Entry): void;
  abort(reason: string, text: string, details?: Dict): void;
  /** The gate has failed. */
  crash(cause: unknown): void;
}

/** All that makes a session of a connection. */
export interface Entry {
  readonly id: number;
  readonly hello: Hello;
  readonly admission: Admission;
  readonly realm: Realm;
  readonly role: Role;
}

export class Handshake {
  readonly #hello: Hello;
  readonly #gate: Gate;
  readonly #applicant: Applicant;
  readonly #router: Router;
  /** The id that the session is going to have: methods sign it. */
  readonly #id: number;
  readonly #timer: Timer;
  /** Waits for AUTHENTICATE. */
  #challenge: Challenge | undefined = undefined;
  #isOver = false;

  constructor(hello: Hello, gate: Gate, applicant: Applicant, router: Router) {
    this.#hello = hello;
    this.#gate = gate;
    this.#applicant = applicant;
    this.#router = router;
    this.#id = router.realm(hello.realm)?.newSessionId() ?? router.random.sessionId();
    this.#timer = router.clock.after(TIMEOUT_MS, () => this.#giveUp());
  }

  begin(): void {
    this.#follow(this.#gate.admit(this.#hello, this.#applicant.transport.details, this.#id));
  }

  authenticate({ signature, extra }: Authenticate): void {
    const challenge = this.#challenge;
    if (challenge === undefined) {
      throw new ProtocolError("Received AUTHENTICATE message without an unanswered CHALLENGE");
    }
    this.#challenge = undefined;
    this.#follow(challenge.answer({ signature, extra }));
  }

  /** The attempt is over: what the gate still says is of no interest. */
  abandon(): void {
    this.#isOver = true;
    this.#timer.cancel();
  }

  #follow(decision: Decision | Promise<Decision>): void {
    if (decision instanceof Promise) {
      decision.then((decided) => this.#take(decided))
        .catch((cause) => this.#applicant.crash(cause));
    } else {
      this.#take(decision);
    }
  }

  #take(decided: Decision): void {
    if (this.#isOver) return;
    if ("refusal" in decided) return this.#refuse(decided);
    if (!("answer" in decided)) return this.#demand(decided);
    this.#challenge = decided;
    const { authmethod, extra } = decided;
    this.#applicant.transport.send({ type: Type.CHALLENGE, authmethod, extra });
  }

  /** Only who has proved who it is has a realm made. */
  #demand(admission: Admission): void {
    const isThere = this.#router.realm(admission.realm) !== undefined;
    const making = isThere ? undefined : this.#router.onDemand?.demand(admission);
    if (making === undefined) return this.#admit(admission);
    making.then((refusal) => {
      if (this.#isOver) return;
      if (refusal === undefined) this.#admit(admission);
      else this.#refuse(refusal);
    }).catch((cause) => this.#applicant.crash(cause));
  }

  #admit(admission: Admission): void {
    const { realm: name, authrole } = admission;
    const realm = this.#router.realm(name);
    if (realm === undefined) {
      return this.#refuse({
        refusal: uris.NO_SUCH_REALM,
        text: `Cannot join realm "${name}": this router has no realm of that name`,
      });
    }
    const role = realm.role(authrole);
    if (role === undefined || (role.isTrusted && this.#gate.isInside !== true)) {
      return this.#refuse({
        refusal: uris.NO_SUCH_ROLE,
        text: `Cannot join realm "${name}" as "${authrole}": it has no such role`,
      });
    }
    // A session that is taken up is one already.
    const isNew = claimOf(this.#hello.details) === undefined;
    const limited = isNew ? limitsProblem(role, admission.authid) : undefined;
    if (limited !== undefined) {
      const text = `Cannot join realm "${name}": ${limited}`;
      return this.#refuse({ refusal: uris.LIMIT_EXCEEDED, text });
    }
    // Another may have joined under the id meanwhile, or the realm be another than was asked for.
    const id = realm.sessions.has(this.#id) ? realm.newSessionId() : this.#id;
    this.abandon();
    this.#applicant.enter({ id, hello: this.#hello, admission, realm, role });
  }

  #refuse({ refusal, text, details, why }: Refusal): void {
    if (why !== undefined) {
      const { log } = this.#router;
      const { peer } = this.#applicant.transport.details;
      const facts = { peer, realm: this.#hello.realm, refusal, why };
      const line = "Refused a session of realm {realm} to {peer} with {refusal}: {why}";
      if (refusal === uris.AUTHENTICATION_FAILED) log.error(line, facts);
      else log.info(line, facts);
    }
    this.#applicant.abort(refusal, text, details);
  }

  #giveUp(): void {
    const isPeersTurn = this.#challenge !== undefined;
    this.#refuse({
      refusal: uris.AUTHENTICATION_FAILED,
      text: `Cannot authenticate: found no end of it within ${TIMEOUT_MS / 1000} s`,
      ...(!isPeersTurn && { why: "what decides, an authenticator perhaps, took too long" }),
    });
  }
}

/** Why the role cannot have another session of this authid. Where it is to make room for it, older ones of it are told to leave. */
function limitsProblem(role: Role, authid: string): string | undefined {
  const { limits } = role;
  const quota = limits?.quota;
  if (limits === undefined || quota === undefined) return undefined;
  const leaving = quota.inTheWay(authid);
  const exceeded = quota.exceeded(authid, leaving.length);
  if (exceeded !== undefined) return limits.refuse(exceeded);
  for (const session of leaving) {
    limits.counts.kicked++;
    session.goodbye(uris.KILLED, "Another session of the same authid has joined");
  }
  return undefined;
}
