/** Programs that use the library, as processes, on this runtime and on Node.js. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

const LIMIT_MS = 30_000;
const NODE = process.env["REALMWAY_NODE"];
const isDeno = process.versions["deno"] !== undefined;

export const runtimes = [
  { name: "this runtime", command: process.execPath, args: isDeno ? ["run", "-A"] : ["run"] },
  ...(NODE === undefined ? [] : [{ name: "Node.js", command: NODE, args: [] }]),
];

/** Starts a program of this folder; `until` waits for its output. */
export function startProgram(
  { command, args }: typeof runtimes[number],
  file: string,
  url: string,
) {
  const path = fileURLToPath(new URL(file, import.meta.url).href);
  const child = spawn(command, [...args, path, url], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    output: () => output,
    async until(isSo: (output: string) => boolean): Promise<void> {
      const end = Date.now() + LIMIT_MS;
      while (!isSo(output)) {
        assert.ok(Date.now() < end && child.exitCode === null, `found only: ${output}`);
        await new Promise((resolve) => {
          child.stdout.once("data", resolve);
          child.once("close", resolve);
          setTimeout(resolve, LIMIT_MS).unref();
        });
      }
    },
    /** Tells it to end, and waits for that. Not by `child.kill`: Deno then tells of the signal instead of the exit code. */
    end(): Promise<number | null> {
      process.kill(child.pid ?? 0, "SIGTERM");
      return ended;
    },
    /** For what a failed test leaves behind. */
    kill: () => child.kill("SIGKILL"),
  };
}
