/**
 * A link's session in one of the two realms that it joins, at the level of messages: payloads are passed on unopened, and every answer goes
 * to the one who asked. The client's own session would decode what only has to cross. Made by `link.ts`, used by the mirrors.
 */
import type { Connection } from "../../auth/authmethod.ts";
import type { ClientNegotiation } from "../../auth/negotiation.ts";
import { Opening } from "../../client/opening.ts";
import type { Opened } from "../../client/plain_opening.ts";
import type { CloseDetails } from "../../client/errors.ts";
import type {
  Clock,
  ClosedHow,
  Log,
  MessageHandler,
  Timer,
  Transport,
} from "../../router/ports.ts";
import { nextId } from "../../wamp/id.ts";
import {
  type Abort,
  type Call,
  type Cancel,
  type Dict,
  EMPTY_DICT,
  type ErrorMessage,
  type Event,
  type Goodbye,
  type Interrupt,
  type Invocation,
  type Message,
  type Publish,
  type Register,
  type Registered,
  type Result,
  type Subscribe,
  type Subscribed,
  Type,
  typeNames,
  type Unregister,
  type Unregistered,
  type Unsubscribe,
  type Unsubscribed,
  type Welcome,
  type Yield,
} from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { Payload } from "../../wamp/payload.ts";
import { ProtocolError } from "../../wamp/protocol_error.ts";
import * as uris from "../../wamp/uris.ts";

/** A router that does not answer GOODBYE within this time is left anyway. */
const GOODBYE_TIMEOUT_MS = 2_000;

/** What may answer a request of a link. */
export type Reply = ErrorMessage | Registered | Result | Subscribed | Unregistered | Unsubscribed;

type Request = Call | Register | Subscribe | Unregister | Unsubscribe;

/** What a request was answered with, where that is an error. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  readonly uri: string;

  constructor(uri: string, text: string) {
    super(text);
    this.uri = uri;
  }
}

export interface LinkPeerOptions {
  /** "local" or "remote", for logs. */
  readonly side: string;
  readonly clock: Clock;
  readonly log: Log;
}

export class LinkPeer implements MessageHandler, Opened {
  readonly side: string;
  /** Resolves when the session has ended; never rejects. */
  readonly ended: Promise<CloseDetails>;
  /** Who takes the events of a subscription, and the invocations of a registration, by their ids. */
  readonly events = new Map<number, (event: Event) => void>();
  readonly invocations = new Map<number, (invocation: Invocation) => void>();
  /** Who serves an invocation, by its request id. */
  readonly serving = new Map<number, Serving>();
  id = 0;
  authid = "";
  authrole = "";
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #transport: Transport | undefined = undefined;
  #state: "opening" | "open" | "leaving" | "ended" = "opening";
  #opening: Opening | undefined = undefined;
  #lastRequest = 0;
  #welcomed: (message: Welcome) => void = () => {};
  #resolveEnded: (details: CloseDetails) => void = () => {};
  #timer: Timer | undefined = undefined;

  constructor({ side, clock, log }: LinkPeerOptions) {
    this.side = side;
    this.#clock = clock;
    this.#log = log;
    this.ended = new Promise((resolve) => this.#resolveEnded = resolve);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** What methods of authentication see of the connection. Once it is attached. */
  get connection(): Connection {
    if (this.#transport === undefined) {
      throw new Error("Cannot tell of a connection before there is one");
    }
    return this.#transport.details;
  }

  attach(transport: Transport): MessageHandler {
    this.#transport = transport;
    return this;
  }

  /** Sends HELLO. Rejects with JoinError, or with Error when the connection goes first. */
  join(realm: string, details: Dict, negotiation?: ClientNegotiation): Promise<Welcome> {
    return new Promise((resolve, reject) => {
      if (this.#state === "ended") {
        return reject(new Error(`Cannot join realm "${realm}": found the connection closed`));
      }
      this.#welcomed = resolve;
      this.#opening = new Opening(realm, negotiation, this, reject);
      this.#transport?.send({ type: Type.HELLO, realm, details });
    });
  }

  /** @param answered runs before the next message is looked at; the reply's payload is valid until it returns. An ended session answers
   * with ERROR. */
  request(make: (request: number) => Request, answered: (reply: Reply) => void): number {
    const request = this.#nextRequest();
    const message = make(request);
    if (this.#state !== "open") {
      answered(canceled(message.type, request));
      return request;
    }
    this.#waiting.set(request, answered);
    this.#transport?.send(message);
    return request;
  }

  publish(make: (request: number) => Publish): void {
    if (this.#state === "open") this.#transport?.send(make(this.#nextRequest()));
  }

  /** For what is no new request: more of a call, its cancellation, answers to invocations. */
  tell(message: Call | Cancel | ErrorMessage | Yield): void {
    if (this.#state === "open") this.#transport?.send(message);
  }

  /** Calls a procedure of the meta API. Rejects with LinkError. */
  ask(procedure: string, ...args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const payload = Payload.of(args);
      this.request(
        (request) => ({ type: Type.CALL, request, options: EMPTY_DICT, procedure, payload }),
        (reply) => {
          if (reply.type === Type.RESULT) resolve(reply.payload.decode().args[0]);
          else reject(errorOf(reply, `call ${procedure}`));
        },
      );
    });
  }

  /** Resolves to the id of the subscription. Rejects with LinkError. */
  subscribe(topic: string, options: Dict, onEvent: (event: Event) => void): Promise<number> {
    return new Promise((resolve, reject) => {
      this.request(
        (request) => ({ type: Type.SUBSCRIBE, request, options, topic }),
        (reply) => {
          if (reply.type !== Type.SUBSCRIBED) {
            return reject(errorOf(reply, `subscribe to ${topic}`));
          }
          this.events.set(reply.subscription, onEvent);
          resolve(reply.subscription);
        },
      );
    });
  }

  unsubscribe(subscription: number): void {
    if (!this.events.delete(subscription)) return;
    this.request(
      (request) => ({ type: Type.UNSUBSCRIBE, request, subscription, options: EMPTY_DICT }),
      ignore,
    );
  }

  /** Resolves to the id of the registration. Rejects with LinkError. */
  register(
    procedure: string,
    options: Dict,
    onInvocation: (invocation: Invocation) => void,
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      this.request(
        (request) => ({ type: Type.REGISTER, request, options, procedure }),
        (reply) => {
          if (reply.type !== Type.REGISTERED) {
            return reject(errorOf(reply, `register ${procedure}`));
          }
          this.invocations.set(reply.registration, onInvocation);
          resolve(reply.registration);
        },
      );
    });
  }

  unregister(registration: number): void {
    if (!this.invocations.delete(registration)) return;
    this.request(
      (request) => ({ type: Type.UNREGISTER, request, registration, options: EMPTY_DICT }),
      ignore,
    );
  }

  /** Says GOODBYE; `ended` resolves when the router has answered, or does not in time. */
  leave(): void {
    if (this.#state === "ended" || this.#state === "leaving") return;
    const end: CloseDetails = { reason: uris.CLOSE_NORMAL, message: undefined, by: "client" };
    if (this.#state === "opening") return this.#finish(end);
    this.#state = "leaving";
    this.#transport?.send({ type: Type.GOODBYE, details: EMPTY_DICT, reason: uris.CLOSE_REALM });
    this.#timer = this.#clock.after(GOODBYE_TIMEOUT_MS, () => this.#finish(end));
  }

  // For the opening.

  opened(message: Welcome, later: readonly Message[]): void {
    const { session, details } = message;
    this.id = session;
    this.authid = textIn(details, "authid");
    this.authrole = textIn(details, "authrole");
    this.#state = "open";
    this.#opening = undefined;
    this.#welcomed(message);
    for (const one of later) this.receive(one);
  }

  refused(message: Abort): void {
    this.#finish(endOf(message));
  }

  sendAnswer(signature: string, extra: Dict): void {
    this.#transport?.send({ type: Type.AUTHENTICATE, signature, extra });
  }

  abort(reason: string, text: string): void {
    if (this.#state === "ended") return;
    const details = { "message": text };
    this.#transport?.send({ type: Type.ABORT, details, reason, payload: Payload.EMPTY });
    this.#finish({ reason, message: text, by: "client" });
  }

  // For the transport.

  receive(message: Message): void {
    try {
      if (this.#state === "opening") this.#opening?.receive(message);
      else if (this.#state !== "ended") this.#route(message);
    } catch (cause) {
      if (cause instanceof ProtocolError) return this.fail(cause);
      this.#log.error("Fault in a router link: {error}", {
        side: this.side,
        error: cause instanceof Error ? cause.stack : String(cause),
      });
      this.abort(uris.RUNTIME_ERROR, "Internal error");
    }
  }

  fail(error: ProtocolError): void {
    this.#log.error("The {side} router of a link broke the protocol: {problem}", {
      side: this.side,
      problem: error.message,
    });
    this.abort(error.uri, error.message);
  }

  closed(how: ClosedHow): void {
    this.#finish({
      reason: uris.TRANSPORT_LOST,
      message: `Connection ended: ${how}`,
      by: "transport",
    });
  }

  #route(message: Message): void {
    switch (message.type) {
      case Type.EVENT:
        return this.events.get(message.subscription)?.(message);
      case Type.INVOCATION:
        return this.#invoke(message);
      case Type.INTERRUPT:
        return this.serving.get(message.request)?.interrupt(message);
      case Type.RESULT:
      case Type.ERROR:
      case Type.SUBSCRIBED:
      case Type.REGISTERED:
        return this.#answer(message);
      case Type.UNSUBSCRIBED:
      case Type.UNREGISTERED:
        return message.request === 0 ? this.#revoked(message) : this.#answer(message);
      case Type.GOODBYE:
        return this.#goodbye(message);
      case Type.ABORT:
        return this.#finish(endOf(message));
      default:
        throw new ProtocolError(
          `Cannot accept a message: found ${
            typeNames.get(message.type)
          }, expected one for a joined client`,
        );
    }
  }

  #invoke(message: Invocation): void {
    const serving = this.serving.get(message.request);
    if (serving !== undefined) return serving.proceed(message);
    const serve = this.invocations.get(message.registration);
    if (serve !== undefined) return serve(message);
    // An invocation that crossed the end of its registration.
    this.tell({
      type: Type.ERROR,
      requestType: Type.INVOCATION,
      request: message.request,
      details: EMPTY_DICT,
      error: uris.UNAVAILABLE,
      payload: Payload.of(["The procedure is no longer available over this link"]),
    });
  }

  #answer(message: Reply): void {
    const answered = this.#waiting.get(message.request);
    if (answered === undefined) return; // canceled, and answered before the cancellation came
    if (message.type !== Type.RESULT || message.details["progress"] !== true) {
      this.#waiting.delete(message.request);
    }
    answered(message);
  }

  /** The router has taken something away: what depends on it is told when the connection is made anew. */
  #revoked({ details }: Unsubscribed | Unregistered): void {
    const { subscription, registration } = details;
    if (typeof subscription === "number") this.events.delete(subscription);
    if (typeof registration === "number") this.invocations.delete(registration);
  }

  #goodbye(message: Goodbye): void {
    if (this.#state === "open") {
      this.#transport?.send({
        type: Type.GOODBYE,
        details: EMPTY_DICT,
        reason: uris.GOODBYE_AND_OUT,
      });
    }
    this.#finish(endOf(message));
  }

  #finish(end: CloseDetails): void {
    if (this.#state === "ended") return;
    const wasOpening = this.#state === "opening";
    this.#state = "ended";
    this.#timer?.cancel();
    this.#transport?.end(end.message ?? end.reason);
    if (wasOpening) this.#opening?.fail(new Error(`${end.reason} (${end.message})`));
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const [request, answered] of waiting) answered(canceled(Type.CALL, request));
    const serving = [...this.serving.values()];
    this.serving.clear();
    for (const one of serving) one.abandon();
    this.#resolveEnded(end);
  }

  #nextRequest(): number {
    return this.#lastRequest = nextId(this.#lastRequest);
  }
}

/** A call on its way through the link, seen from the side that it came from. */
export interface Serving {
  /** More of a progressive call. */
  proceed(invocation: Invocation): void;
  interrupt(message: Interrupt): void;
  /** The session has ended: nobody waits for an answer. */
  abandon(): void;
}

function ignore(): void {}

function canceled(requestType: ErrorMessage["requestType"], request: number): ErrorMessage {
  return {
    type: Type.ERROR,
    requestType,
    request,
    details: EMPTY_DICT,
    error: uris.CANCELED,
    payload: Payload.of(["Call canceled: the link lost its connection"]),
  };
}

function errorOf(reply: Reply, what: string): LinkError {
  if (reply.type !== Type.ERROR) {
    return new LinkError(
      uris.PROTOCOL_VIOLATION,
      `Cannot ${what}: found an answer of another kind`,
    );
  }
  const [text] = reply.payload.decode().args;
  return new LinkError(reply.error, `Cannot ${what}: found ${reply.error} (${String(text ?? "")})`);
}

function endOf(message: Abort | Goodbye): CloseDetails {
  const text = isDict(message.details) ? message.details["message"] : undefined;
  return {
    reason: message.reason,
    message: typeof text === "string" ? text : undefined,
    by: "router",
  };
}

function textIn(details: Dict, key: string): string {
  const value = details[key];
  return typeof value === "string" ? value : "";
}
