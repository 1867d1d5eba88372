/**
 * A peer's connection as the router and the client's sessions see it, over any framing. HOT.
 * Outgoing: encodes into the outbox, applies limits, answers for messages that do not fit. Incoming: bytes to a message to the handler,
 * whose faults end this connection and nothing else. Between `websocket.ts` or `rawsocket.ts` below and a session above.
 * [WAMP transports]
 */
import type { ClosedHow, MessageHandler, Transport, TransportDetails } from "../router/ports.ts";
import type { Codec, Decoder } from "../wamp/codec/codec.ts";
import { type ErrorMessage, type Message, Type } from "../wamp/message.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import { parse } from "../wamp/parse.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import type { TransportHost, TransportStats } from "./host.ts";
import type { Outbox } from "./outbox.ts";
import { isProgress, substituteOf } from "./unsendable.ts";

/** How a framing puts messages into the outbox, and what it can do with the connection. */
export interface Link {
  /** Appends a message. False: it is too large for the peer. Throws what encoding throws; nothing was appended then either. */
  append(outbox: Outbox, message: Message): boolean;
  /** Appends a message that other peers get too. */
  appendShared(outbox: Outbox, outgoing: Outgoing): boolean;
  pause(): void;
  resume(): void;
  /** Ends the connection once what was sent has gone. */
  end(reason: string): void;
  /** Ends it for a fault of the peer's: calls `violated`, and what the handler sends there still goes. */
  fail(error: ProtocolError): void;
  /** Ends it for a fault of ours. */
  crash(): void;
  /** Ends it now. */
  drop(how: ClosedHow): void;
}

export interface PeerTransportParts {
  readonly host: TransportHost;
  readonly stats: TransportStats;
  readonly codec: Codec;
  readonly details: TransportDetails;
  readonly outbox: Outbox;
  readonly link: Link;
}

export class PeerTransport implements Transport {
  readonly details: TransportDetails;
  /** Messages sent so far: the number of the last one. */
  sent = 0;
  omitted = 0;
  readonly #host: TransportHost;
  readonly #stats: TransportStats;
  readonly #decoder: Decoder;
  readonly #outbox: Outbox;
  readonly #link: Link;
  #handler: MessageHandler | undefined = undefined;
  #isOpen = true;
  #isEnding = false;
  /** Events are being dropped, as the peer does not read. */
  #isDropping = false;
  /** Requests that were answered by us because an answer did not fit, and of which more may come. */
  #answered: Set<number> | undefined = undefined;

  constructor(parts: PeerTransportParts) {
    this.details = parts.details;
    this.#host = parts.host;
    this.#stats = parts.stats;
    this.#decoder = parts.host.decoder(parts.codec);
    this.#outbox = parts.outbox;
    this.#link = parts.link;
  }

  /** Connects the one who receives; until then nothing may arrive. */
  attach(make: (transport: Transport) => MessageHandler): void {
    this.#handler = make(this);
  }

  send(message: Message): void {
    try {
      this.sendOrThrow(message);
    } catch (error) {
      this.#unsendable(message, error);
    }
  }

  sendOrThrow(message: Message): void {
    if (!this.#admits(message)) return;
    const before = this.#outbox.waiting;
    if (this.#link.append(this.#outbox, message)) this.#count(this.#outbox.waiting - before);
    else this.#unsendable(message, undefined);
  }

  deliver(outgoing: Outgoing): void {
    const { message } = outgoing;
    if (!this.#admits(message)) return;
    const before = this.#outbox.waiting;
    let hasRoom: boolean;
    try {
      hasRoom = this.#link.appendShared(this.#outbox, outgoing);
    } catch (error) {
      return this.#unsendable(message, error);
    }
    if (hasRoom) this.#count(this.#outbox.waiting - before);
    else this.#unsendable(message, undefined);
  }

  end(reason: string): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    this.#link.end(reason);
  }

  pause(): void {
    if (this.#isOpen) this.#link.pause();
  }

  resume(): void {
    if (this.#isOpen) this.#link.resume();
  }

  get waiting(): number {
    return this.#outbox.waiting;
  }

  whenRoom(bytes: number, run: () => void): void {
    this.#outbox.whenRoom(bytes, () => this.#host.later(run));
  }

  drop(): void {
    if (this.#isOpen && !this.#isEnding) this.#closeSlow();
  }

  /** For the framing: one message has arrived in `bytes[start..end)`. */
  received(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#stats.receivedMessages++;
    this.#stats.receivedBytes += end - start;
    let message: Message;
    try {
      message = parse(this.#decoder, bytes, start, end);
    } catch (error) {
      if (error instanceof ProtocolError) this.#link.fail(error);
      else this.#crash(error);
      return;
    }
    try {
      this.#handler?.receive(message);
    } catch (error) {
      this.#crash(error);
    }
    if (this.#host.poisons) {
      if ("payload" in message) message.payload.expire();
      bytes.fill(0xdd, start, end);
    }
  }

  /** For the framing, which is about to end the connection: lets the handler send its last words. */
  violated(error: ProtocolError): void {
    if (!this.#isOpen || this.#isEnding) return;
    try {
      this.#handler?.fail(error);
    } catch (cause) {
      this.#host.onFault(cause);
    }
    this.#isEnding = true;
  }

  /** For the framing: nothing more will happen. */
  closed(how: ClosedHow): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      this.#handler?.closed(how);
    } catch (cause) {
      this.#host.onFault(cause);
    }
  }

  /** For the framing. */
  pingMissed(): void {
    this.#stats.missedPings++;
  }

  #count(bytes: number): void {
    this.sent++;
    this.#stats.sentMessages++;
    this.#stats.sentBytes += bytes;
  }

  /** Whether the message may be sent: the slow consumers' policy. */
  #admits(message: Message): boolean {
    if (!this.#isOpen || this.#isEnding) return false;
    const limits = this.#host.slowConsumers;
    const { waiting } = this.#outbox;
    if (waiting > limits.limitBytes) {
      const drops = limits.policy === "drop-events" && waiting <= limits.hardLimitBytes;
      if (drops && message.type === Type.EVENT) {
        this.#drop();
        return false;
      }
      if (!drops) {
        this.#closeSlow();
        return false;
      }
    } else {
      this.#isDropping = false;
    }
    if (this.#answered === undefined || !this.#wasAnswered(this.#answered, message)) return true;
    this.omitted++;
    return false;
  }

  #drop(): void {
    this.#stats.droppedEvents++;
    this.omitted++;
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#host.later(() => this.#host.onSlowConsumer(this.details, "dropping"));
  }

  #closeSlow(): void {
    this.#isEnding = true;
    this.#stats.closedSlowConsumers++;
    this.#host.later(() => {
      this.#link.drop("slow");
      this.#host.onSlowConsumer(this.details, "closed");
    });
  }

  #crash(error: unknown): void {
    this.#host.onFault(error);
    this.#isEnding = true;
    this.#link.crash();
  }

  /** A message that does not fit, or cannot be encoded: whoever waits for an answer gets an ERROR instead. */
  #unsendable(message: Message, cause: unknown): void {
    if (cause === undefined) this.#stats.oversizedMessages++;
    else this.#host.onFault(cause);
    const substitute = substituteOf(message, cause);
    switch (substitute.kind) {
      case "none":
        this.omitted++;
        return;
      case "send":
        this.send(substitute.message);
        if (isProgress(message)) (this.#answered ??= new Set()).add(substitute.message.request);
        return;
      case "receive":
        this.omitted++;
        return this.#host.later(() => this.#answer(substitute.message));
      case "end":
        this.send(substitute.message);
        return this.end(substitute.message.reason);
    }
  }

  /** As if the peer had answered. */
  #answer(message: ErrorMessage): void {
    if (!this.#isOpen || this.#isEnding) return;
    try {
      if (this.#handler?.answered === undefined) this.#handler?.receive(message);
      else this.#handler.answered(message);
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Later answers to a request that already got our ERROR are swallowed; the last one ends that. */
  #wasAnswered(answered: Set<number>, message: Message): boolean {
    if (
      message.type !== Type.RESULT && message.type !== Type.YIELD && message.type !== Type.ERROR
    ) return false;
    if (!answered.has(message.request)) return false;
    if (!isProgress(message)) answered.delete(message.request);
    return true;
  }
}
