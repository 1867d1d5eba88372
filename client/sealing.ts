/**
 * A session's payloads on their way through a router that shall not read them: stands between `exchange.ts` and the transport, packs and
 * encrypts what goes out, opens what comes in, and keeps the order of both, as encrypting takes time. The session sees arguments.
 * Made by `connect.ts` when there is a key ring. See docs/extensions.md, "End-to-end encryption". [WAMP payload_passthru_mode]
 */
import {
  type Dict,
  type ErrorMessage,
  type Event,
  type Invocation,
  type Message,
  type Result,
  Type,
} from "../wamp/message.ts";
import { keptMessage } from "../wamp/message_ring.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import { Payload } from "../wamp/payload.ts";
import type { ProtocolError } from "../wamp/protocol_error.ts";
import { isDict } from "./details.ts";
import { InOrder } from "./in_order.ts";
import type { KeyRing } from "./keyring.ts";
import { openPayload, SealError } from "./opened_payload.ts";
import { Envelope, envelopeFor, errorEnvelope } from "./envelope.ts";
import { RequestUris } from "./request_uris.ts";
import type { ClosedHow, Log, MessageHandler, Transport } from "./transport.ts";

/** Beyond so many messages that wait to be opened, no more are read until half of them are through. */
const MAX_WAITING = 256;

/** Messages that bring another peer's arguments. */
type Incoming = Invocation | Event | Result | ErrorMessage;

export class Sealing implements Transport, MessageHandler {
  readonly #connection: Transport;
  readonly #handler: MessageHandler;
  readonly #keyring: KeyRing;
  readonly #log: Log;
  readonly #sending = new InOrder();
  readonly #receiving = new InOrder();
  readonly #uris = new RequestUris();
  /** How invocations were sealed whose answers are to be sealed too. */
  readonly #invocations = new Map<number, Envelope>();
  #isPaused = false;

  /** @param make makes the session's end of it. */
  constructor(
    connection: Transport,
    make: (transport: Transport) => MessageHandler,
    keyring: KeyRing,
    log: Log,
  ) {
    this.#connection = connection;
    this.#keyring = keyring;
    this.#log = log;
    this.#handler = make(this);
  }

  get details(): Transport["details"] {
    return this.#connection.details;
  }

  /** Throws for arguments that cannot be packed and for keys that are not there: then nothing is sent. */
  send(message: Message): void {
    const envelope = this.#envelopeOf(message);
    if (envelope === undefined || !("payload" in message)) {
      const isSecret = message.type === Type.ERROR && this.#invocations.has(message.request);
      // Its URI says what happened, its arguments are for those who have a key.
      return this.#sendPlain(isSecret ? { ...message, payload: Payload.EMPTY } : message);
    }
    const { args, kwargs } = message.payload.decode();
    const packed = envelope.pack(args, kwargs);
    this.#sent(message);
    let payload: Payload = Payload.EMPTY;
    const sealed = envelope.seal(packed).then((value) => {
      payload = value;
      payload.count > 0 && this.#connection.seal?.(payload);
    });
    this.#sending.do(sealed.catch((error) => this.#lose(error)), () => {
      if (payload.count === 0) return;
      if ("options" in message) {
        const options = { ...message.options, ...envelope.attributes };
        this.#connection.send({ ...message, options, payload });
      } else {
        const details = { ...message.details, ...envelope.attributes };
        this.#connection.send({ ...message, details, payload });
      }
    });
  }

  seal(payload: Payload): void {
    this.#connection.seal?.(payload);
  }

  deliver(outgoing: Outgoing): void {
    this.send(outgoing.message);
  }

  end(reason: string): void {
    this.#sending.do(undefined, () => this.#connection.end(reason));
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  receive(message: Message): void {
    const opening = this.#opening(message);
    this.#uris.received(message);
    if (opening === undefined) {
      const kept = this.#receiving.waiting === 0 ? message : keptMessage(message);
      this.#receiving.do(undefined, () => this.#handler.receive(kept));
    } else {
      let opened: Message | undefined;
      this.#receiving.do(opening.then((result) => void (opened = result)), () => {
        if (opened !== undefined) this.#handler.receive(opened);
        if (this.#isPaused && this.#receiving.waiting <= MAX_WAITING / 2) this.#pause(false);
      });
    }
    if (!this.#isPaused && this.#receiving.waiting > MAX_WAITING) this.#pause(true);
  }

  fail(error: ProtocolError): void {
    this.#receiving.do(undefined, () => this.#handler.fail(error));
  }

  closed(how: ClosedHow): void {
    this.#receiving.do(undefined, () => this.#handler.closed(how));
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) this.#connection.pause();
    else this.#connection.resume();
  }

  #sendPlain(message: Message): void {
    // What cannot be encoded throws here; what has been encoded may wait, whatever the program does with its arguments.
    if ("payload" in message) this.#connection.seal?.(message.payload);
    this.#sent(message);
    this.#sending.do(undefined, () => this.#connection.send(message));
  }

  #sent(message: Message): void {
    this.#uris.sent(message);
    const isAnswer = message.type === Type.ERROR ||
      (message.type === Type.YIELD && message.options["progress"] !== true);
    if (isAnswer) this.#invocations.delete(message.request);
  }

  /** How the payload of a message is to go out; undefined: as it is. */
  #envelopeOf(message: Message): Envelope | undefined {
    switch (message.type) {
      case Type.CALL:
        return envelopeFor(this.#keyring, message.procedure, message.options, "dealer", this.#uris);
      case Type.PUBLISH:
        return envelopeFor(this.#keyring, message.topic, message.options, "broker", this.#uris);
      case Type.YIELD:
        return this.#invocations.get(message.request);
      case Type.ERROR: {
        const envelope = this.#invocations.get(message.request);
        return envelope && errorEnvelope(this.#keyring, envelope, message.error);
      }
      default:
        return undefined;
    }
  }

  /** Undefined: nothing to be opened. Else never rejects, and resolves to undefined for what nobody is to get. */
  #opening(message: Message): Promise<Message | undefined> | undefined {
    if (!isIncoming(message)) return undefined;
    const uri = this.#uris.of(message);
    if (uri === undefined) return undefined;
    const isOriginating = message.type === Type.RESULT || message.type === Type.ERROR;
    const keyUri = message.type === Type.ERROR && "enc_algo" in message.details
      ? message.error
      : uri;
    const keys = this.#keyring.keysFor(keyUri);
    const { details } = message;
    const isSealed = typeof details["ppt_scheme"] === "string" || "enc_algo" in details;
    if (!isSealed) {
      // Routers answer with errors too, and have no keys.
      if (message.type === Type.ERROR || keys.length === 0 || keys[0]?.acceptsPlain === true) {
        return undefined;
      }
      return Promise.resolve(this.#refused(message, uri, SealError.plain(uri)));
    }
    const expectedUri = message.type === Type.ERROR ? message.error : uri;
    const payload = message.payload.keep();
    return openPayload(details, payload, keys, isOriginating, expectedUri).then(
      (opened) => {
        if (message.type === Type.INVOCATION) {
          const envelope = Envelope.answering(details, opened, uri);
          if (envelope !== undefined) this.#invocations.set(message.request, envelope);
        }
        const { args, kwargs } = opened.values;
        return { ...message, payload: Payload.of(args, kwargs) };
      },
      (error: unknown) => this.#refused(message, uri, SealError.of(error)),
    );
  }

  /** What becomes of a message that cannot be opened: the caller is told, and so is the callee's caller; events are dropped. */
  #refused(message: Incoming, uri: string, error: SealError): Message | undefined {
    this.#log.warn("Payload under {uri} cannot be opened: {error}", { uri, error });
    const answer = { details: {}, error: error.uri, payload: Payload.of([error.message]) };
    switch (message.type) {
      case Type.INVOCATION: {
        const { request } = message;
        const type = Type.ERROR;
        this.#sendPlain({ type, requestType: Type.INVOCATION, request, ...answer });
        return undefined;
      }
      case Type.RESULT: {
        if (message.details["progress"] === true) return undefined;
        const { request } = message;
        return { type: Type.ERROR, requestType: Type.CALL, request, ...answer };
      }
      case Type.ERROR:
        return { ...message, details: {}, payload: Payload.of([error.message]) };
      case Type.EVENT:
        return undefined;
      default:
        return message satisfies never;
    }
  }

  /** A key that was taken into the ring cannot be used, or the runtime lacks the algorithm: whoever waits must not wait for ever. */
  #lose(error: unknown): void {
    this.#log.error("Payload cannot be encrypted: {error}", { error });
    this.#connection.end("The client cannot encrypt");
  }
}

function isIncoming(message: Message): message is Incoming {
  switch (message.type) {
    case Type.INVOCATION:
    case Type.EVENT:
    case Type.RESULT:
      return true;
    case Type.ERROR:
      return message.requestType === Type.CALL;
    default:
      return false;
  }
}

/** HELLO.Details.roles of a session that passes payloads through. */
export function withPassthru(roles: Dict): Dict {
  const features = {
    "payload_passthru_mode": true,
    "payload_transparency": true,
    "payload_encryption_cryptobox": true,
  };
  return Object.fromEntries(
    Object.entries(roles).map(([role, announced]) => {
      const others = isDict(announced) && isDict(announced["features"]) && announced["features"];
      return [role, { features: { ...others, ...features } }];
    }),
  );
}
