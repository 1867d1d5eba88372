/**
 * One session's exchange of messages with the router, from HELLO to the end: the state machine behind `session.ts`.
 * Owns the transport, the state and the counter of requests; hands messages to the four roles. Whatever ends a session ends every
 * request, so nothing waits for ever. Called by the transport from below, by `connect.ts` and `session.ts` from above.
 * [WAMP sessions]
 */
import type { Connection } from "../auth/authmethod.ts";
import { nextId } from "../wamp/id.ts";
import {
  type Abort,
  type Call,
  type Cancel,
  type Dict,
  EMPTY_DICT,
  type ErrorMessage,
  type EventReceived,
  type Goodbye,
  type Invocation,
  type Message,
  type Opening as OpeningMessage,
  type RouterBound,
  Type,
  typeNames,
  type Welcome,
  type Yield,
} from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { GOODBYE_AND_OUT, NO_SUCH_PROCEDURE, RUNTIME_ERROR, TRANSPORT_LOST } from "../wamp/uris.ts";
import { Caller } from "./caller.ts";
import type { DefinedErrors } from "./defined_errors.ts";
import { isDict, textIn } from "./details.ts";
import { type CloseDetails, ConnectError, SessionClosedError } from "./errors.ts";
import type { AddPassthru, Link, Request } from "./link.ts";
import { type Opened, type Opener, PlainOpening } from "./plain_opening.ts";
import { Publisher } from "./publisher.ts";
import { makeParts } from "./parts.ts";
import { Requests } from "./requests.ts";
import type { SessionParts } from "./session_parts.ts";
import type { Clock, ClosedHow, Log, MessageHandler, Timer, Transport } from "./transport.ts";

/** A router that does not answer GOODBYE within this time is left anyway. */
const GOODBYE_TIMEOUT_MS = 5_000;

export class Exchange implements MessageHandler, Link, Opened {
  readonly log: Log;
  readonly clock: Clock;
  readonly addPassthru: AddPassthru | undefined;
  /** Resolves when the session has ended; never rejects. */
  readonly ended: Promise<CloseDetails>;
  readonly caller: Caller;
  readonly publisher: Publisher;
  nextRequest = 1;

  readonly #transport: Transport;
  readonly #requests = new Requests();
  #resolveEnded: (details: CloseDetails) => void = () => {};
  #state: "opening" | "open" | "leaving" | "ended" = "opening";
  #opening: Opener | undefined = undefined;
  #partsMade: SessionParts | Promise<SessionParts> | undefined = undefined;
  #parts: SessionParts | undefined = undefined;
  #realm = "";
  #welcomed: (message: Welcome) => void = () => {};
  /** WELCOME.Details.roles */
  #routerRoles: Dict = EMPTY_DICT;
  /** How the session ends or has ended: set when it leaves the state "open". */
  #end: CloseDetails | undefined = undefined;
  #goodbyeTimer: Timer | undefined = undefined;

  constructor(transport: Transport, clock: Clock, log: Log, addPassthru?: AddPassthru) {
    this.#transport = transport;
    this.addPassthru = addPassthru;
    this.clock = clock;
    this.log = log;
    this.ended = new Promise((resolve) => this.#resolveEnded = resolve);
    this.caller = new Caller(this);
    this.publisher = new Publisher(this, this.#requests);
  }

  /** What methods of authentication see of the connection. */
  get connection(): Connection {
    return this.#transport.details;
  }

  /** Sends HELLO and waits for WELCOME. Rejects with JoinError, or ConnectError when the connection goes first. */
  join(realm: string, details: Dict, open: Open = plainly): Promise<Welcome> {
    return new Promise((welcomed, reject) => {
      if (this.#end !== undefined) return reject(notWelcomed(realm, this.#end));
      this.#welcomed = welcomed;
      this.#realm = realm;
      this.#opening = open(realm, this, reject);
      this.#transport.send({ type: Type.HELLO, realm, details });
    });
  }

  /** For the opening: WELCOME has come, and is to be trusted. */
  opened(message: Welcome, later: readonly Message[]): void {
    const { roles } = message.details;
    if (isDict(roles)) this.#routerRoles = roles;
    this.#state = "open";
    this.#opening = undefined;
    this.#welcomed(message);
    for (const one of later) this.receive(one);
  }

  /** For the opening. */
  refused(message: Abort): void {
    this.#finish(endOf(message));
  }

  /** For the opening. */
  sendAnswer(signature: string, extra: Dict): void {
    this.#transport.send({ type: Type.AUTHENTICATE, signature, extra });
  }

  /** Says GOODBYE; the session ends when the router answers, or does not in time. */
  leave(reason: string, message: string | undefined): void {
    if (this.#state !== "open") return;
    this.#state = "leaving";
    const farewell: CloseDetails = { reason, message, by: "client" };
    this.#end = farewell;
    const details = message === undefined ? EMPTY_DICT : { "message": message };
    this.#transport.send({ type: Type.GOODBYE, details, reason });
    this.#goodbyeTimer = this.clock.after(GOODBYE_TIMEOUT_MS, () => this.#finish(farewell));
  }

  /** Ends the session, whatever its state: ABORT is sent. */
  abort(reason: string, message: string): void {
    if (this.#state === "ended") return;
    this.#transport.send({
      type: Type.ABORT,
      details: { "message": message },
      reason,
      payload: Payload.EMPTY,
    });
    this.#finish({ reason, message, by: "client" });
  }

  /** Uses what not every session needs: before this returns, but in browsers. */
  async withParts<T>(use: (parts: SessionParts) => T | Promise<T>): Promise<T> {
    const made = this.#partsMade ??= makeParts(this, this.#requests);
    return await use(this.#parts ??= made instanceof Promise ? await made : made);
  }

  ask(message: Request): void {
    if (this.#end !== undefined) throw new SessionClosedError(nameOf(message), this.#end);
    this.#transport.send(message);
    this.nextRequest = nextId(this.nextRequest);
  }

  tell(message: Call | Cancel | ErrorMessage | EventReceived | Yield): void {
    if (this.#state === "open") this.#transport.send(message);
  }

  get errors(): DefinedErrors | undefined {
    return this.#parts?.errors;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  offers(role: "broker" | "dealer", feature: string): boolean {
    const announced = this.#routerRoles[role];
    const features = isDict(announced) ? announced["features"] : undefined;
    return isDict(features) && features[feature] === true;
  }

  wasRequested(request: number): boolean {
    return request < this.nextRequest;
  }

  receive(message: Message): void {
    try {
      switch (this.#state) {
        case "open":
          return this.#route(message);
        case "leaving":
          return this.#routeLast(message);
        case "opening":
          return this.#opening?.receive(message);
        case "ended":
          return;
      }
    } catch (error) {
      if (error instanceof ProtocolError) return this.fail(error);
      this.log.error("Session failed by a fault of this library", { error });
      this.abort(RUNTIME_ERROR, "Internal error");
    }
  }

  fail(error: ProtocolError): void {
    this.log.error("Router broke the protocol", { error });
    this.abort(error.uri, error.message);
  }

  closed(how: ClosedHow): void {
    this.#finish({ reason: TRANSPORT_LOST, message: `Connection ended: ${how}`, by: "transport" });
  }

  #route(message: Message): void {
    switch (message.type) {
      case Type.RESULT:
        return this.caller.result(message);
      case Type.EVENT:
        return this.#parts?.subscriber.event(message);
      case Type.INVOCATION:
        return this.#invoke(message);
      case Type.INTERRUPT:
        return this.#parts?.callee.interrupt(message);
      case Type.ERROR:
        if (message.requestType === Type.CALL) return this.caller.error(message);
        return this.#requests.refuse(message);
      case Type.PUBLISHED:
        return this.#requests.answer(Type.PUBLISH, message.request, message.publication);
      case Type.SUBSCRIBED:
        return this.#requests.answer(Type.SUBSCRIBE, message.request, message.subscription);
      case Type.UNSUBSCRIBED:
        if (message.request === 0) return this.#parts?.subscriber.revoked(message.details);
        return this.#requests.answer(Type.UNSUBSCRIBE, message.request, 0);
      case Type.REGISTERED:
        return this.#requests.answer(Type.REGISTER, message.request, message.registration);
      case Type.UNREGISTERED:
        if (message.request === 0) return this.#parts?.callee.revoked(message.details);
        return this.#requests.answer(Type.UNREGISTER, message.request, 0);
      case Type.GOODBYE:
        return this.#goodbye(message);
      case Type.ABORT:
        return this.#finish(endOf(message));
      default:
        message satisfies RouterBound | OpeningMessage;
        throw unexpected(message, "a message for a joined client");
    }
  }

  #invoke(message: Invocation): void {
    if (this.#parts !== undefined) return this.#parts.callee.invoke(message);
    this.tell({
      type: Type.ERROR,
      requestType: Type.INVOCATION,
      request: message.request,
      details: EMPTY_DICT,
      error: NO_SUCH_PROCEDURE,
      payload: Payload.EMPTY,
    });
  }

  /** GOODBYE was sent: answers on their way are still welcome, and nothing is begun any more. */
  #routeLast(message: Message): void {
    switch (message.type) {
      case Type.GOODBYE:
        return this.#finish(this.#end ?? endOf(message));
      case Type.INVOCATION:
      case Type.INTERRUPT:
      case Type.EVENT:
        return;
      default:
        return this.#route(message);
    }
  }

  #goodbye(message: Goodbye): void {
    this.#transport.send({ type: Type.GOODBYE, details: EMPTY_DICT, reason: GOODBYE_AND_OUT });
    this.#finish(endOf(message));
  }

  #finish(end: CloseDetails): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#end = end;
    this.#goodbyeTimer?.cancel();
    this.#transport.end(end.message ?? end.reason);
    this.#opening?.fail(notWelcomed(this.#realm, end));
    this.#requests.close(end);
    this.caller.close(end);
    this.#parts?.close(end);

    this.#resolveEnded(end);
  }
}

/** How a session begins. */
type Open = (realm: string, party: Opened, reject: (error: Error) => void) => Opener;

const plainly: Open = (realm, party, reject) => new PlainOpening(realm, party, reject);

function notWelcomed(realm: string, end: CloseDetails): ConnectError {
  const found = `${end.reason} (${end.message})`;
  return new ConnectError(`Cannot join realm "${realm}": found ${found}, expected WELCOME`);
}

function endOf(message: Abort | Goodbye): CloseDetails {
  const { reason, details } = message;
  return { reason, message: textIn(details, "message"), by: "router" };
}

function unexpected(message: Message, expected: string): ProtocolError {
  return new ProtocolError(
    `Cannot accept a message: found ${typeNames.get(message.type)}, expected ${expected}`,
  );
}

/** The request in words: `call "com.example.add2"`. */
function nameOf(message: Request): string {
  const verb = typeNames.get(message.type)?.toLowerCase();
  if ("procedure" in message) return `${verb} "${message.procedure}"`;
  if ("topic" in message) return `${verb} "${message.topic}"`;
  return `${verb} ${"subscription" in message ? message.subscription : message.registration}`;
}
