/** WebSocket subprotocols of WAMP: one per serializer, and one for its batches. [WAMP websocket] [WAMP batchedwebsocket] */
import type { Codec } from "../wamp/codec/codec.ts";

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

/** The client's first choice among `codecs`. */
export function chooseSubprotocol(
  announced: readonly string[],
  codecs: readonly Codec[],
): Subprotocol | undefined {
  const known = subprotocolsOf(codecs);
  for (const name of announced) {
    const found = known.find((one) => one.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** How session details name it: "json", "msgpack.batched". */
export function serializerOf({ codec, isBatched }: Subprotocol): string {
  return isBatched ? `${codec.name}.batched` : codec.name;
}
