/** What is measured: scenarios of the load generator with their options. The names are the rows of RESULTS.md. */

export interface Case {
  readonly name: string;
  /** Options of the generator, without URL and process. */
  readonly args: readonly string[];
  readonly transport: "ws" | "raw";
  readonly group: Group;
  /** The router is started anew for each run: memory figures, tables that an earlier run left. */
  readonly isFresh?: boolean;
  /** Contenders that cannot do it. */
  readonly skips?: readonly string[];
  /** The echo control takes part. */
  readonly hasControl?: boolean;
}

export type Group = "core" | "serializers" | "patterns" | "sessions" | "payloads" | "large";
export const groups: readonly Group[] = [
  "core",
  "serializers",
  "patterns",
  "sessions",
  "payloads",
  "large",
];

/** xconn gives a publication to one subscription only and has no WAMP wildcards. */
const ONE_EACH = ["xconn"];

function scenario(name: string, ...args: readonly string[]): readonly string[] {
  return ["--scenario", name, ...args];
}

export const cases: readonly Case[] = [
  {
    name: "echo, 64 in flight",
    args: scenario("raw-echo"),
    transport: "raw",
    group: "core",
    hasControl: true,
  },
  { name: "call, JSON", args: scenario("rpc"), transport: "ws", group: "core" },
  {
    name: "call, RawSocket MessagePack",
    args: scenario("rpc", "--serializer", "msgpack"),
    transport: "raw",
    group: "core",
  },
  {
    name: "call, one in flight, JSON",
    args: scenario("rpc-latency"),
    transport: "ws",
    group: "core",
  },
  {
    name: "event to 1 subscriber, JSON",
    args: scenario("pubsub"),
    transport: "ws",
    group: "core",
  },
  {
    name: "event to 1 subscriber, RawSocket MessagePack",
    args: scenario("pubsub", "--serializer", "msgpack"),
    transport: "raw",
    group: "core",
  },
  {
    name: "event to 1,000 subscribers, 16 outstanding, JSON",
    args: scenario("pubsub", "--subscribers", "1000", "--window", "16"),
    transport: "ws",
    group: "core",
  },
  {
    name: "call, MessagePack",
    args: scenario("rpc", "--serializer", "msgpack"),
    transport: "ws",
    group: "serializers",
  },
  {
    name: "call, CBOR",
    args: scenario("rpc", "--serializer", "cbor"),
    transport: "ws",
    group: "serializers",
  },
  {
    name: "call with nested arguments, JSON",
    args: scenario("rpc", "--kind", "mixed"),
    transport: "ws",
    group: "serializers",
  },
  {
    name: "event, JSON to MessagePack and back",
    args: scenario("cross-serializer"),
    transport: "ws",
    group: "serializers",
  },
  ...[1_000, 10_000].map((count): Case => ({
    name: `publication among ${count.toLocaleString("en")} mixed subscriptions, 3 matches`,
    args: scenario("patterns", "--subs", String(count)),
    transport: "ws",
    group: "patterns",
    isFresh: true,
    skips: ONE_EACH,
  })),
  {
    name: "call among 10,000 procedures",
    args: scenario("rpc-many", "--procedures", "10000"),
    transport: "ws",
    group: "patterns",
    isFresh: true,
  },
  {
    name: "call among 10 procedures",
    args: scenario("rpc-many", "--procedures", "10"),
    transport: "ws",
    group: "patterns",
    isFresh: true,
  },
  {
    name: "1,000 idle sessions",
    args: scenario("connect", "--connections", "1000", "--hold", "1"),
    transport: "ws",
    group: "sessions",
    isFresh: true,
  },
  ...[1_024, 16_384, 1_048_576].map((size): Case => ({
    name: `call of ${size.toLocaleString("en")} bytes, JSON`,
    args: scenario("rpc", "--payload", String(size), "--window", size > 100_000 ? "4" : "64"),
    transport: "ws",
    group: "payloads",
  })),
  {
    name: "10,000 idle sessions",
    args: scenario("connect", "--connections", "10000", "--hold", "1"),
    transport: "ws",
    group: "large",
    isFresh: true,
  },
  {
    name: "call among 100,000 procedures",
    args: scenario("rpc-many", "--procedures", "100000"),
    transport: "ws",
    group: "large",
    isFresh: true,
  },
  {
    name: "publication among 1,000,000 mixed subscriptions, 3 matches",
    args: scenario("patterns", "--subs", "1000000", "--limit", "400"),
    transport: "ws",
    group: "large",
    isFresh: true,
    skips: ["xconn", "nexus", "crossbar"],
  },
];
