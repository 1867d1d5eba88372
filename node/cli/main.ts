#!/usr/bin/env -S deno run -A
/**
 * The executable: `realmway start`, `check`, `init`, `version`. Exit codes: 0 done, 1 it failed, 2 the command line or the configuration is wrong.
 * No top-level await here: a compiled executable would start late.
 */
import process from "node:process";
import { exit } from "./output.ts";
import { run } from "./program.ts";

run(process.argv.slice(2)).then(exit);
