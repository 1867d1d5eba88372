#!/usr/bin/env -S deno run -A
/**
 * The executable: `realmway start`, `check`, `config show`, `schema`, `init`, `keygen`, `keys`, `hash`, `version`. Exit codes: 0 done, 1 it failed, 2 the command line or the configuration is wrong.
 * No top-level await here: a compiled executable would start late.
 */
import process from "node:process";
import { StopSignals } from "./process_events.ts";

const args = process.argv.slice(2);
// Before the rest is loaded: who stops a node in its first moments wants it to end as later.
const signals = args[0] === "start" ? new StopSignals(true) : undefined;
Promise.all([import("./program.ts"), import("./output.ts")]).then(async ([{ run }, { exit }]) =>
  exit(await run(args, signals))
);
