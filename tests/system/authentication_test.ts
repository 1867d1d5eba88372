/** A node that knows its peers: every method from the configuration, over real connections, on every transport; and no secret in its output. */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { chmod, readFile, stat } from "node:fs/promises";
import { dirname, join as joinPath } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { signingKey } from "../../auth/cryptosign.ts";
import { hashCraSecret, hashScramPassword } from "../../auth/hash.ts";
import { type Authentication, connect, JoinError } from "../../mod.ts";
import { dial } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { json } from "../../wamp/codec/json.ts";
import { endAll, launch, run, workplace } from "./cli_process.ts";
import { join } from "./json_client.ts";

after(endAll);

const TLS = joinPath(dirname(fileURLToPath(import.meta.url)), "..", "kit", "tls");
const LOOPBACK = { type: "tcp", port: 0, interface: "127.0.0.1" };

const TICKET = "swordfish-of-joe";
const SECRET = "salmon-of-joe";
const PASSWORD = "herring-of-joe";
const FROM_ENVIRONMENT = "carp-of-jane";
const WRONG = "trout-of-nobody";
const SEED = "0f".repeat(32);
const WRONG_SEED = "f0".repeat(32);

const allow = { call: true, register: true, publish: true, subscribe: true };
const role = "user";

function configWith(transports: readonly object[]) {
  const roles = ["user", "guest"].map((name) => ({ name, permissions: [{ uri: "*", allow }] }));
  const realms = [{ name: "realm1", roles }];
  return { version: 2, workers: [{ type: "router", realms, transports }] };
}

async function everyMethod() {
  const { publicKey } = await signingKey(SEED);
  const derived = await hashCraSecret(SECRET, { iterations: 1000 });
  const hashed = await hashScramPassword(PASSWORD, { kdf: "pbkdf2", iterations: 4096 });
  return {
    auth: {
      ticket: {
        type: "static",
        principals: {
          joe: { ticket: TICKET },
          jane: { ticket: "$JANES_TICKET", role: "guest", extra: { "x": 1 } },
        },
        "default-role": role,
      },
      wampcra: {
        type: "static",
        users: {
          joe: { secret: SECRET, role },
          salted: { secret: SECRET, salt: "pepper", iterations: 100, role },
          derived: { ...derived, role },
        },
      },
      cryptosign: { type: "static", principals: { joe: { authorized_keys: [publicKey], role } } },
      scram: { type: "static", principals: { joe: { ...hashed, role } } },
    },
    hidden: [derived["derived-secret"], hashed["stored-key"], hashed["server-key"]],
  };
}

async function joined(url: string, authentication: Authentication): Promise<string> {
  try {
    const session = await connect({ url, realm: "realm1", authentication });
    const { authid, authrole } = session;
    await session.leave();
    return `${authid} ${authrole}`;
  } catch (error) {
    if (error instanceof JoinError) return error.reason;
    throw error;
  }
}

const DENIED = "wamp.error.authentication_denied";

/** What comes of each. */
const ATTEMPTS: readonly (readonly [Authentication, string])[] = [
  [{ ticket: { authid: "joe", ticket: TICKET } }, "joe user"],
  [{ ticket: { authid: "jane", ticket: FROM_ENVIRONMENT } }, "jane guest"],
  [{ ticket: { authid: "jane", ticket: "$JANES_TICKET" } }, DENIED],
  [{ ticket: { authid: "joe", ticket: WRONG } }, DENIED],
  [{ ticket: { authid: "jack", ticket: TICKET } }, DENIED],
  [{ wampcra: { authid: "joe", secret: SECRET } }, "joe user"],
  [{ wampcra: { authid: "salted", secret: SECRET } }, "salted user"],
  [{ wampcra: { authid: "derived", secret: SECRET } }, "derived user"],
  [{ wampcra: { authid: "derived", secret: WRONG } }, DENIED],
  [{ wampcra: { authid: "jack", secret: SECRET } }, DENIED],
  [{ cryptosign: { authid: "joe", privkey: SEED } }, "joe user"],
  [{ cryptosign: { privkey: SEED } }, "joe user"],
  [{ cryptosign: { authid: "joe", privkey: WRONG_SEED } }, DENIED],
  [{ scram: { authid: "joe", password: PASSWORD } }, "joe user"],
  [{ scram: { authid: "joe", password: WRONG } }, DENIED],
  [{ scram: { authid: "jack", password: PASSWORD } }, DENIED],
  [{ anonymous: {} }, "wamp.error.no_matching_auth_method"],
];

test("Authentication: a node knows its principals by every method, and none of their secrets is in its output", async () => {
  const { auth, hidden } = await everyMethod();
  const { directory, remove } = await workplace(configWith([
    {
      type: "universal",
      endpoint: LOOPBACK,
      rawsocket: { auth },
      websocket: { "ws": { auth }, "open": { auth: { anonymous: { type: "static", role } } } },
    },
  ]));
  const args = ["start", "--loglevel", "trace", "--logformat", "json"];
  const node = launch(args, directory, { "JANES_TICKET": FROM_ENVIRONMENT });
  await node.until(/Ready in/);
  const port = /127\.0\.0\.1:(\d+)/.exec(node.output.stdout)?.[1];
  for (const url of [`ws://127.0.0.1:${port}/ws`, `rs://127.0.0.1:${port}`]) {
    for (const [authentication, expected] of ATTEMPTS) {
      const found = await joined(url, authentication);
      assert.equal(found, expected, `${url} ${JSON.stringify(authentication)}`);
    }
  }
  // A path of its own has principals of its own.
  const { details } = await join(`ws://127.0.0.1:${port}/open`);
  assert.equal((details as Record<string, unknown>)["authrole"], role);
  assert.equal(
    await joined(`ws://127.0.0.1:${port}/open`, { ticket: { authid: "joe", ticket: TICKET } }),
    "wamp.error.no_matching_auth_method",
  );
  assert.equal(await node.end(), 0);
  const output = node.output.stdout + node.output.stderr;
  // What happened is told, the secrets are not.
  assert.match(output, /a wrong ticket/);
  assert.match(output, /no such principal/);
  const secrets = [TICKET, SECRET, PASSWORD, FROM_ENVIRONMENT, WRONG, SEED, WRONG_SEED, ...hidden];
  for (const secret of secrets) assert.ok(!output.includes(secret), secret);
  const key = joinPath(directory, ".realmway", "decoy.key");
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  assert.ok(!output.includes((await readFile(key, "utf8")).trim()));
  await remove();
});

test("Authentication: who does not exist is shown the same salt after a restart", async () => {
  const { auth } = await everyMethod();
  const { directory, remove } = await workplace(
    configWith([{ type: "websocket", endpoint: LOOPBACK, auth }]),
  );
  const salts: unknown[] = [];
  for (let start = 0; start < 2; start++) {
    const node = launch(["start"], directory, { "JANES_TICKET": "x" });
    await node.until(/Ready in/);
    const [, url = ""] = /"url":"(ws:[^" ]*)/.exec(node.output.stdout) ?? [];
    await connect({
      url,
      realm: "realm1",
      authentication: [{
        names: ["wampcra"],
        authid: "jack",
        authrole: undefined,
        begin: () => ({
          authextra: {},
          answer(_authmethod, extra) {
            salts.push(extra["salt"]);
            throw new Error("seen enough");
          },
        }),
      }],
    }).catch((error) => assert.ok(error instanceof JoinError));
    await node.end();
  }
  assert.equal(salts.length, 2);
  assert.equal(salts[0], salts[1]);
  // A key that others can read is none.
  await chmod(joinPath(directory, ".realmway", "decoy.key"), 0o644);
  const { code, stdout, stderr } = await run(["start"], directory, { "JANES_TICKET": "x" });
  assert.equal(code, 1);
  assert.match(stdout + stderr, /found rights 644, expected that its owner alone may read it/);
  await remove();
});

test("Authentication: a client certificate tells who its owner is [WAMP authentication_tls]", async () => {
  const file = (name: string) => joinPath(TLS, name);
  const pem = await readFile(file("client.crt"), "utf8");
  const sha1 = createHash("sha1").update(new X509Certificate(pem).raw).digest("hex");
  for (
    const record of [
      { "certificate-sha1": sha1 },
      { "certificate-sha256": new X509Certificate(pem).fingerprint256 },
      { "certificate-subject": { "CN": "peter" } },
      { "certificate-subject": { "CN": "paul" } },
    ]
  ) {
    const tls = {
      key: file("server.key"),
      certificate: file("server.crt"),
      "ca_certificates": [file("ca.crt")],
    };
    const auth = { tls: { type: "static", principals: { pete: { ...record, role } } } };
    const { directory, remove } = await workplace(
      configWith([{ type: "rawsocket", endpoint: { ...LOOPBACK, tls }, auth }]),
    );
    const node = launch(["start"], directory);
    await node.until(/Ready in/);
    const port = /127\.0\.0\.1:(\d+)/.exec(node.output.stdout)?.[1];
    const host = new TransportHost({ onFault: (error) => assert.fail(String(error)) });
    const clientTls = {
      cert: pem,
      key: await readFile(file("client.key"), "utf8"),
      ca: await readFile(file("ca.crt"), "utf8"),
      serverName: "localhost",
    };
    const session = connect({
      url: `rss://localhost:${port}`,
      realm: "realm1",
      authentication: { tls: {} },
      dial: ({ url, signal }, attach) =>
        dial({
          url,
          signal,
          host,
          codecs: [json],
          endpoint: { kind: "tcp", host: "127.0.0.1", port: Number(port) },
          tls: clientTls,
        }, attach),
    });
    const isPaul = record["certificate-subject"]?.CN === "paul";
    const found = await session.then(
      async (session) => {
        await session.leave();
        return session.authid;
      },
      (error) => error instanceof JoinError ? error.reason : String(error),
    );
    assert.equal(found, isPaul ? DENIED : "pete", JSON.stringify(record));
    assert.equal(await node.end(), 0);
    await remove();
  }
});

test("check: names what is wrong with principals, and quotes no secret", async () => {
  const principals = { joe: { ticket: [TICKET] }, jane: { tiket: TICKET }, jack: TICKET };
  const auth = { ticket: { type: "static", principals } };
  const { directory, remove } = await workplace(
    configWith([{ type: "websocket", endpoint: LOOPBACK, auth }]),
  );
  const { code, stdout, stderr } = await run(["check"], directory);
  assert.equal(code, 2);
  assert.match(stderr, /auth\.ticket\.principals\.jane\.tiket: .*did you mean "ticket"\?/);
  assert.ok(!`${stdout}${stderr}`.includes(TICKET), stderr);
  await remove();
});
