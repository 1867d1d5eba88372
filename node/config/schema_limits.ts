/** What the node takes on at most. Part of `schema.ts`; `capacity.ts` holds to it. */
import type { z } from "zod";
import { bytes, flag, section, whole } from "./fields.ts";

export const nodeLimits = section(
  "How much the node takes on: what is beyond is refused and counted, what is there goes on",
  () => ({
    "memory": bytes(
      { min: 0, max: Number.MAX_SAFE_INTEGER },
      "Memory of the process beyond which nobody joins; 0 is no limit (default: 85 % of what its cgroup allows, else of the machine's)",
    ).optional(),
    "handshakes": whole(
      { min: 0, max: 1_000_000, unit: "1/s" },
      "Attempts to join that a transport takes in a second; others are refused. 0 is no limit",
    ).default(2000),
    "handshakes_burst": whole(
      { min: 1, max: 10_000_000 },
      "How many of them may come at once, as when all clients reconnect",
    ).default(20_000),
    "sessions_per_address": whole(
      { min: 1, max: 10_000_000 },
      "Sessions of one address, of IPv6 of one /64 (default: no limit, as many may be behind one address)",
    ).optional(),
    "loopback": flag(
      false,
      "Count sessions of this machine and of unix sockets, too, which may be a proxy for many",
    ),
    "spare_descriptors": whole(
      { min: 0, max: 100_000 },
      "File descriptors that connections leave to stores, files and processes, but at most a quarter of what the process may have",
    ).default(64),
  }),
);

export type NodeLimitsConfig = z.output<typeof nodeLimits>;
