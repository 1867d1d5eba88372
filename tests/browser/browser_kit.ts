/** A development server as a process, and Chromium to look at its page with. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { connect, type Session } from "../../mod.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url).href);
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** Why these tests cannot run; false if they can. */
export const MISSING = existsSync(CHROMIUM) ? false : `CHROMIUM names no browser: ${CHROMIUM}`;
const ARGUMENTS = ["run", "-A", "node/cli/dev.ts"];

export class DevServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  /** @param port 0: a free one. */
  static async start(port = 0): Promise<DevServer> {
    const child = spawn(process.execPath, ARGUMENTS, {
      cwd: ROOT,
      env: { ...process.env, "PORT": String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(child.stdout !== null);
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      const open = /Open http:\/\/[^:]+:(\d+)\//.exec(line);
      if (open === null) continue;
      // Whoever writes to a pipe that nobody reads is stopped.
      child.stdout.resume();
      return new DevServer(child, Number(open[1]));
    }
    throw new Error(`Cannot start the development server: ${lines.join("\n")}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** A session of this process. */
  join(): Promise<Session> {
    return connect({ url: `ws://127.0.0.1:${this.port}/ws`, realm: "realm1" });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await exited;
  }
}

export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
