/** `realmway init --template`: what each lays out can be checked, started and joined. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { ApplicationError, connect, JoinError, type Session } from "realmway";
import { readPrivateKey } from "../../auth/keygen.ts";
import type { Template } from "../../node/cli/template_names.ts";
import { endAll, launch, run, workplace } from "./cli_process.ts";

after(endAll);

interface Started {
  readonly directory: string;
  /** Of the WebSocket. */
  readonly url: string;
}

/** Lays it out on any free port, checks and starts it. */
async function withTemplate(template: Template, use: (started: Started) => Promise<void>) {
  const { directory, remove } = await workplace();
  const made = await run(["init", "--template", template, "--port", "0"], directory);
  assert.deepEqual([made.code, made.stderr], [0, ""]);
  const checked = await run(["check"], directory);
  assert.deepEqual([checked.code, checked.stderr], [0, ""]);
  const node = launch(["start"], directory);
  const [url] = await node.until(/wss?:\/\/127\.0\.0\.1:\d+\/(ws)?/);
  await node.until(/Ready in/);
  await use({ directory: join(directory, ".realmway"), url });
  assert.equal(await node.end(), 0);
  await remove();
}

const rights = async (file: string) => (await stat(file)).mode & 0o777;
const readText = (...path: string[]) => readFile(join(...path), "utf8");

test("init --template minimal: anybody on this machine joins, and the node can be managed", () =>
  withTemplate("minimal", async ({ directory, url }) => {
    await using session = await connect({ url, realm: "realm1" });
    await session.publish("com.example.hello", [1], {}, { acknowledge: true });
    assert.equal(await rights(join(directory, "management.sock")), 0o600);
  }));

test("init --template tls: clients that trust its authority join, others do not", () =>
  withTemplate("tls", async ({ directory, url }) => {
    const ca = await readText(directory, "ca.crt");
    const local = url.replace("127.0.0.1", "localhost");
    for (const address of [url, local]) {
      const options = { url: address, realm: "realm1", native: { tls: { ca } } };
      await using session = await connect(options);
      assert.equal(session.isOpen, true);
    }
    await assert.rejects(connect({ url, realm: "realm1" }));
    assert.equal(await rights(join(directory, "server.key")), 0o600);
  }));

test("init --template authenticated: who has a key joins with the rights of its role, nobody else", () =>
  withTemplate("authenticated", async ({ directory, url }) => {
    const join1 = async (authid: string): Promise<Session> => {
      const { privateKey } = await readPrivateKey(
        new TextEncoder().encode(await readText(directory, `${authid}.priv`)),
      );
      const authentication = { cryptosign: { authid, privkey: privateKey } };
      return await connect({ url, realm: "realm1", authentication });
    };
    await using admin = await join1("admin");
    await using user = await join1("user");
    await admin.register("com.example.add", ([a, b]) => Number(a) + Number(b));
    assert.equal(await user.call("com.example.add", [2, 3]), 5);
    await assert.rejects(
      user.register("com.example.mine", () => 1),
      (error) => error instanceof ApplicationError && error.uri === "wamp.error.not_authorized",
    );
    await assert.rejects(connect({ url, realm: "realm1" }), JoinError);
    for (const name of ["admin", "user"]) {
      assert.equal(await rights(join(directory, `${name}.priv`)), 0o600);
      assert.match(
        await readText(directory, `${name}.priv.pub`),
        /public-key-ed25519: [0-9a-f]{64}/,
      );
    }
  }));

test("init --template container: its component answers calls from a process of its own", () =>
  withTemplate("container", async ({ url }) => {
    await using session = await connect({ url, realm: "realm1" });
    const registered = Promise.withResolvers<void>();
    await session.subscribe("wamp.registration.on_create", () => registered.resolve());
    const greet = () => session.call("com.example.greet", ["Joe"]);
    // The component may have come before the subscription.
    const answer = await greet().catch(() => registered.promise.then(greet));
    assert.equal(answer, "Hello, Joe");
  }));

test("init: of several files that are in the way none is changed", async () => {
  const { directory, remove } = await workplace();
  const first = await run(["init", "--template", "tls", "--cbdir", "here"], directory);
  assert.equal(first.code, 0);
  const key = await readText(directory, "here", "server.key");
  const second = await run(["init", "--template", "tls", "--cbdir", "here"], directory);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^Cannot make a node directory: found .*here.config\.json/);
  assert.equal(await readText(directory, "here", "server.key"), key);
  await remove();
});
