/**
 * Payload values in lines of JSON, and samples of all that applications send. What JSON cannot say is tagged: {"$int": "2^53 and beyond"},
 * {"$float": "1"} for a float without fraction, {"$bytes": "hex"}, {"$undefined": true}, {"$unserializable": true}.
 */

/** A value as a line carries it. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value };

/**
 * What not every client with every serializer can send and receive. float: tells 1.0 from 1; negative: integers below -2^32;
 * int64: integers beyond 2^53; uint64: also beyond 2^63; bignum: the same, but CBOR's bignums may be used for them; bytes: binary
 * values.
 */
export type Trait = "float" | "negative" | "int64" | "uint64" | "bignum" | "bytes";

export interface Sample {
  readonly name: string;
  readonly value: Value;
  readonly needs: readonly Trait[];
}

function sample(name: string, value: Value, ...needs: Trait[]): Sample {
  return { name, value, needs };
}

export const samples: readonly Sample[] = [
  sample("null", null),
  sample("true", true),
  sample("false", false),
  sample("zero", 0),
  sample("minus one", -1),
  sample("small integers", [1, 23, 24, 127, 128, 255, 256, -24, -25, -32, -33, -128, -129]),
  sample("16 and 32 bit integers", [65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32]),
  sample("negative integers", [-32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 32)]),
  sample("2^53 - 1", Number.MAX_SAFE_INTEGER),
  sample("below -2^32", [-(2 ** 32) - 1, Number.MIN_SAFE_INTEGER], "negative"),
  sample("fractions", [0.5, -0.1, 3.141592653589793, 1e-7, 123456789.125]),
  sample("extreme fractions", [5e-324, 1.7976931348623155e-300]),
  sample("huge float", { $float: "1e300" }),
  sample("empty string", ""),
  sample("word", "hello"),
  sample("31, 32, 255 and 256 characters", [31, 32, 255, 256].map((n) => "x".repeat(n))),
  sample("unicode", "Grüße, Мир, 世界, مرحبا, e\u0301"),
  sample("emoji", "👍🏽 👩‍🚀 🏳️‍🌈 \u{10FFFF}"),
  sample("NUL inside a string", "before\u0000after"),
  sample("escapes", '"\\/\b\f\n\r\t\u0001\u001f\u007f\u0080\u2028\u2029</script>'),
  sample("string that looks escaped", "\\u0041 \\n %00 &amp; \\x00"),
  sample("string of a number", "9007199254740993"),
  sample("empty list", []),
  sample("empty dictionary", {}),
  sample("nested", { list: [1, [2, [3, [4, { five: [null, {}, []] }]]]], empty: {} }),
  // One client takes no more than 32 levels in all
  sample("deep", nested(24)),
  sample("odd keys", { "": 1, " ": 2, "ключ": 3, "a.b": 4, '"': 5, "0": 6, "constructor": 7 }),
  sample("long list", Array.from({ length: 2000 }, (_, i) => i * 7 % 1000)),
  sample("list of records", Array.from({ length: 50 }, (_, i) => ({ id: i, name: `n${i}` }))),
  sample(
    "float without fraction",
    [{ $float: "1" }, { $float: "-20" }, { $float: "65536" }],
    "float",
  ),
  sample("2^53 + 1", { $int: "9007199254740993" }, "int64"),
  sample("2^63 - 1", { $int: "9223372036854775807" }, "int64"),
  sample("-2^63", { $int: "-9223372036854775808" }, "int64"),
  sample("2^64 - 1", { $int: "18446744073709551615" }, "int64", "uint64"),
  sample("integers beyond 2^53", [
    { $int: "9007199254740993" },
    { $int: "18446744073709551615" },
    { $int: "-9223372036854775808" },
  ], "bignum"),
  sample("no bytes", { $bytes: "" }, "bytes"),
  sample("bytes", { $bytes: "00ff80c3280d0a22" }, "bytes"),
  sample("300 bytes", { $bytes: "5a".repeat(300) }, "bytes"),
  sample("bytes in a dictionary", { key: [{ $bytes: "01" }, "x"] }, "bytes"),
];

function nested(depth: number): Value {
  return depth === 0 ? "bottom" : depth % 2 === 0 ? [nested(depth - 1)] : { d: nested(depth - 1) };
}

/** The samples that all of some endpoints can carry. */
export function samplesFor(...traits: (readonly Trait[])[]): Sample[] {
  return samples.filter(({ needs }) =>
    needs.every((trait) => traits.every((has) => has.includes(trait)))
  );
}

/** One form for values that mean the same to endpoints of which all have `traits`. */
export function normal(value: Value, traits: readonly Trait[]): Value {
  if (Array.isArray(value)) return value.map((item) => normal(item, traits));
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return { "$float": String(value) };
  if (typeof value !== "object" || value === null) return value;
  const { "$float": float, "$int": int } = value as Record<string, Value>;
  if (typeof float === "string") {
    const number = Number(float);
    const isPlain = Number.isSafeInteger(number) && !traits.includes("float");
    return isPlain ? number : { $float: String(number) };
  }
  if (typeof int === "string") {
    const number = Number(int);
    return Number.isSafeInteger(number) ? number : { $int: BigInt(int).toString() };
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, normal(item, traits)]),
  );
}
