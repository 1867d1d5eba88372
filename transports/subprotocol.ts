/** WebSocket subprotocols of WAMP: one per serializer, and one for its batches. [WAMP websocket] [WAMP batchedwebsocket] */
import type { Codec } from "../wamp/codec/codec.ts";
import { codecs } from "../wamp/codec/codecs.ts";

/** A subprotocol and what it stands for. */
export interface Subprotocol {
  readonly name: string;
  readonly codec: Codec;
  readonly isBatched: boolean;
}

/** The subprotocols of `codecs`, in order. */
export function subprotocolsOf(codecs: readonly Codec[]): Subprotocol[] {
  return codecs.flatMap((codec) => [
    { name: `wamp.2.${codec.name}`, codec, isBatched: false },
    { name: `wamp.2.${codec.name}.batched`, codec, isBatched: true },
  ]);
}

const ALL = subprotocolsOf(codecs);

/** The client's first choice among those of `allowed`. */
export function chooseSubprotocol(
  announced: readonly string[],
  allowed: readonly Codec[],
): Subprotocol | undefined {
  for (const name of announced) {
    const found = ALL.find((one) => one.name === name);
    if (found !== undefined && allowed.includes(found.codec)) return found;
  }
  return undefined;
}

/** How session details name it: "json", "msgpack.batched". */
export function serializerOf({ codec, isBatched }: Subprotocol): string {
  return isBatched ? `${codec.name}.batched` : codec.name;
}
