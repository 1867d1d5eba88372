/** The commands that make what `auth` of a configuration needs: keys, and what is kept instead of secrets. */
import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { after, test } from "node:test";
import { signingKey } from "../../auth/cryptosign.ts";
import { hashCraSecret } from "../../auth/hash.ts";
import { endAll, launch, run, workplace } from "./cli_process.ts";

after(endAll);

const SECRET = "salmon-of-joe";

test("keygen, keys: make a pair that a configuration takes, and refuse keys that others can read", async () => {
  const { directory, remove } = await workplace();
  const file = joinPath(directory, "joe");
  const made = await run(["keygen", "joe"], directory);
  assert.deepEqual([made.code, made.stderr], [0, ""]);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const publicKey = made.stdout.trim().split("\n").at(-1) ?? "";
  assert.match(publicKey, /^[0-9a-f]{64}$/);
  const privateKey = /private-key-ed25519: ([0-9a-f]{64})/.exec(await readFile(file, "utf8"))?.[1];
  assert.equal((await signingKey(privateKey ?? "")).publicKey, publicKey);
  assert.ok(!made.stdout.includes(privateKey ?? ""));
  assert.ok((await readFile(`${file}.pub`, "utf8")).includes(publicKey));
  const known = await run(["keys", "joe"], directory);
  assert.deepEqual([known.code, known.stdout], [0, `${publicKey}\n`]);

  const again = await run(["keygen", "joe"], directory);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /expected none; it stays as it is/);
  await chmod(file, 0o640);
  const open = await run(["keys", "joe"], directory);
  assert.equal(open.code, 1);
  assert.match(open.stderr, /found rights 640, .*chmod 600/);
  await writeFile(file, privateKey?.replace("0", "x") ?? "");
  await chmod(file, 0o600);
  const broken = await run(["keys", "joe"], directory);
  assert.equal(broken.code, 1);
  assert.ok(!broken.stderr.includes(privateKey?.slice(8, 40) ?? ""), broken.stderr);
  await remove();
});

test("hash: prints what a configuration takes, and never the secret", async () => {
  const { directory, remove } = await workplace();
  const hashed = async (...args: string[]) => {
    const command = launch(["hash", ...args], directory);
    command.type(`${SECRET}\n`);
    const code = await command.ended;
    assert.ok(!`${command.output.stdout}${command.output.stderr}`.includes(SECRET));
    return { code, ...command.output };
  };
  const cra = await hashed("wampcra", "--iterations", "10");
  assert.equal(cra.code, 0, cra.stderr);
  const { salt, ...entry } = JSON.parse(cra.stdout);
  assert.deepEqual({ salt, ...entry }, await hashCraSecret(SECRET, { salt, iterations: 10 }));
  const scram = JSON.parse((await hashed("scram", "--memory", "4096")).stdout);
  assert.deepEqual([scram.kdf, scram.memory, scram.iterations], ["argon2id13", 4096, 2]);
  assert.equal((await hashed("wampcra", "--memory", "4096")).code, 1);
  assert.equal((await hashed("md5")).code, 2);
  await remove();
});

test("check: files of keys and secrets that are of no use are named, with what is expected", async () => {
  const roles = [{ name: "user" }];
  const ways = [
    [{ jwt: { type: "static", jwks: "keys.json" } }, /jwt\.jwks: .* \{"keys": \[\.\.\.\]\}$/m],
    [{ jwt: { type: "static", jwks: { keys: [{ kty: "x" }] } } }, /jwt\.jwks: found no key that/],
    [
      { jwt: { type: "static", public_key: { file: "keys.json", algorithm: "RS256" } } },
      /jwt\.public_key: found something else in .*, expected a public key .* for RS256$/m,
    ],
    [
      {
        ticket: {
          type: "static",
          principals: { joe: { ticket: { file: "empty" }, role: "user" } },
        },
      },
      /ticket\.file: found nothing in .*, expected a secret$/m,
    ],
  ] as const;
  for (const [auth, expected] of ways) {
    const endpoint = { type: "tcp", port: 0 };
    const { directory, remove } = await workplace({
      version: 2,
      workers: [{
        type: "router",
        realms: [{ name: "realm1", roles }],
        transports: [{ type: "websocket", endpoint, auth }],
      }],
    });
    await writeFile(joinPath(directory, ".realmway", "keys.json"), '{"key": 1}');
    await writeFile(joinPath(directory, ".realmway", "empty"), "\n", { mode: 0o600 });
    const { code, stderr } = await run(["check"], directory);
    assert.equal(code, 2);
    assert.match(stderr, expected);
    await remove();
  }
});
