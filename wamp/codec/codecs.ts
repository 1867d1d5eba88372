/** The closed list of serializers. A new one is a file beside this, a line here, and its vectors. */
import { cbor } from "./cbor.ts";
import type { Codec } from "./codec.ts";
import { json } from "./json.ts";
import { msgpack } from "./msgpack.ts";

/** All serializers, in the router's order of preference. */
export const codecs: readonly Codec[] = [json, msgpack, cbor];
