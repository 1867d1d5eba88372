/**
 * A session's opening where nobody has to prove anything: HELLO, and WELCOME or ABORT. Made by `exchange.ts`; `opening.ts`, which is loaded
 * for those that prove something, goes on from here. [WAMP sessions]
 */
import { type Abort, type Challenge, type Message, Type, type Welcome } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { NO_MATCHING_AUTH_METHOD } from "../wamp/uris.ts";
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

/** What a session is until it is open. */
export interface Opener {
  receive(message: Message): void;
  /** The session will not open. */
  fail(error: Error): void;
}

export class PlainOpening implements Opener {
  readonly #realm: string;
  readonly #party: Opened;
  /** The session will not open. */
  readonly fail: (error: Error) => void;

  constructor(realm: string, party: Opened, fail: (error: Error) => void) {
    this.#realm = realm;
    this.#party = party;
    this.fail = fail;
  }

  receive(message: Message): void {
    switch (message.type) {
      case Type.WELCOME:
        return this.#party.opened(message, []);
      case Type.ABORT:
        this.fail(new JoinError(this.#realm, message.reason, textIn(message.details, "message")));
        return this.#party.refused(message);
      case Type.CHALLENGE: {
        const text = `The router asks for authentication by "${message.authmethod}"`;
        this.fail(new JoinError(this.#realm, NO_MATCHING_AUTH_METHOD, text));
        return this.#party.abort(NO_MATCHING_AUTH_METHOD, "This client has no credentials");
      }
      default:
        throw new ProtocolError(
          `Cannot accept a message: found type ${message.type}, expected WELCOME, CHALLENGE or ABORT`,
        );
    }
  }
}
