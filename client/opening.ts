/**
 * A session's opening where something is to be proved: HELLO, CHALLENGE and AUTHENTICATE, and WELCOME, which counts only once the router has
 * proved itself where a method demands that. What arrives until then waits its turn. Loaded by `connect.ts` and `reentry.ts`.
 * [WAMP auth-methods]
 */
import type { ClientNegotiation } from "../auth/negotiation.ts";
import { type Challenge, type Message, Type, type Welcome } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { CANNOT_AUTHENTICATE } from "../wamp/uris.ts";
import { JoinError } from "./errors.ts";
import { type Opened, type Opener, PlainOpening } from "./plain_opening.ts";

export class Opening implements Opener {
  readonly #realm: string;
  readonly #negotiation: ClientNegotiation | undefined;
  readonly #party: Opened;
  /** Takes what needs no negotiation. */
  readonly #plain: PlainOpening;
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
    this.#plain = new PlainOpening(realm, party, (error) => {
      this.#isOver = true;
      reject(error);
    });
  }

  receive(message: Message): void {
    if (this.#later !== undefined) {
      const isLoaded = "payload" in message;
      this.#later.push(isLoaded ? { ...message, payload: message.payload.keep() } : message);
    } else if (message.type === Type.ABORT || this.#negotiation === undefined) {
      this.#plain.receive(message);
    } else if (this.#isAnswering) {
      throw new ProtocolError(
        `Cannot accept a message: found one of type ${message.type}, expected ABORT`,
      );
    } else if (message.type === Type.WELCOME) {
      this.#welcome(message, this.#negotiation);
    } else if (message.type === Type.CHALLENGE) {
      this.#challenge(message, this.#negotiation);
    } else this.#plain.receive(message);
  }

  /** What methods still say is of no interest. */
  fail(error: Error): void {
    this.#plain.fail(error);
  }

  #welcome(message: Welcome, negotiation: ClientNegotiation): void {
    this.#later = [];
    this.#await(negotiation.welcomed(message.details), () => {
      this.#party.opened(message, this.#later ?? []);
    });
  }

  #challenge({ authmethod, extra }: Challenge, negotiation: ClientNegotiation): void {
    this.#isAnswering = true;
    this.#await(negotiation.answer(authmethod, extra), (answer) => {
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
