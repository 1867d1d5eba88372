/** `realmway version`. */
import process from "node:process";
import { VERSION } from "../../wamp/version.ts";

/** This program, the runtime and the machine, a line each. */
export function versionText(): string {
  const { versions, arch, platform } = process;
  const runtime = versions["deno"] !== undefined
    ? `Deno ${versions["deno"]}`
    : versions["bun"] !== undefined
    ? `Bun ${versions["bun"]}`
    : `Node.js ${versions.node}`;
  return `Realmway ${VERSION}\n${runtime}\n${platform} ${arch}\n`;
}
