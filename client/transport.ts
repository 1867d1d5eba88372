/** The seam to the layer below, as types: client/ runs in browsers, so it never imports router/ nor, but when asked for, transports/. */
import type { MessageHandler, Transport } from "../transports/dial.ts";

export type {
  Clock,
  ClosedHow,
  Log,
  MessageHandler,
  Timer,
  Transport,
} from "../transports/dial.ts";

/** How values are written on the wire. */
export type SerializerName = "json" | "msgpack" | "cbor";

/** What a `Dial` is asked for. */
export interface DialOptions {
  readonly url: string;
  /** In order of preference; at least one. */
  readonly serializers: readonly SerializerName[];
  /** Gives up the attempt: the promise rejects with its reason. */
  readonly signal: AbortSignal;
}

/** Opens a connection. Calls `attach` when the framing is agreed and before any message is received, then resolves. */
export type Dial = (
  options: DialOptions,
  attach: (transport: Transport) => MessageHandler,
) => Promise<Transport>;
