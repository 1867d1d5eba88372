/**
 * Connections by `transports/`: WebSocket and RawSocket, over TCP, TLS and unix sockets, on Deno, Bun and Node.js.
 * Loaded by `dial.ts` at the first connection.
 */
import { dial as dialTransport, type MessageHandler, type Transport } from "../transports/dial.ts";
import { TransportHost } from "../transports/host.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { codecs } from "../wamp/codec/codecs.ts";
import type { Message } from "../wamp/message.ts";
import type { Payload } from "../wamp/payload.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import { consoleLog } from "./log.ts";
import type { Dial } from "./transport.ts";

/** Buffers and tables for all connections of the program; nothing of any one of them. */
const HOST = new TransportHost({
  onFault: (error) => consoleLog.error("Connection ended by a fault of this library", { error }),
});

export const dial: Dial = async ({ url, serializers, signal, native }, attach) => {
  const wanted = serializers.map((name) => codecs.find((codec) => codec.name === name))
    .filter((codec) => codec !== undefined);
  return await dialTransport(
    { ...native, url, codecs: wanted, signal, host: HOST },
    (transport) => attachEncoding(transport, attach),
  );
};

/** For who dials in another way: what cannot be encoded throws to the program. */
export function attachEncoding(
  transport: Transport,
  attach: (transport: Transport) => MessageHandler,
): MessageHandler {
  const codec = codecs.find((one) => one.name === transport.details.serializer);
  return attach(codec === undefined ? transport : new EncodingTransport(transport, codec));
}

/** What cannot be encoded throws to the program, where it can be understood, and uses up no request ID.
 *
 * PERF: plain: encode the arguments first, into bytes of their own, and then the message. In one go, straight into the outbox, a call costs
 * half: 3.1 instead of 5.6 us on Deno, 3.4 instead of 6.7 on Bun, in turns, three times each (bench:clients, "64 in flight"; Deno 2.9.6,
 * Bun 1.4.5; November 2026). */
class EncodingTransport implements Transport {
  readonly details: Transport["details"];
  readonly #transport: Transport;
  readonly #codec: Codec;

  constructor(transport: Transport, codec: Codec) {
    this.details = transport.details;
    this.#transport = transport;
    this.#codec = codec;
  }

  send(message: Message): void {
    if (this.#transport.sendOrThrow !== undefined) return this.#transport.sendOrThrow(message);
    if ("payload" in message) this.seal(message.payload);
    this.#transport.send(message);
  }

  seal(payload: Payload): void {
    if (payload.count > 0) payload.in(this.#codec);
  }

  get omitted(): number {
    return this.#transport.omitted ?? 0;
  }

  deliver(outgoing: Outgoing): void {
    this.#transport.deliver(outgoing);
  }

  end(reason: string): void {
    this.#transport.end(reason);
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }
}
