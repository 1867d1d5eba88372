/** How much memory the process may have: what its cgroups allow (systemd's MemoryMax, a container's limit), or all that the machine has. */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";

/** Bytes. */
export function memoryLimit(read: (path: string) => string = readText, total = totalmem()): number {
  let least = total;
  for (const line of read("/proc/self/cgroup").split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const isFirstVersion = controllers !== "";
    if (isFirstVersion && controllers?.split(",").includes("memory") !== true) continue;
    const [root, file] = isFirstVersion
      ? ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"]
      : ["/sys/fs/cgroup", "memory.max"];
    // Each group above may allow less.
    for (let group = path;; group = dirname(group)) {
      const limit = Number(read(join(root, group, file)).trim() || "max");
      if (limit > 0) least = Math.min(least, limit);
      if (group === "/") break;
    }
  }
  return least;
}

/** Empty where there is none: not every system has cgroups. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
