/**
 * One attempt to take a session up over a new connection: HELLO with the session's token, the methods of authentication as at the first
 * time, and WELCOME or ABORT. From WELCOME on, what arrives is the session's. Made by `connect.ts` for `lifeline.ts`.
 */
import type { ClientMethod } from "../auth/authmethod.ts";
import type { ClientNegotiation } from "../auth/negotiation.ts";
import { type Abort, type Dict, type Message, Type, type Welcome } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { CANNOT_RESUME } from "../wamp/uris.ts";
import type { Lifeline } from "./lifeline.ts";
import { Opening } from "./opening.ts";
import type { Opened } from "./plain_opening.ts";
import type { ClosedHow, Dial, DialOptions, MessageHandler, Transport } from "./transport.ts";

export interface ReentrySettings {
  readonly realm: string;
  /** HELLO.Details of the first time, without those of methods. */
  readonly hello: Dict;
  readonly methods: readonly ClientMethod[] | undefined;
  readonly lifeline: Lifeline;
}

/** Dials, and takes the session up. */
export async function reenter(
  options: DialOptions,
  dial: Dial,
  settings: ReentrySettings,
): Promise<void> {
  const { signal } = options;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let reentry: Reentry | undefined;
  const giveUp = () => {
    reject(signal.reason);
    reentry?.end();
  };
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    dial(options, (transport) => {
      reentry = new Reentry(transport, settings, resolve, reject);
      if (signal.aborted) reentry.end();
      else reentry.begin().catch(reject);
      return reentry;
    }).catch(reject);
    await promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

class Reentry implements MessageHandler, Opened {
  readonly #transport: Transport;
  readonly #settings: ReentrySettings;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #opening: Opening | undefined = undefined;
  /** The session goes on here. */
  #isOpen = false;

  constructor(
    transport: Transport,
    settings: ReentrySettings,
    resolve: () => void,
    reject: (error: Error) => void,
  ) {
    this.#transport = transport;
    this.#settings = settings;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  async begin(): Promise<void> {
    const { realm, hello, methods, lifeline } = this.#settings;
    const negotiation = methods && await this.#negotiation(methods);
    this.#opening = new Opening(realm, negotiation, this, this.#reject);
    const details = { ...hello, ...negotiation?.helloDetails, ...lifeline.claim };
    this.#transport.send({ type: Type.HELLO, realm, details });
  }

  end(): void {
    if (!this.#isOpen) this.#transport.end("The client no longer waits");
  }

  receive(message: Message): void {
    if (this.#isOpen) return this.#settings.lifeline.receive(message);
    try {
      this.#opening?.receive(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error);
    }
  }

  answered(message: Message): void {
    if (this.#isOpen) this.#settings.lifeline.answered(message);
    else this.receive(message);
  }

  fail(error: ProtocolError): void {
    if (this.#isOpen) return this.#settings.lifeline.fail(error);
    this.abort(error.uri, error.message);
    this.#reject(error);
  }

  closed(how: ClosedHow): void {
    if (this.#isOpen) this.#settings.lifeline.closed(how);
    else this.#reject(new Error(`found the connection ended: ${how}`));
  }

  opened(message: Welcome, later: readonly Message[]): void {
    const { lifeline } = this.#settings;
    this.#isOpen = true;
    const problem = lifeline.resumed(this.#transport, message);
    if (problem === undefined) {
      this.#resolve();
      for (const one of later) lifeline.receive(one);
      return;
    }
    this.#isOpen = false;
    const text = `Cannot resume the session: ${problem}`;
    this.abort(CANNOT_RESUME, text);
    this.#refuse(abortOf(CANNOT_RESUME, text));
  }

  refused(message: Abort): void {
    this.#transport.end("refused");
    this.#refuse(message);
  }

  sendAnswer(signature: string, extra: Dict): void {
    this.#transport.send({ type: Type.AUTHENTICATE, signature, extra });
  }

  abort(reason: string, message: string): void {
    this.#transport.send(abortOf(reason, message));
    this.#transport.end(message);
  }

  /** No other attempt would fare better. */
  #refuse(message: Abort): void {
    this.#settings.lifeline.refused(message);
    this.#resolve();
  }

  async #negotiation(methods: readonly ClientMethod[]): Promise<ClientNegotiation> {
    const { offer } = await import("../auth/negotiation.ts");
    return await offer(methods, this.#transport.details);
  }
}

function abortOf(reason: string, message: string): Abort {
  return { type: Type.ABORT, details: { "message": message }, reason, payload: Payload.EMPTY };
}
