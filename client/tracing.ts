/**
 * Writes each message of a connection to the log, at level trace: stands between the transport and all else, so it shows what the wire carries,
 * encrypted where it is. Loaded by `interposing.ts` where somebody wants to see that.
 */
import { type Message, typeNames } from "../wamp/message.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import type { Payload } from "../wamp/payload.ts";
import type { ProtocolError } from "../wamp/protocol_error.ts";
import type { ClosedHow, Dial, Log, MessageHandler, Transport } from "./transport.ts";

type Trace = NonNullable<Log["trace"]>;

/** As `dial`, with all messages written. */
export function tracedDial(dial: Dial, trace: Trace): Dial {
  return (options, attach) => dial(options, (connection) => traced(connection, trace, attach));
}

/** @param attach makes what stands between this and the program. */
export function traced(
  connection: Transport,
  trace: Trace,
  attach: (transport: Transport) => MessageHandler,
): MessageHandler {
  return new Tracing(connection, trace, attach);
}

class Tracing implements Transport, MessageHandler {
  readonly #connection: Transport;
  readonly #trace: Trace;
  readonly #handler: MessageHandler;

  constructor(
    connection: Transport,
    trace: Trace,
    attach: (transport: Transport) => MessageHandler,
  ) {
    this.#connection = connection;
    this.#trace = trace;
    this.#handler = attach(this);
  }

  get details(): Transport["details"] {
    return this.#connection.details;
  }

  get omitted(): number {
    return this.#connection.omitted ?? 0;
  }

  /** What cannot be encoded is no message of the wire, and not written. */
  send(message: Message): void {
    this.#connection.send(message);
    this.#write("Sent {type}: {message}", message);
  }

  seal(payload: Payload): void {
    this.#connection.seal?.(payload);
  }

  deliver(outgoing: Outgoing): void {
    this.send(outgoing.message);
  }

  end(reason: string): void {
    this.#connection.end(reason);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  receive(message: Message): void {
    this.#write("Received {type}: {message}", message);
    this.#handler.receive(message);
  }

  answered(message: Message): void {
    this.#write("Answered by the transport, {type}: {message}", message);
    if (this.#handler.answered === undefined) this.#handler.receive(message);
    else this.#handler.answered(message);
  }

  fail(error: ProtocolError): void {
    this.#trace("Received no message: {error}", () => ({ error }));
    this.#handler.fail(error);
  }

  closed(how: ClosedHow): void {
    this.#trace("Connection ended: {how}", () => ({ how }));
    this.#handler.closed(how);
  }

  #write(text: string, message: Message): void {
    const { peer } = this.details;
    const type = typeNames.get(message.type);
    this.#trace(text, () => ({ type, peer, message: shown(message) }));
  }
}

/** What would let others in is not for logs: signatures, tickets among them, and tokens to resume with. */
const SECRETS: ReadonlySet<string> = new Set(["signature", "resume-token", "resume_token"]);

function shown(message: Message): Readonly<Record<string, unknown>> {
  const { type: _, ...fields } = message;
  const plain = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (key === "details") return [key, hidden(value)];
      return [key, SECRETS.has(key) ? "…" : value];
    }),
  );
  if (!("payload" in message)) return plain;
  const { payload: __, ...head } = plain;
  return { ...head, ...values(message.payload) };
}

function hidden(details: unknown): unknown {
  if (typeof details !== "object" || details === null) return details;
  const entries = Object.entries(details);
  return Object.fromEntries(entries.map(([key, value]) => [key, SECRETS.has(key) ? "…" : value]));
}

/** A log makes no session fail: what cannot be read will be said by who reads it. */
function values(payload: Payload): Readonly<Record<string, unknown>> {
  try {
    const { args, kwargs, opaque } = payload.decode();
    if (opaque !== undefined) return { bytes: opaque.length };
    return { args, kwargs };
  } catch (error) {
    return { error };
  }
}
