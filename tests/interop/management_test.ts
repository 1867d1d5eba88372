/** Autobahn|Python manages a node over its unix socket, as people's tools did with Crossbar.io. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { endAll, launch, workplace } from "../system/cli_process.ts";

const python = process.env["REALMWAY_PYTHON"];
const program = fileURLToPath(new URL("python/manager.py", import.meta.url).href);
const run = promisify(execFile);
const skip = python === undefined ? "REALMWAY_PYTHON is not set: see CONTRIBUTING.md" : false;
after(endAll);

test(
  "Autobahn|Python starts, shows and stops realms, roles, transports and workers",
  { skip },
  async () => {
    const place = await workplace({
      "version": 2,
      "controller": { "management": { "socket": "management.sock" } },
      "workers": [{ "type": "router", "realms": [{ "name": "realm1" }] }],
    });
    const node = launch(["start"], place.directory);
    try {
      await node.until(/Ready in/);
      const socket = join(place.directory, ".realmway", "management.sock");
      const { stdout } = await run(python ?? "", [program, socket], { timeout: 60_000 });
      assert.deepEqual(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""), {
        "realms": ["realm001"],
        "started": ["realm2", ["role001"]],
        "by name": "realm2",
        "twice": "crossbar.error.already_running",
        "wrong": "crossbar.error.invalid_configuration",
        "role": "role001",
        "transport": ["more", 3],
        "stopped": 6,
        "detached": [],
        "gone": "crossbar.error.no_such_object",
        // What it has caused itself is not told to it.
        "events": [],
        "container": ["box", "started", []],
        "no component": "crossbar.error.no_such_object",
        "guest": ["hello"],
        "stopped worker": "stopped",
        "no worker": "crossbar.error.no_such_worker",
      });
    } finally {
      await node.end();
      await place.remove();
    }
  },
);
