/**
 * One message on its way to any number of peers: encoded and framed once per framing, however many receive it. HOT.
 * The broker makes one per EVENT content; `transports/` says what a framing is. A frame is never written to after it was made.
 */
import type { Message } from "./message.ts";
import { keptMessage } from "./message_ring.ts";

/** Turns a message into the bytes of one transport and codec. One object per kind of framing and codec, owned by `transports/`. */
export interface Framing {
  /** A whole frame in memory of its own: it must survive the read buffer that the payload was borrowed from. */
  frame(message: Message): Uint8Array<ArrayBuffer>;
}

export class Outgoing {
  readonly message: Message;
  /* PERF: parallel arrays instead of a Map: there are one to three framings in a fan-out, and a Map costs 100 ns to make. */
  readonly #framings: Framing[] = [];
  readonly #frames: Uint8Array<ArrayBuffer>[] = [];

  #kept: Message | undefined = undefined;

  constructor(message: Message) {
    this.message = message;
  }

  /** The message with a payload that outlives its receiver: one copy for all who keep it. */
  kept(): Message {
    return this.#kept ??= keptMessage(this.message);
  }

  /** The frame for `framing`, made at first use. Call it only while the message's payload is valid. */
  framed(framing: Framing): Uint8Array<ArrayBuffer> {
    const framings = this.#framings;
    for (let i = 0; i < framings.length; i++) {
      if (framings[i] === framing) return this.#frames[i] as Uint8Array<ArrayBuffer>;
    }
    const frame = framing.frame(this.message);
    framings.push(framing);
    this.#frames.push(frame);
    return frame;
  }
}
