/** A node below a service manager: a real notify socket, and lines for the journal. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { endAll, launch, openConfig, workplace } from "./cli_process.ts";
import { listenTo } from "./notify_socket.ts";

after(endAll);

const transport = {
  type: "websocket",
  endpoint: { type: "tcp", interface: "127.0.0.1", port: 0 },
};

const skip = spawnSync("python3", ["--version"]).status === 0 ? false : "python3 is not installed";

for (const kind of ["a path", "an abstract name"]) {
  test(
    `start: tells the notify socket at ${kind} that it is ready, alive and stopping`,
    { skip },
    async () => {
      const { directory, remove } = await workplace(openConfig([transport]));
      const file = join(directory, "notify");
      const path = kind === "a path" ? file : `@${file}`;
      const listener = listenTo(path);
      await listener.until(/^bound$/);
      const node = launch(["start"], directory, {
        "NOTIFY_SOCKET": path,
        "WATCHDOG_USEC": "100000",
      });
      const ready = await listener.until(/READY=1/);
      assert.match(ready, /^READY=1\nSTATUS=Listening on ws:\/\/127\.0\.0\.1:\d+/);
      await listener.until(/^WATCHDOG=1$/, 3);
      assert.equal(await node.end(), 0);
      assert.equal(
        await listener.until(/STOPPING=1/),
        "STOPPING=1\nSTATUS=Stopping because of SIGTERM",
      );
      assert.ok(!node.output.stdout.includes("Cannot tell"));
      await listener.end();
      await remove();
    },
  );
}

test("start: a notify socket that is not there costs one warning, and the node runs", async () => {
  const { directory, remove } = await workplace(openConfig([transport]));
  const env = { "NOTIFY_SOCKET": join(directory, "nowhere"), "WATCHDOG_USEC": "1000" };
  const node = launch(["start"], directory, env);
  await node.until(/Cannot tell the service manager by NOTIFY_SOCKET: .*found nobody there/);
  assert.equal(await node.end(), 0);
  assert.equal(node.output.stdout.split("Cannot tell").length, 2);
  await remove();
});

test("start: lines for the journal begin with their priority; where it is piped elsewhere they are JSON", async () => {
  const { directory, remove } = await workplace(openConfig([transport]));
  // What systemd does: device and inode of the standard output that it has made.
  const journal = (inode: string) => [
    "sh",
    "-c",
    `export JOURNAL_STREAM=${inode}; exec "$@"`,
    "sh",
  ];
  const env = { "NOTIFY_SOCKET": "relative" };
  const inode = "$(stat -Lc %d:%i /proc/$$/fd/1)";
  const node = launch(["start"], directory, env, "main.ts", journal(inode));
  await node.until(/Cannot tell.*\n(.*\n)*.*Ready in/);
  assert.equal(await node.end(), 0);
  const lines = node.output.stdout.trimEnd().split("\n");
  for (const line of lines) assert.match(line, /^<[46]>/);
  assert.match(lines.find((line) => line.includes("Cannot tell")) ?? "", /^<4>/);
  assert.match(lines.find((line) => line.includes("Ready in")) ?? "", /^<6>/);
  const piped = launch(["start"], directory, {}, "main.ts", journal("1:2"));
  await piped.until(/^\{.*Ready in/m);
  assert.equal(await piped.end(), 0);
  await remove();
});
