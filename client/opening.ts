/**
 * A session's opening: HELLO, perhaps CHALLENGE and AUTHENTICATE, and WELCOME, which counts only once the router has proved itself where a
 * method demands that. What arrives until then waits its turn. Made by `exchange.ts` for its one session. [WAMP auth-methods]
 */
import type { ClientNegotiation } from "../auth/negotiation.ts";
import { type Abort, type Challenge, type Message, Type, type Welcome } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { CANNOT_AUTHENTICATE, NO_MATCHING_AUTH_METHOD } from "../wamp/uris.ts";
import { textIn } from "./details.ts";
import { JoinError } from "./errors.ts";

/** Whose opening it is. */
export interface Opened {
  /** WELCOME is to be trusted: the session is open. `later` are the messages that came after it. */
  opened(message: Welcome, later: readonly Message[]): void;
  /** The router has refused the session. */
  refused(message: Abort): void;
  sendAnswer(signature: string, extra: Challenge["extra"]): void;
  abort(reason: string, message: string): void;
}

export class Opening {
  readonly #realm: string;
  readonly #negotiation: ClientNegotiation | undefined;
  readonly #party: Opened;
  readonly #reject: (error: Error) => void;
  /** A challenge is being answered. */
  #isAnswering = false;
  /** What has come after WELCOME, while it is looked at. */
  #later: Message[] | undefined = undefined;
  #isOver = false;

  constructor(
    realm: string,
    negotiation: ClientNegotiation | undefined,
    party: Opened,
    reject: (error: Error) => void,
  ) {
    this.#realm = realm;
    this.#negotiation = negotiation;
    this.#party = party;
    this.#reject = reject;
  }

  receive(message: Message): void {
    if (this.#later !== undefined) {
      const isLoaded = "payload" in message;
      this.#later.push(isLoaded ? { ...message, payload: message.payload.keep() } : message);
    } else if (message.type === Type.WELCOME && !this.#isAnswering) {
      this.#welcome(message);
    } else if (message.type === Type.CHALLENGE && !this.#isAnswering) {
      this.#challenge(message);
    } else if (message.type === Type.ABORT) {
      const { reason, details } = message;
      this.fail(new JoinError(this.#realm, reason, textIn(details, "message")));
      this.#party.refused(message);
    } else {
      const expected = this.#isAnswering ? "ABORT" : "WELCOME, CHALLENGE or ABORT";
      throw new ProtocolError(
        `Cannot accept a message: found one of type ${message.type}, expected ${expected}`,
      );
    }
  }

  /** The session will not open: what methods still say is of no interest. */
  fail(error: Error): void {
    this.#isOver = true;
    this.#reject(error);
  }

  #welcome(message: Welcome): void {
    if (this.#negotiation === undefined) return this.#party.opened(message, []);
    this.#later = [];
    this.#await(this.#negotiation.welcomed(message.details), () => {
      this.#party.opened(message, this.#later ?? []);
    });
  }

  #challenge({ authmethod, extra }: Challenge): void {
    if (this.#negotiation === undefined) {
      const text = `The router asks for authentication by "${authmethod}"`;
      this.fail(new JoinError(this.#realm, NO_MATCHING_AUTH_METHOD, text));
      return this.#party.abort(NO_MATCHING_AUTH_METHOD, "This client has no credentials");
    }
    this.#isAnswering = true;
    this.#await(this.#negotiation.answer(authmethod, extra), (answer) => {
      this.#isAnswering = false;
      this.#party.sendAnswer(answer.signature, answer.extra);
    });
  }

  #await<T>(coming: Promise<T>, proceed: (value: T) => void): void {
    coming.then(
      (value) => this.#isOver || proceed(value),
      (cause) => this.#isOver || this.#giveUp(cause),
    );
  }

  /** The program's own code may have failed: only the program learns of what. */
  #giveUp(cause: unknown): void {
    const isOurs = cause instanceof Error && cause.name === "HandshakeError";
    const text = cause instanceof Error ? cause.message : String(cause);
    this.fail(new JoinError(this.#realm, CANNOT_AUTHENTICATE, text, { cause }));
    this.#party.abort(CANNOT_AUTHENTICATE, isOurs ? text : "The client cannot answer");
  }
}
