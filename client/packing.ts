/**
 * Arguments as one binary value, and back: how payloads look that are passed through the router. The table is
 * `{args, kwargs}`, in encrypted ones also `uri`, so that a router cannot pass one off as another's. [WAMP payload_passthru_mode]
 */
import { cbor } from "../wamp/codec/cbor.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { json } from "../wamp/codec/json.ts";
import { msgpack } from "../wamp/codec/msgpack.ts";
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import { Payload } from "../wamp/payload.ts";
import { UriTable } from "../wamp/uri_table.ts";
import { isUtf8 } from "../wamp/utf8.ts";

export interface Packed {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
  readonly uri: string | undefined;
}

/** In each codec a list of one element is one byte and the element; in JSON another byte follows. */
interface Form {
  readonly codec: Codec;
  readonly head: number;
  readonly tail: readonly number[];
}

const forms: ReadonlyMap<string, Form> = new Map([
  ["json", { codec: json, head: 0x5b, tail: [0x5d] }],
  ["msgpack", { codec: msgpack, head: 0x91, tail: [] }],
  ["cbor", { codec: cbor, head: 0x81, tail: [] }],
]);

export function isSerializer(name: unknown): name is "json" | "msgpack" | "cbor" {
  return typeof name === "string" && forms.has(name);
}

/** Throws for values that the serializer has no form for. */
export function pack(serializer: "json" | "msgpack" | "cbor", table: Dict): Uint8Array {
  const { codec, tail } = formOf(serializer);
  const list = Payload.of([table]).in(codec);
  return list.slice(1, list.length - tail.length);
}

/** Throws when the bytes are not what `pack` makes. */
export function unpack(serializer: "json" | "msgpack" | "cbor", bytes: Uint8Array): Packed {
  const { codec, head, tail } = formOf(serializer);
  if (!codec.isBinary && !isUtf8(bytes, 0, bytes.length)) {
    throw new Error("Cannot read a packed payload: found no UTF-8, expected JSON");
  }
  // A message whose one element is the list of arguments: so that the decoder checks every byte.
  const message = Uint8Array.of(head, head, ...tail, ...tail);
  const whole = new Uint8Array(message.length + bytes.length);
  whole.set(message.subarray(0, 2));
  whole.set(bytes, 2);
  whole.set(message.subarray(2), 2 + bytes.length);
  const decoder = codec.decoder(new UriTable(0, 1));
  decoder.begin(whole, 0, whole.length);
  const { args } = decoder.payload(false).decode();
  return readTable(args[0]);
}

/** Null counts as absent: not all peers leave out what is not there. */
export function readTable(table: unknown): Packed {
  if (!isDict(table)) {
    throw new Error("Cannot read a packed payload: found no table, expected args and kwargs");
  }
  const args = table["args"] ?? [];
  const kwargs = table["kwargs"] ?? EMPTY_DICT;
  const uri = table["uri"] ?? undefined;
  if (!Array.isArray(args) || !isDict(kwargs) || (uri !== undefined && typeof uri !== "string")) {
    throw new Error(
      "Cannot read a packed payload: found other types, expected a list of args, a table of kwargs and a uri",
    );
  }
  return { args, kwargs, uri };
}

function formOf(serializer: string): Form {
  const form = forms.get(serializer);
  if (form === undefined) {
    throw new Error(
      `Cannot pack a payload: found serializer "${serializer}", expected json, msgpack or cbor`,
    );
  }
  return form;
}
