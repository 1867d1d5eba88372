/**
 * Requests that wait for their one answer: REGISTER, UNREGISTER, SUBSCRIBE, UNSUBSCRIBE and acknowledged PUBLISH. Calls, which are
 * many and may be answered in parts, are in `caller.ts`.
 */
import { type ErrorMessage, type RequestType, typeNames } from "../wamp/message.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { readValues } from "./call_result.ts";
import type { DefinedErrors } from "./defined_errors.ts";
import { ApplicationError, type CloseDetails, SessionClosedError } from "./errors.ts";

interface Waiting {
  readonly type: RequestType;
  /** `register "com.example.add2"` */
  readonly what: string;
  /** Runs before the next message is looked at, so a registration is in place when its first INVOCATION comes.
   * @param id of the registration, subscription or publication; 0 where the answer has none. */
  readonly answered: (id: number) => void;
  readonly refused: (error: Error) => void;
}

export class Requests {
  readonly #waiting = new Map<number, Waiting>();

  add(
    request: number,
    type: RequestType,
    what: string,
    answered: (id: number) => void,
    refused: (error: Error) => void,
  ): void {
    this.#waiting.set(request, { type, what, answered, refused });
  }

  answer(type: RequestType, request: number, id: number): void {
    this.#take(type, request).answered(id);
  }

  refuse(message: ErrorMessage): void {
    this.#take(message.requestType, message.request).refused(readError(message));
  }

  /** The session is over. */
  close(details: CloseDetails): void {
    for (const { what, refused } of this.#waiting.values()) {
      refused(new SessionClosedError(what, details));
    }
    this.#waiting.clear();
  }

  #take(type: RequestType, request: number): Waiting {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined || waiting.type !== type) {
      throw new ProtocolError(
        `Cannot accept an answer: found request ${request}, expected a ${
          typeNames.get(type)
        } that waits`,
      );
    }
    this.#waiting.delete(request);
    return waiting;
  }
}

/** The error that an ERROR message brings. @param defined where classes for it may be defined. */
export function readError(message: ErrorMessage, defined?: DefinedErrors): Error {
  try {
    const { args, kwargs } = readValues(message.payload);
    return defined?.read(message.error, args, kwargs) ??
      new ApplicationError(message.error, args, kwargs);
  } catch (cause) {
    return new Error(`Cannot read the arguments of ${message.error}`, { cause });
  }
}
