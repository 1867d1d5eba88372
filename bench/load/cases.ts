/** What is measured: scenarios of the load generator with their options, and two of our own. The names are the rows of RESULTS.md. */
import type { Kind } from "./contenders.ts";

export interface Case {
  readonly name: string;
  /** Options of the generator, without URL and process. "silent" and "start" are programs of this folder. */
  readonly args: readonly string[] | "silent" | "start";
  readonly transport: "ws" | "raw";
  readonly group: Group;
  /** The router is started anew for each run: memory figures, tables that an earlier run left. */
  readonly isFresh?: boolean;
  /** Who takes part besides Realmway. Default: nexus. */
  readonly peers?: readonly string[];
  /** Default: routers. With "switch": Realmway alone, in all its settings. */
  readonly kinds?: readonly Kind[];
  /** Bytes of arguments in one message, for the figure of bytes per second of CPU. */
  readonly bytes?: number;
}

export const groups = [
  "core",
  "serializers",
  "patterns",
  "sessions",
  "payloads",
  "switches",
  "large",
  "start",
] as const;
export type Group = typeof groups[number];

/** Runs of each case, as many as fit into twelve minutes. */
export const RUNS: Readonly<Record<Group, number>> = {
  "core": 3,
  "serializers": 2,
  "patterns": 2,
  "sessions": 1,
  "payloads": 2,
  "switches": 3,
  "large": 1,
  "start": 3,
};

const ALL = ["nexus", "xconn", "crossbar"];
/** xconn gives a publication to one subscription only and has no WAMP wildcards. */
const WITH_PATTERNS = ["nexus", "crossbar"];

function scenario(name: string, ...args: readonly string[]): readonly string[] {
  return ["--scenario", name, ...args];
}

const CALL = scenario("rpc");
const EVENT = scenario("pubsub");
const FAN_OUT = scenario("pubsub", "--subscribers", "1000", "--window", "16");

export const cases: readonly Case[] = [
  {
    name: "echo, 64 in flight",
    args: scenario("raw-echo"),
    transport: "raw",
    group: "core",
    kinds: ["echo"],
  },
  { name: "call, JSON", args: CALL, transport: "ws", group: "core", peers: ALL },
  {
    name: "call, RawSocket MessagePack",
    args: [...CALL, "--serializer", "msgpack"],
    transport: "raw",
    group: "core",
    peers: ALL,
  },
  {
    name: "call, one in flight, JSON",
    args: scenario("rpc-latency"),
    transport: "ws",
    group: "core",
    peers: ALL,
  },
  { name: "event to 1 subscriber, JSON", args: EVENT, transport: "ws", group: "core", peers: ALL },
  {
    name: "event to 1 subscriber, RawSocket MessagePack",
    args: [...EVENT, "--serializer", "msgpack"],
    transport: "raw",
    group: "core",
    peers: ALL,
  },
  {
    name: "event to 1,000 subscribers, 16 outstanding, JSON",
    args: FAN_OUT,
    transport: "ws",
    group: "core",
    peers: ALL,
    kinds: ["router", "fan-out"],
  },
  {
    name: "publication nobody listens to, RawSocket MessagePack",
    args: "silent",
    transport: "raw",
    group: "core",
  },
  {
    name: "call, MessagePack",
    args: [...CALL, "--serializer", "msgpack"],
    transport: "ws",
    group: "serializers",
  },
  {
    name: "call, CBOR",
    args: [...CALL, "--serializer", "cbor"],
    transport: "ws",
    group: "serializers",
  },
  {
    name: "call with nested arguments, JSON",
    args: [...CALL, "--kind", "mixed"],
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
    peers: WITH_PATTERNS,
  })),
  ...[10, 10_000].map((count): Case => ({
    name: `call among ${count.toLocaleString("en")} procedures`,
    args: scenario("rpc-many", "--procedures", String(count)),
    transport: "ws",
    group: "patterns",
    isFresh: true,
  })),
  ...[1_024, 16_384, 1_048_576].map((size): Case => ({
    name: `call of ${size.toLocaleString("en")} bytes, JSON, ${size > 100_000 ? 4 : 64} in flight`,
    args: scenario("rpc", "--payload", String(size), "--window", size > 100_000 ? "4" : "64"),
    transport: "ws",
    group: "payloads",
    isFresh: true,
    bytes: size,
  })),
  {
    name: "call, JSON, with and without",
    args: CALL,
    transport: "ws",
    group: "switches",
    kinds: ["switch"],
  },
  {
    name: "event to 1 subscriber, JSON, with and without",
    args: EVENT,
    transport: "ws",
    group: "switches",
    kinds: ["switch"],
  },
  {
    name: "10,000 idle sessions",
    args: scenario("connect", "--connections", "10000", "--hold", "1"),
    transport: "ws",
    group: "sessions",
    isFresh: true,
    peers: ALL,
  },
  {
    name: "call among 100,000 procedures",
    args: scenario("rpc-many", "--procedures", "100000"),
    transport: "ws",
    group: "large",
    isFresh: true,
    peers: [],
  },
  {
    name: "publication among 1,000,000 mixed subscriptions, 3 matches",
    args: scenario("patterns", "--subs", "1000000", "--limit", "400"),
    transport: "ws",
    group: "large",
    isFresh: true,
    peers: [],
  },
  {
    name: "start to listening (CPU: until then), memory at rest",
    args: "start",
    transport: "raw",
    group: "start",
    isFresh: true,
    peers: ALL,
    kinds: ["router", "switch"],
  },
];
