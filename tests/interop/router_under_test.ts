/**
 * The router that the clients talk to: this one, as a real process with a configuration of its own. From source on Deno; on Bun when
 * REALMWAY_RUNTIME=bun; or the executable that REALMWAY_BIN names. With REALMWAY_REFERENCE=ws://host:port/path?unix=socket the tests run
 * against another router that is up already, to see whether a failure is the test's fault.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;

/** Sessions learn who calls and publishes below this URI, whether or not the peer asks for it. */
export const DISCLOSED = "com.disclosed";

export interface RouterUnderTest {
  readonly host: string;
  readonly port: number;
  /** Path of WebSocket. */
  readonly path: string;
  /** Unix domain socket, for WebSocket and RawSocket too. */
  readonly socket: string;
  readonly realm: string;
  readonly isReference: boolean;
  /** What the router has logged as a warning or worse, for messages of failing tests. */
  complaints(): string;
  /** Tells the router to shut down. Resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** What a test wants the router to be. */
export interface RouterWishes {
  /** Of all transports; by default everybody is anonymous. */
  readonly auth?: object;
  /** Besides "anonymous". */
  readonly roles?: readonly object[];
  /** Of the realm. By default nothing is recorded. */
  readonly store?: object;
  /** Of the realm. By default no session outlives its connection. */
  readonly resumption?: object;
  /** By default what the environment says. */
  readonly runtime?: "deno" | "bun";
}

/** @param auth of all transports; by default everybody is anonymous. */
export function startRouter(auth?: object): Promise<RouterUnderTest> {
  const reference = process.env["REALMWAY_REFERENCE"];
  if (reference === undefined) return startRouterWith(auth === undefined ? {} : { auth });
  const url = new URL(reference);
  return Promise.resolve({
    host: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    socket: url.searchParams.get("unix") ?? "",
    realm: "realm1",
    isReference: true,
    complaints: () => "",
    stop: () => Promise.resolve(0),
  });
}

/** What every session may do; the tests are about clients, not about permissions. */
const everything = { "call": true, "register": true, "publish": true, "subscribe": true };

export function configuration(
  socket: string,
  { auth, roles = [], resumption, store }: RouterWishes,
  port = 0,
) {
  const service = auth === undefined ? {} : { "auth": auth };
  const services = {
    "rawsocket": service,
    "websocket": { "ws": { "type": "websocket", ...service } },
  };
  return {
    "version": 2,
    "workers": [{
      "type": "router",
      "realms": [{
        "name": "realm1",
        ...(resumption && { "resumption": resumption }),
        ...(store && { "store": store }),
        "roles": [{
          "name": "anonymous",
          "permissions": [
            { "uri": "", "match": "prefix", "allow": everything },
            {
              "uri": DISCLOSED,
              "match": "prefix",
              "allow": everything,
              "disclose": { "caller": true, "publisher": true },
            },
          ],
        }, ...roles],
      }],
      "transports": [
        {
          "type": "universal",
          "endpoint": { "type": "tcp", "port": port, "interface": "127.0.0.1" },
          ...services,
        },
        { "type": "universal", "endpoint": { "type": "unix", "path": socket }, ...services },
      ],
    }],
  };
}

/** Program and arguments of the command line. */
function commandLine(runtime = process.env["REALMWAY_RUNTIME"]): [string, ...string[]] {
  const binary = process.env["REALMWAY_BIN"];
  if (binary !== undefined) return [binary];
  const main = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url).href);
  if (runtime === "bun") return ["bun", main];
  return ["deno", "run", "-A", main];
}

/** This router, even where a reference is named. */
export async function startRouterWith(wishes: RouterWishes): Promise<RouterUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), "realmway-interop-"));
  const socket = join(directory, "router.sock");
  writeFileSync(join(directory, "config.json"), JSON.stringify(configuration(socket, wishes)));
  const [program, ...args] = commandLine(wishes.runtime);
  const options = ["start", "--cbdir", directory, "--logformat", "json", "--loglevel", "info"];
  const child = spawn(program, [...args, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve)).then(
    (code) => {
      hasEnded = true;
      process.off("exit", kill);
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  );
  const log = new RouterLog(child);
  const port = await Promise.race([log.port(), ended.then(() => undefined), after(START_LIMIT_MS)]);
  if (port === undefined) {
    kill();
    throw new Error(`Cannot start the router:\n${log.text}`);
  }
  return {
    host: "127.0.0.1",
    port,
    path: "/ws",
    socket,
    realm: "realm1",
    isReference: false,
    complaints: () => log.complaints(),
    stop: async () => {
      // `child.kill` would make Deno report the signal in place of the exit code
      if (child.pid !== undefined && !hasEnded) process.kill(child.pid, "SIGTERM");
      const timer = setTimeout(kill, STOP_LIMIT_MS);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

/** Gathers what the router prints. */
class RouterLog {
  text = "";
  readonly #onText = new Set<() => void>();

  constructor(child: ChildProcess) {
    const add = (chunk: unknown) => {
      this.text = `${this.text}${chunk}`.slice(-200_000);
      for (const run of this.#onText) run();
    };
    child.stdout?.on("data", add);
    child.stderr?.on("data", add);
  }

  /** The port that it says it listens on. */
  port(): Promise<number> {
    return new Promise((resolve) => {
      const look = () => {
        const port = /127\.0\.0\.1:(\d+)/.exec(this.text)?.[1];
        // All listeners are up
        if (port === undefined || !/Ready in/.test(this.text)) return;
        this.#onText.delete(look);
        resolve(Number(port));
      };
      this.#onText.add(look);
      look();
    });
  }

  complaints(): string {
    const lines = this.text.split("\n").filter((line) => /warn|error|fatal/i.test(line)).slice(-5);
    return lines.length === 0 ? "" : `\nThe router said:\n${lines.join("\n").slice(0, 4000)}`;
  }
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => void setTimeout(() => resolve(undefined), ms).unref());
}
