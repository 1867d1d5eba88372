/** Routers of others, for the library to be tested against: nexus and xconn-go as programs of ours (`go/routers`), and Crossbar.io. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePorts, missingCrossbar, startCrossbar } from "../kit/crossbar.ts";
import { goProgram, missingGo, type Transport } from "./clients.ts";
import { configuration, type RouterUnderTest } from "./router_under_test.ts";

export interface ForeignRouter {
  readonly title: string;
  /** Scenarios that cannot pass, by their names, and why: for what the router does, not for what the library lacks. */
  readonly except: Readonly<Record<string, string>>;
  /** Besides RawSocket over TCP, for which the Go routers have a port of its own. */
  readonly not?: Transport;
  missing(): string | undefined;
  start(): Promise<RouterUnderTest>;
}

const COMMON = {
  host: "127.0.0.1",
  path: "/ws",
  realm: "realm1",
  isReference: true,
  complaints: () => "",
} as const;

function inGo(
  id: string,
  title: string,
  except: ForeignRouter["except"],
  not?: Transport,
): ForeignRouter {
  return {
    title,
    except,
    ...(not && { not }),
    missing: () => missingGo(title),
    async start() {
      const directory = mkdtempSync(join(tmpdir(), "realmway-foreign-"));
      const socket = join(directory, "router.sock");
      const child = spawn(goProgram("routers"), [id, socket], {
        stdio: ["pipe", "pipe", "ignore"],
      });
      const ended = once(child, "close");
      const [line] = await once(createInterface({ input: child.stdout }), "line");
      return {
        ...COMMON,
        port: Number(line),
        socket,
        async stop() {
          child.stdin.end();
          const [code] = await ended;
          rmSync(directory, { recursive: true });
          return code;
        },
      };
    },
  };
}

const NOT_CONFIGURED = "it has no configuration for that";

/** What both Go routers do with a peer that has 64 messages waiting. */
const OVERFLOWING = {
  "500 calls at once are all answered": "it refuses calls to a callee that has much to read",
  "1,000 events that were not waited for arrive once each, in order":
    "it drops events for a subscriber that has much to read",
};

export const nexus = inGo("nexus", "nexus", {
  ...OVERFLOWING,
  "a caller is disclosed where the configuration says so": NOT_CONFIGURED,
  "a publisher is disclosed where the configuration says so": NOT_CONFIGURED,
});

const NO_PATTERNS =
  "an event comes for one pattern alone, without its topic, and calls by a wildcard are refused";
const NO_OPTION = "it ignores the option";
const NO_INTERRUPT = "it has no INTERRUPT";

export const xconn = inGo("xconn", "xconn-go", {
  ...OVERFLOWING,
  "reads sessions and registrations by the meta API": "it has no lookup of registrations",
  "progressive results arrive in order before the final one":
    "it does not announce them, so the library does not ask",
  "CANCEL with mode kill interrupts a callee that can be, and skips one that cannot": NO_INTERRUPT,
  "CANCEL with mode killnowait interrupts a callee that can be, and skips one that cannot":
    NO_INTERRUPT,
  "a caller is disclosed when it asks for it, and only then": NO_OPTION,
  "a publisher is disclosed when it asks for it, and only then": NO_OPTION,
  "a publisher is disclosed where the configuration says so": NOT_CONFIGURED,
  "a publisher gets its own event only when it asks for it": NO_OPTION,
  "eligible and exclude choose the receivers": NO_OPTION,
  "every value survives CALL, INVOCATION, YIELD and RESULT": "its JSON rounds integers",
  "every value survives PUBLISH and EVENT": "its JSON rounds integers",
  "a prefix subscription gets events with their topic": NO_PATTERNS,
  "a wildcard subscription gets events with their topic": NO_PATTERNS,
  "exact and pattern subscriptions of one session each get the event": NO_PATTERNS,
  "the most specific registration is called": NO_PATTERNS,
  // There its sessions outlive their GOODBYE.
}, "rawsocket-unix");

export const crossbar: ForeignRouter = {
  title: "Crossbar.io",
  except: {
    "a caller is disclosed when it asks for it, and only then": NO_OPTION,
    "a publisher is disclosed when it asks for it, and only then": NO_OPTION,
  },
  missing: missingCrossbar,
  async start() {
    const directory = mkdtempSync(join(tmpdir(), "realmway-foreign-"));
    const socket = join(directory, "router.sock");
    const [port = 0] = await freePorts(1);
    const { stop } = await startCrossbar(configuration(socket, {}, port));
    return {
      ...COMMON,
      port,
      socket,
      async stop() {
        await stop();
        rmSync(directory, { recursive: true });
        return 0;
      },
    };
  },
};
