/**
 * A session at the level of messages, for looking at what a router really does: joined by the library, with any authmethod, then used
 * directly. It announces every feature there is. What is received is kept until somebody asks for it. [WAMP messages]
 */
import { dial } from "../../client/dial.ts";
import { connect, type ConnectOptions } from "../../client/connect.ts";
import type { Session } from "../../client/session.ts";
import type { Dial, MessageHandler, Transport } from "../../client/transport.ts";
import { type Dict, EMPTY_DICT, type Message, Type, typeNames } from "../../wamp/message.ts";
import { BROKER_FEATURES, DEALER_FEATURES } from "../../wamp/features.ts";
import { Payload } from "../../wamp/payload.ts";
import { Finding } from "./finding.ts";

/** How long a router may take for anything. */
const PATIENCE_MS = 2000;

type Features = Readonly<Record<string, unknown>>;
const all = (features: Features) => ({
  "features": Object.fromEntries(Object.keys(features).map((name) => [name, true])),
});
const EVERYTHING: Dict = {
  "caller": all(DEALER_FEATURES),
  "callee": all(DEALER_FEATURES),
  "publisher": all(BROKER_FEATURES),
  "subscriber": all(BROKER_FEATURES),
};

/** A message, and its arguments where it has some. */
export interface Received<M extends Message = Message> {
  readonly message: M;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

type OfType<T extends Message["type"]> = Extract<Message, { readonly type: T }>;

export class Peer {
  readonly #session: Session;
  readonly #line: Line;
  #request = 0;

  private constructor(session: Session, line: Line) {
    this.#session = session;
    this.#line = line;
  }

  static async join(options: ConnectOptions): Promise<Peer> {
    const line = new Line();
    const session = await connect({ ...options, dial: line.through(dial) });
    return new Peer(session, line);
  }

  get id(): number {
    return this.#session.id;
  }

  /** WELCOME.Details. */
  get welcome(): Dict {
    return this.#session.details;
  }

  async leave(): Promise<void> {
    await this.#session.leave();
  }

  send(message: Message): void {
    this.#line.send(message);
  }

  nextRequest(): number {
    return ++this.#request;
  }

  /** The first message of the type that nobody has taken yet and that fits. Rejects with a Finding when none comes. */
  async take<T extends Message["type"]>(
    type: T,
    fits: (received: Received<OfType<T>>) => boolean = () => true,
  ): Promise<Received<OfType<T>>> {
    return await this.#line.take(type, fits);
  }

  /** Sends a request and takes its answer. Rejects with a Finding that has the ERROR's URI. */
  async answer<T extends Message["type"]>(
    message: Message & { readonly request: number },
    type: T,
  ) {
    this.send(message);
    const { request } = message;
    const isAnswer = ({ message }: Received) => "request" in message && message.request === request;
    return await Promise.race([
      this.take(type, isAnswer),
      this.take(Type.ERROR, isAnswer).then(({ message: { error }, args }) => {
        throw new Finding(
          `${typeNames.get(message.type)} is answered by ${error} ${args.join(" ")}`,
        );
      }),
    ]);
  }

  async register(procedure: string, options: Dict = EMPTY_DICT): Promise<number> {
    const request = this.nextRequest();
    const message = { type: Type.REGISTER, request, options, procedure } as const;
    return (await this.answer(message, Type.REGISTERED)).message.registration;
  }

  async subscribe(topic: string, options: Dict = EMPTY_DICT): Promise<number> {
    const request = this.nextRequest();
    const message = { type: Type.SUBSCRIBE, request, options, topic } as const;
    return (await this.answer(message, Type.SUBSCRIBED)).message.subscription;
  }

  /** Acknowledged. */
  async publish(topic: string, args: readonly unknown[], options: Dict = EMPTY_DICT) {
    await this.answer({
      type: Type.PUBLISH,
      request: this.nextRequest(),
      options: { "acknowledge": true, ...options },
      topic,
      payload: Payload.of(args),
    }, Type.PUBLISHED);
  }

  /** Sends CALL and returns the request. */
  startCall(
    procedure: string,
    args: readonly unknown[] = [],
    options: Dict = EMPTY_DICT,
    request = this.nextRequest(),
  ): number {
    this.send({ type: Type.CALL, request, options, procedure, payload: Payload.of(args) });
    return request;
  }

  /** For procedures of the router. */
  async call(procedure: string, args: readonly unknown[] = [], kwargs: Dict = EMPTY_DICT) {
    const payload = Payload.of(args, kwargs);
    const request = this.nextRequest();
    const message = { type: Type.CALL, request, options: EMPTY_DICT, procedure, payload } as const;
    return (await this.answer(message, Type.RESULT)).args[0];
  }

  yield(request: number, args: readonly unknown[], options: Dict = EMPTY_DICT): void {
    this.send({ type: Type.YIELD, request, options, payload: Payload.of(args) });
  }

  refuse(request: number, error: string): void {
    this.send({
      type: Type.ERROR,
      requestType: Type.INVOCATION,
      request,
      details: EMPTY_DICT,
      error,
      payload: Payload.EMPTY,
    });
  }
}

interface Waiter {
  accept(received: Received): boolean;
}

/** The connection, with the library's session at its far end for joining and leaving alone. */
class Line {
  readonly #received: Received[] = [];
  readonly #waiting = new Set<Waiter>();
  #transport: Transport | undefined;
  #isJoined = false;

  through(dial: Dial): Dial {
    return (options, attach) =>
      dial(options, (transport) => {
        this.#transport = transport;
        const handler = attach(announcing(transport));
        return this.#handler(handler);
      });
  }

  send(message: Message): void {
    this.#transport?.send(message);
  }

  take<T extends Message["type"]>(
    type: T,
    fits: (received: Received<OfType<T>>) => boolean,
  ): Promise<Received<OfType<T>>> {
    return new Promise((resolve, reject) => {
      const isOfType = (received: Received): received is Received<OfType<T>> =>
        received.message.type === type;
      const waiter: Waiter = {
        accept: (received) => {
          if (!isOfType(received) || !fits(received)) return false;
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve(received);
          return true;
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(new Finding(`no ${typeNames.get(type)} within ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      const at = this.#received.findIndex((received) => waiter.accept(received));
      if (at >= 0) this.#received.splice(at, 1);
      else this.#waiting.add(waiter);
    });
  }

  #handler(session: MessageHandler): MessageHandler {
    return {
      receive: (message) => {
        const isSessions = message.type === Type.GOODBYE || message.type === Type.ABORT;
        if (!this.#isJoined || isSessions) session.receive(message);
        else this.#add(message);
        this.#isJoined ||= message.type === Type.WELCOME;
      },
      fail: (error) => session.fail(error),
      closed: (how) => session.closed(how),
    };
  }

  #add(message: Message): void {
    const values = "payload" in message
      ? message.payload.decode()
      : { args: [], kwargs: EMPTY_DICT };
    const received = { message, args: values.args, kwargs: values.kwargs };
    for (const waiter of this.#waiting) if (waiter.accept(received)) return;
    this.#received.push(received);
  }
}

/** HELLO with all features. */
function announcing(transport: Transport): Transport {
  return {
    details: transport.details,
    send: (message) =>
      transport.send(
        message.type === Type.HELLO
          ? { ...message, details: { ...message.details, "roles": EVERYTHING } }
          : message,
      ),
    deliver: (outgoing) => transport.deliver(outgoing),
    end: (reason) => transport.end(reason),
    pause: () => transport.pause(),
    resume: () => transport.resume(),
  };
}
