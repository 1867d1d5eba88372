/** No secret is in a node's output, whatever the log level: of methods that ask authenticators, of tokens, cookies and links. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join as joinPath } from "node:path";
import { after, test } from "node:test";
import { SignJWT } from "jose";
import { signingKey } from "../../auth/cryptosign.ts";
import { hashScramPassword } from "../../auth/hash.ts";
import {
  ApplicationError,
  type Authentication,
  connect,
  type Dial,
  JoinError,
  type Session,
} from "../../mod.ts";
import { dial } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { json } from "../../wamp/codec/json.ts";
import { endAll, freePort, launch, workplace } from "./cli_process.ts";

after(endAll);

const TICKET = 'sword"fish\\of-jöe';
const SECRET = "salmon-of-joe";
const PASSWORD = "herring-of-joe";
const WRONG = "trout-of-nobody";
const SEED = "0f".repeat(32);
const SHARED = "cod-of-the-issuer-".repeat(3);
const IN_MODULE = "pike-of-the-module";
const IN_FILE = "perch-of-the-file";
const LINK_TICKET = "eel-of-the-link";
const COOKIE = "carp-of-joes-browser-000";
const KEYS = "com.example.authenticate";

const MODULE = `export function make(config: { ticket: string }) {
  return (_realm: string, authid: string, { ticket }: { ticket: string }) => {
    if (authid === "broken") throw new Error("broken by " + ticket);
    return ticket === config.ticket ? "user" : undefined;
  };
}`;

function configWith(port: number) {
  const dynamic = { type: "dynamic", authenticator: KEYS };
  const roles = ["user", "anonymous"].map((name) => ({ name, "allow-by-default": true }));
  const link = {
    realm: "realm1",
    "initial_retry_delay": 60_000,
    transport: {
      type: "websocket",
      url: `ws://127.0.0.1:${port}/asked`,
      endpoint: { type: "tcp", host: "127.0.0.1", port },
    },
  };
  const rlinks = [
    { ...link, authentication: { ticket: { authid: "link", ticket: LINK_TICKET } } },
    { ...link, authentication: { ticket: { authid: "link", ticket: { file: "link.secret" } } } },
    { ...link, authentication: { wampcra: { authid: "link", secret: WRONG } } },
    { ...link, authentication: { cryptosign: { privkey: SEED } } },
  ];
  const websocket = {
    "open": {},
    "asked": { auth: { ticket: dynamic, wampcra: dynamic, cryptosign: dynamic, scram: dynamic } },
    "made": {
      auth: {
        ticket: { type: "function", create: "./keys.ts:make", config: { ticket: IN_MODULE } },
      },
    },
    "token": {
      cookie: {},
      auth: { cookie: {}, jwt: { type: "static", secret: SHARED, "default-role": "user" } },
    },
  };
  return {
    version: 2,
    workers: [{
      type: "router",
      realms: [{ name: "realm1", roles }, { name: "realm2", roles, rlinks }],
      transports: [{
        type: "universal",
        endpoint: { type: "tcp", port, interface: "127.0.0.1" },
        rawsocket: { auth: { ticket: dynamic } },
        websocket,
      }],
    }],
  };
}

/** The record, or what is wrong with it, of each authid. */
async function authenticator(session: Session): Promise<string[]> {
  const { publicKey } = await signingKey(SEED);
  const hashed = await hashScramPassword(PASSWORD, { kdf: "pbkdf2", iterations: 4096 });
  type Question = readonly [string, string, { authmethod: string; ticket?: string }];
  await session.register(KEYS, ([, authid, { authmethod, ticket }]: Question) => {
    if (authid === "broken") throw new Error(`broken by ${ticket ?? "nobody"}`);
    if (authid === "banned") throw new ApplicationError("com.example.banned", [`not ${ticket}`]);
    if (authid === "odd") return { role: [SECRET], secret: [SECRET], authorized_keys: SECRET };
    if (authid === "text") return [ticket ?? SECRET];
    if (authid === "short") return { ...hashed, "stored-key": SECRET, authorized_keys: [SECRET] };
    switch (authmethod) {
      case "ticket":
        return ticket === TICKET || ticket === LINK_TICKET ? "user" : null;
      case "wampcra":
        return { secret: SECRET, salt: "pepper", iterations: 100, keylen: 32, role: "user" };
      case "cryptosign":
        return { pubkey: publicKey, role: "user" };
      default:
        return { ...hashed, role: "user" };
    }
  });
  return [hashed["stored-key"], hashed["server-key"]];
}

test("Secrets: none is in the output of a node, of whatever authmethod, authenticator, token, cookie or link", async () => {
  const port = await freePort();
  const { directory, remove } = await workplace(configWith(port));
  const node = joinPath(directory, ".realmway");
  await writeFile(joinPath(node, "keys.ts"), MODULE);
  await writeFile(joinPath(node, "link.secret"), `${IN_FILE}\n`, { mode: 0o600 });
  const args = ["start", "--loglevel", "trace", "--logformat", "json"];
  const running = launch(args, directory);
  await running.until(/Ready in/);
  const at = `ws://127.0.0.1:${port}`;
  const host = new TransportHost({ onFault: (error) => assert.fail(String(error)) });
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const keeper = await connect({ url: `${at}/open`, realm: "realm1", log: silent });
  const hidden = await authenticator(keeper);
  async function outcome(url: string, authentication: Authentication, cookie?: string) {
    const headers = cookie === undefined ? {} : { "Cookie": `cbtid=${cookie}` };
    const browsing: Dial = ({ signal }, attach) =>
      dial({ url, codecs: [json], headers, signal, host }, attach);
    try {
      const session = await connect({
        url,
        realm: "realm1",
        authentication,
        ...(cookie !== undefined && { dial: browsing }),
      });
      await session.leave();
      return "joined";
    } catch (error) {
      if (error instanceof JoinError) return error.reason;
      throw error;
    }
  }
  const FAILED = "wamp.error.authentication_failed";
  const DENIED = "wamp.error.authentication_denied";
  const by = (authid: string) => ({
    ticket: { authid, ticket: TICKET },
    wampcra: { authid, secret: SECRET },
    cryptosign: { authid, privkey: SEED },
    scram: { authid, password: PASSWORD },
  });
  for (const [name, method] of Object.entries(by("joe"))) {
    assert.equal(await outcome(`${at}/asked`, { [name]: method }), "joined", name);
  }
  for (const authid of ["broken", "odd", "text", "short"]) {
    for (const [name, method] of Object.entries(by(authid))) {
      const found = await outcome(`${at}/asked`, { [name]: method });
      // Of a record for all methods, a ticket's authenticator has judged already.
      assert.notEqual(found, "joined", `${authid} ${name}`);
    }
  }
  assert.equal(await outcome(`${at}/asked`, { ticket: by("banned").ticket }), "com.example.banned");
  assert.equal(await outcome(`${at}/asked`, { scram: { authid: "joe", password: WRONG } }), DENIED);
  assert.equal(await outcome(`rs://127.0.0.1:${port}`, { ticket: by("broken").ticket }), FAILED);
  const made = (authid: string, ticket: string) =>
    outcome(`${at}/made`, { ticket: { authid, ticket } });
  assert.equal(await made("joe", IN_MODULE), "joined");
  assert.equal(await made("joe", WRONG), DENIED);
  assert.equal(await made("broken", TICKET), FAILED);
  const token = (expires: number, secret: string) =>
    new SignJWT({ sub: "joe" }).setProtectedHeader({ alg: "HS256" }).setExpirationTime(expires)
      .sign(new TextEncoder().encode(secret));
  const soon = Math.floor(Date.now() / 1000) + 600;
  const tokens = [
    await token(soon, SHARED),
    await token(1, SHARED),
    await token(soon, WRONG + SHARED),
  ];
  const [good = "", ...bad] = tokens;
  for (const token of [...bad, `${good}x`, `${WRONG}.${WRONG}.${WRONG}`]) {
    assert.equal(await outcome(`${at}/token`, { jwt: { token } }, COOKIE), DENIED);
  }
  assert.equal(await outcome(`${at}/token`, { jwt: { token: good } }, COOKIE), "joined");
  assert.equal(await outcome(`${at}/token`, { cookie: {} }, COOKIE), "joined");
  await keeper.leave();
  assert.equal(await running.end(), 0);
  const output = running.output.stdout + running.output.stderr;
  assert.match(output, /found too few|Cannot use|unfit|a dictionary/);
  const secrets = [
    TICKET,
    SECRET,
    PASSWORD,
    WRONG,
    SEED,
    SHARED,
    IN_MODULE,
    IN_FILE,
    LINK_TICKET,
    COOKIE,
  ];
  const signatures = tokens.flatMap((token) => token.split("."))
    .filter((part) => part.length > 24);
  for (const secret of [...secrets, ...hidden, ...signatures]) {
    for (const form of [secret, JSON.stringify(secret).slice(1, -1)]) {
      for (const again of [form, JSON.stringify(form).slice(1, -1)]) {
        const at = output.indexOf(again);
        assert.equal(at, -1, `${again}: ${output.slice(Math.max(0, at - 300), at + 100)}`);
      }
    }
  }
  await remove();
});
