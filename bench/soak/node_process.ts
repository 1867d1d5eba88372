/** The node under test: started from source as a process, its log watched, its memory read. Ends nothing but that process. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url).href);
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  "deno": ["deno", "run", "-A", MAIN],
  "bun": ["bun", MAIN],
};
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 15_000;

export const REALM = "realm1";

const everything = { "call": true, "register": true, "publish": true, "subscribe": true };
const configuration = {
  "version": 2,
  "workers": [{
    "type": "router",
    "realms": [{
      "name": REALM,
      "roles": [{
        "name": "anonymous",
        "permissions": [{ "uri": "", "match": "prefix", "allow": everything }],
      }],
    }],
    "transports": [{
      "type": "universal",
      "endpoint": { "type": "tcp", "port": 0, "interface": "127.0.0.1", "backlog": 1024 },
      "rawsocket": {},
      "websocket": { "ws": {} },
    }],
  }],
};

export class NodeProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #log: NodeLog;
  readonly #ended: Promise<number | string>;

  private constructor(
    child: ChildProcess,
    log: NodeLog,
    ended: Promise<number | string>,
    port: number,
  ) {
    this.#child = child;
    this.#log = log;
    this.#ended = ended;
    this.port = port;
  }

  /** @param onFault told of whatever a healthy node would not do or say. */
  static async start(runtime: string, onFault: (text: string) => void): Promise<NodeProcess> {
    const [program, ...args] = COMMANDS[runtime] ?? [];
    if (program === undefined) {
      const known = Object.keys(COMMANDS).join(" or ");
      throw new Error(`Cannot start a node: found runtime "${runtime}", expected ${known}`);
    }
    const directory = mkdtempSync(join(tmpdir(), "realmway-soak-"));
    writeFileSync(join(directory, "config.json"), JSON.stringify(configuration));
    const options = ["start", "--cbdir", directory, "--logformat", "json", "--loglevel", "info"];
    const child = spawn(program, [...args, ...options], { stdio: ["ignore", "pipe", "pipe"] });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    const ended = new Promise<number | string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
    }).finally(() => {
      process.off("exit", kill);
      rmSync(directory, { recursive: true, force: true });
    });
    const log = new NodeLog(child, onFault);
    const late = setTimeout(kill, START_LIMIT_MS);
    const port = await Promise.race([log.port, ended.then(() => undefined)]);
    clearTimeout(late);
    if (port === undefined) throw new Error(`Cannot start a node: it ended.\n${log.last}`);
    return new NodeProcess(child, log, ended, port);
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get warnings(): number {
    return this.#log.warnings;
  }

  /** Resident memory in MiB; undefined when the process is gone. */
  residentMiB(): number | undefined {
    const pid = String(this.#child.pid);
    if (this.hasEnded) return undefined;
    const kib = process.platform === "linux"
      ? /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
      : spawnSync("ps", ["-o", "rss=", "-p", pid], { encoding: "utf8" }).stdout.trim();
    return kib ? Number(kib) / 1024 : undefined;
  }

  /** Tells the node to shut down. Resolves to its exit code, or to the signal that ended it. */
  async stop(): Promise<number | string> {
    const { pid } = this.#child;
    // `child.kill` would make Deno report the signal in place of the exit code
    if (pid !== undefined && !this.hasEnded) process.kill(pid, "SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT_MS);
    const code = await this.#ended;
    clearTimeout(late);
    return code;
  }
}

/** What the node prints, line by line. */
class NodeLog {
  readonly port: Promise<number>;
  warnings = 0;
  /** The last lines, for the message of a node that does not start. */
  last = "";

  constructor(child: ChildProcess, onFault: (text: string) => void) {
    if (child.stdout === null || child.stderr === null) throw new Error("Cannot read from a node");
    const out = createInterface({ input: child.stdout });
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#keep(line);
      onFault(`The node wrote to standard error: ${line}`);
    });
    this.port = new Promise((resolve) => {
      let port = 0;
      out.on("line", (line) => {
        this.#keep(line);
        port ||= Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? 0);
        if (/Ready in/.test(line)) resolve(port);
        if (/"level":"(?:ERROR|FATAL)"/i.test(line)) onFault(`The node logged ${line}`);
        if (/"level":"WARN(?:ING)?"/i.test(line)) this.warnings++;
      });
    });
  }

  #keep(line: string): void {
    this.last = `${this.last}${line}\n`.slice(-4000);
  }
}
