/**
 * Two transports joined back to back, for sessions that live in the router's process: what one side sends the other receives on the
 * next microtask, in order, so that nobody re-enters anybody. Messages cross as they are; nothing is encoded.
 */
import type { ClosedHow, MessageHandler, Transport, TransportDetails } from "../router/ports.ts";
import type { Message } from "../wamp/message.ts";
import type { Outgoing } from "../wamp/outgoing.ts";

export interface LocalEnd extends Transport {
  /** Sets who receives. What arrived before waits. */
  attach(handler: MessageHandler): void;
}

export interface LocalPair {
  readonly client: LocalEnd;
  readonly router: LocalEnd;
}

/** @param onFault gets what a handler throws; both ends are closed then. @param details replace some of the default ones. */
export function createLocalPair(
  onFault: (error: unknown) => void,
  details: Partial<TransportDetails> = {},
): LocalPair {
  const all: TransportDetails = {
    kind: "local",
    serializer: "none",
    peer: "local",
    isSecure: true,
    ...details,
  };
  const client = new End(all, onFault);
  const router = new End(all, onFault);
  client.join(router);
  router.join(client);
  return { client, router };
}

class End implements LocalEnd {
  readonly details: TransportDetails;
  readonly #onFault: (error: unknown) => void;
  #peer: End | undefined = undefined;
  #handler: MessageHandler | undefined = undefined;
  #inbox: Message[] = [];
  /** Set once the other end said that no more will come; what is in the inbox still arrives. */
  #closing: ClosedHow | undefined = undefined;
  #isScheduled = false;
  #isPaused = false;
  #isEnded = false;
  #isClosed = false;

  constructor(details: TransportDetails, onFault: (error: unknown) => void) {
    this.details = details;
    this.#onFault = onFault;
  }

  join(peer: End): void {
    this.#peer = peer;
  }

  attach(handler: MessageHandler): void {
    this.#handler = handler;
    this.#schedule();
  }

  send(message: Message): void {
    if (!this.#isEnded && !this.#isClosed) this.#peer?.arrive(message);
  }

  deliver(outgoing: Outgoing): void {
    this.send(outgoing.message);
  }

  end(_reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#peer?.closing("clean");
    this.closing("clean");
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  arrive(message: Message): void {
    if (this.#closing !== undefined) return;
    this.#inbox.push(kept(message));
    this.#schedule();
  }

  closing(how: ClosedHow): void {
    this.#closing ??= how;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isPaused || this.#handler === undefined || this.#isClosed) {
      return;
    }
    if (this.#inbox.length === 0 && this.#closing === undefined) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    this.#isScheduled = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (let i = 0; i < inbox.length; i++) {
      if (this.#isPaused) {
        this.#inbox = inbox.slice(i).concat(this.#inbox);
        return;
      }
      // After our own end nothing is received any more.
      if (this.#isEnded || this.#isClosed) break;
      this.#guarded(() => this.#handler?.receive(inbox[i] as Message));
    }
    const how = this.#closing;
    if (how !== undefined && this.#inbox.length === 0 && !this.#isPaused && !this.#isClosed) {
      this.#isClosed = true;
      this.#guarded(() => this.#handler?.closed(how));
    } else this.#schedule();
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#onFault(error);
      this.end("");
    }
  }
}

/** The message with a payload that outlives the sender's call. */
function kept(message: Message): Message {
  if (!("payload" in message) || !message.payload.isBorrowed) return message;
  return { ...message, payload: message.payload.keep() };
}
