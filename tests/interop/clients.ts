/** The closed list of foreign clients: how each is started, what it speaks, and what it cannot do, as observed (README.md). */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Trait } from "./values.ts";

export type Transport = "websocket" | "rawsocket" | "websocket-unix" | "rawsocket-unix";

/** One way for a client to reach the router. */
export interface Endpoint {
  readonly transport: Transport;
  /** "json", "cbor.batched", ... */
  readonly serializer: string;
  readonly traits: readonly Trait[];
}

export interface Client {
  readonly id: string;
  readonly title: string;
  readonly endpoints: readonly Endpoint[];
  readonly habits: Habits;
  /** What is not installed, for people; undefined when all is there. */
  missing(): string | undefined;
  /** Program and arguments. */
  command(): readonly string[];
}

/** What the tests have credentials for: wampcra also with a salt. */
export type Authmethod = "ticket" | "wampcra" | "wampcra-salted" | "cryptosign" | "scram";

/** Where clients differ from each other. */
export interface Habits {
  readonly authmethods: readonly Authmethod[];
  /** Tells its user why the router ended the session. */
  readonly tellsReason: boolean;
  /** Tells its user the reason that the router answers GOODBYE with. */
  readonly tellsReply: boolean;
  /** Error URI that an exception in a callee becomes; undefined where there are no exceptions. */
  readonly exception: string | undefined;
  /** Tells its user the id of an acknowledged publication. */
  readonly tellsPublication: boolean;
  /** Can ask to receive its own events. */
  readonly canIncludeItself: boolean;
  /** Has the option `disclose_me`. */
  readonly canDisclose: boolean;
  /** Gives its handlers events one after the other. */
  readonly keepsOrder: boolean;
  /** Its callees announce progressive results and call canceling, without which they must not be asked for progress. */
  readonly yieldsProgress: boolean;
  /** The modes of cancelling calls that its sessions survive. */
  readonly cancelModes: readonly ("unspecified" | "skip" | "kill" | "killnowait")[];
  /** Its callees can be interrupted. */
  readonly isInterruptible: boolean;
  /** Takes a request id for a message that it then fails to serialize. */
  readonly leavesGaps: boolean;
  /** Takes request ids in threads, which then compete for the connection. */
  readonly hasThreads: boolean;
  /** The session goes on when the application sends what cannot be serialized. */
  readonly survivesUnserializable: boolean;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url).href);
const interop = process.env["REALMWAY_INTEROP"];

const COMMON: readonly Authmethod[] = ["ticket", "wampcra", "wampcra-salted", "cryptosign"];

const all: readonly Trait[] = ["float", "negative", "int64", "uint64", "bytes"];

function endpoints(
  transports: readonly Transport[],
  serializers: Readonly<Record<string, readonly Trait[]>>,
): Endpoint[] {
  return transports.flatMap((transport) =>
    Object.entries(serializers).map(([serializer, traits]) => ({ transport, serializer, traits }))
  );
}

function missingVariable(name: string, what: string): string | undefined {
  const value = process.env[name];
  if (value !== undefined && existsSync(value)) return undefined;
  return `${what}: ${name} is ${value ?? "not set"} (see .ci/setup-interop.sh)`;
}

const python: readonly Trait[] = [...all, "bignum"];

const autobahnPython: Client = {
  id: "autobahn-python",
  title: "Autobahn|Python",
  endpoints: [
    ...endpoints(["websocket"], {
      "json": python,
      "msgpack": python,
      "cbor": python,
      "json.batched": python,
      "msgpack.batched": python,
      "cbor.batched": python,
    }),
    ...endpoints(["rawsocket"], { "json": python, "msgpack": python, "cbor": python }),
    ...endpoints(["websocket-unix", "rawsocket-unix"], { "msgpack": python }),
  ],
  habits: {
    authmethods: [...COMMON, "scram"],
    tellsReason: true,
    tellsReply: true,
    exception: "wamp.error.runtime_error",
    tellsPublication: true,
    canIncludeItself: true,
    canDisclose: false,
    keepsOrder: true,
    yieldsProgress: true,
    cancelModes: ["unspecified"],
    isInterruptible: true,
    leavesGaps: true,
    hasThreads: false,
    survivesUnserializable: true,
  },
  missing: () => missingVariable("REALMWAY_PYTHON", "Autobahn|Python"),
  command: () => [process.env["REALMWAY_PYTHON"] ?? "", here("python/peer.py")],
};

function missingPackage(name: string): string | undefined {
  const node = missingVariable("REALMWAY_NODE", "Node 22") ??
    missingVariable("REALMWAY_INTEROP", name);
  if (node !== undefined) return node;
  const folder = join(interop ?? "", "js/node_modules", name);
  return existsSync(folder) ? undefined : `${name}: no ${folder} (see .ci/setup-interop.sh)`;
}

const autobahnJs: Client = {
  id: "autobahn-js",
  title: "Autobahn|JS",
  endpoints: [
    ...endpoints(["websocket"], {
      "json": ["negative"],
      "msgpack": ["negative", "bytes"],
      // It writes integers beyond 2^53 as bignums, which not everybody reads
      "cbor": ["negative", "bignum", "bytes"],
    }),
    ...endpoints(["rawsocket", "rawsocket-unix"], { "json": ["negative"] }),
  ],
  habits: {
    authmethods: COMMON,
    tellsReason: true,
    tellsReply: true,
    exception: "wamp.error.runtime_error",
    tellsPublication: true,
    canIncludeItself: true,
    canDisclose: true,
    keepsOrder: true,
    yieldsProgress: false,
    // With the others it takes the router's ERROR for a violation of the protocol
    cancelModes: ["kill"],
    isInterruptible: false,
    leavesGaps: true,
    hasThreads: false,
    survivesUnserializable: true,
  },
  missing: () => missingPackage("autobahn"),
  command: () => [process.env["REALMWAY_NODE"] ?? "", here("js/autobahn_peer.ts")],
};

const wampy: Client = {
  id: "wampy",
  title: "wampy",
  endpoints: endpoints(["websocket"], {
    "json": ["negative"],
    "msgpack": ["negative", "int64", "uint64", "bytes"],
    "cbor": ["bytes"],
  }),
  habits: {
    authmethods: COMMON,
    tellsReason: false,
    tellsReply: false,
    exception: "wamp.error.invocation_exception",
    tellsPublication: true,
    canIncludeItself: false,
    canDisclose: true,
    keepsOrder: true,
    yieldsProgress: false,
    cancelModes: ["unspecified", "skip", "kill", "killnowait"],
    isInterruptible: false,
    leavesGaps: true,
    hasThreads: false,
    survivesUnserializable: false,
  },
  missing: () => missingPackage("wampy"),
  command: () => [process.env["REALMWAY_NODE"] ?? "", here("js/wampy_peer.ts")],
};

/** Builds a Go program where the setup has put them: an instant when it has been done before. */
export function goProgram(name: string): string {
  const folder = join(interop ?? "", "go");
  execFileSync(process.env["REALMWAY_GO"] ?? "", ["build", "-o", `${folder}/`, `./${name}`], {
    cwd: here("go"),
    stdio: "pipe",
  });
  return join(folder, name);
}

export function missingGo(what: string): string | undefined {
  return missingVariable("REALMWAY_GO", what) ?? missingVariable("REALMWAY_INTEROP", what);
}

const nexus: Client = {
  id: "nexus",
  title: "nexus (Go)",
  endpoints: [
    ...endpoints(["websocket", "rawsocket"], {
      // In JSON it sends bytes by WAMP's convention, and leaves those that it receives as strings
      "json": ["float", "negative", "int64", "uint64"],
      "msgpack": all,
      "cbor": all,
    }),
    ...endpoints(["rawsocket-unix"], { "msgpack": all }),
  ],
  habits: {
    authmethods: COMMON,
    tellsReason: true,
    tellsReply: true,
    exception: undefined,
    tellsPublication: false,
    canIncludeItself: true,
    canDisclose: true,
    keepsOrder: true,
    yieldsProgress: true,
    cancelModes: ["skip", "kill", "killnowait"],
    isInterruptible: true,
    leavesGaps: true,
    hasThreads: true,
    survivesUnserializable: true,
  },
  missing: () => missingGo("the client of nexus"),
  command: () => [goProgram("nexus")],
};

const xconn: Client = {
  id: "xconn",
  title: "xconn-go",
  endpoints: [
    ...endpoints(["websocket", "rawsocket"], {
      "json": ["negative"],
      "msgpack": all,
      "cbor": all,
    }),
    ...endpoints(["rawsocket-unix"], { "msgpack": all }),
  ],
  habits: {
    authmethods: COMMON,
    tellsReason: true,
    tellsReply: true,
    exception: undefined,
    tellsPublication: false,
    canIncludeItself: true,
    canDisclose: true,
    keepsOrder: false,
    yieldsProgress: true,
    cancelModes: [],
    isInterruptible: false,
    leavesGaps: true,
    hasThreads: true,
    survivesUnserializable: true,
  },
  missing: () => missingGo("xconn-go"),
  command: () => [goProgram("xconn")],
};

/** This project's own library, on each runtime that it is for. */
function realmway(runtime: string, ...program: string[]): Client {
  const plain: readonly Trait[] = ["negative", "int64", "uint64", "bignum", "bytes"];
  const [first = ""] = program;
  return {
    id: `realmway-${runtime.toLowerCase()}`,
    title: `Realmway on ${runtime}`,
    endpoints: [
      ...endpoints(["websocket", "rawsocket"], { "json": plain, "msgpack": plain, "cbor": plain }),
      ...endpoints(["rawsocket-unix"], { "msgpack": plain }),
    ],
    habits: {
      authmethods: [...COMMON, "scram"],
      tellsReason: true,
      tellsReply: false,
      exception: "wamp.error.runtime_error",
      tellsPublication: true,
      canIncludeItself: true,
      canDisclose: true,
      keepsOrder: true,
      yieldsProgress: true,
      cancelModes: ["skip", "kill", "killnowait"],
      isInterruptible: true,
      leavesGaps: false,
      hasThreads: false,
      survivesUnserializable: true,
    },
    missing: () => first === "" ? "Node 22: REALMWAY_NODE is not set" : undefined,
    command: () => [...program, here("realmway/peer.ts")],
  };
}

const realmwayOnDeno = realmway("Deno", "deno", "run", "-A");
const realmwayOnBun = realmway("Bun", "bun");
const realmwayOnNode = realmway("Node", process.env["REALMWAY_NODE"] ?? "");

/** One of each kind. */
export const clients: readonly Client[] = [
  autobahnPython,
  autobahnJs,
  wampy,
  nexus,
  xconn,
  realmwayOnDeno,
];

export function clientNamed(id: string): Client {
  const found = [...clients, realmwayOnBun, realmwayOnNode].find((client) => client.id === id);
  if (found === undefined) throw new Error(`Cannot find a client named "${id}"`);
  return found;
}
