/** Crossbar.io as a process, with a configuration of ours: `REALMWAY_CROSSBAR` says where it is (`.ci/setup-crossbar.sh`). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 10_000;

/** What is missing to start it; undefined when it is there. */
export function missingCrossbar(): string | undefined {
  const path = process.env["REALMWAY_CROSSBAR"];
  if (path !== undefined && existsSync(path)) return undefined;
  return `Crossbar.io: REALMWAY_CROSSBAR is ${path ?? "not set"} (see .ci/setup-crossbar.sh)`;
}

/** Ports that nobody has now. It cannot choose its own and say which. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Resolves when all that the configuration has is up. Paths in it are relative to a folder of its own: `folders` of that are made. */
export async function startCrossbar(
  config: object,
  folders: readonly string[] = [],
): Promise<{ stop(): Promise<void> }> {
  const home = mkdtempSync(join(tmpdir(), "realmway-crossbar-"));
  for (const folder of [".crossbar", ...folders]) mkdirSync(join(home, folder));
  const directory = join(home, ".crossbar");
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  const args = ["start", "--cbdir", directory, "--color", "false"];
  const child = spawn(process.env["REALMWAY_CROSSBAR"] ?? "", args, {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, as its workers may outlive it when it is killed.
    detached: true,
  });
  const ended = once(child, "close");
  const endAll = (signal: NodeJS.Signals) => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
  };
  let text = "";
  const isUp = new Promise<boolean>((resolve) => {
    const take = (chunk: unknown) => {
      text = `${text}${chunk}`.slice(-20_000);
      if (text.includes("NODE_BOOT_COMPLETE")) resolve(true);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", () => resolve(false));
    child.once("close", () => resolve(false));
  });
  const killer = setTimeout(() => endAll("SIGKILL"), START_LIMIT_MS);
  const isStarted = await isUp;
  clearTimeout(killer);
  if (!isStarted) {
    rmSync(home, { recursive: true });
    throw new Error(`Cannot start Crossbar.io:\n${text}`);
  }
  return {
    async stop() {
      endAll("SIGTERM");
      const timer = setTimeout(() => endAll("SIGKILL"), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
      rmSync(home, { recursive: true, force: true });
    },
  };
}
