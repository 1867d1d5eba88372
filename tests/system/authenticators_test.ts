/** Principals that are not in the configuration: procedures and functions that know them, tokens that vouch for them, secrets in files. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join as joinPath } from "node:path";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { signingKey } from "../../auth/cryptosign.ts";
import { hashScramPassword } from "../../auth/hash.ts";
import {
  ApplicationError,
  type Authentication,
  connect,
  JoinError,
  type Session,
} from "../../mod.ts";
import { ConfigError, type Node, parseConfig, startNode } from "../../node/mod.ts";
import { workplace } from "./cli_process.ts";
import { errorLog } from "../kit/error_log.ts";

const LOOPBACK = { type: "tcp", port: 0, interface: "127.0.0.1" };
const SECRET = "salmon-of-joe";
const SEED = "0f".repeat(32);
const URI = "com.example.authenticate";
const errors: unknown[] = [];
const log = errorLog(errors);
let place: Awaited<ReturnType<typeof workplace>>;
before(async () => place = await workplace());
after(async () => {
  await place.remove();
  assert.deepEqual(errors, []);
});

/** A node with one transport for all, and one whose `auth` is tested. */
async function withNode(
  auth: object,
  run: (url: string, open: () => Promise<Session>, node: Node) => Promise<void>,
): Promise<void> {
  const roles = ["anonymous", "user", "boss"].map((name) => ({ name, "allow-by-default": true }));
  const config = parseConfig({
    version: 2,
    workers: [{
      type: "router",
      realms: [{ name: "realm1", roles }, { name: "keys", roles }],
      transports: [
        { type: "websocket", endpoint: LOOPBACK, auth },
        { type: "websocket", endpoint: LOOPBACK },
      ],
    }],
  });
  const node = await startNode(config, { directory: place.directory, log });
  const [url = "", openUrl = ""] = node.listeners.map(({ urls }) => urls[0] ?? "");
  const opened: Session[] = [];
  const open = async (realm = "realm1") => {
    const session = await connect({ url: openUrl, realm });
    opened.push(session);
    return session;
  };
  try {
    await run(url, open, node);
  } finally {
    for (const session of opened) await session.leave();
    await node.stop();
  }
}

async function joins(url: string, authentication?: Authentication) {
  const session = await connect({
    url,
    realm: "realm1",
    ...(authentication && { authentication }),
  });
  const { authid, authrole, authmethod, authprovider, authextra } = session.details;
  await session.leave();
  return { authid, authrole, authmethod, authprovider, authextra };
}

async function refusal(url: string, authentication: Authentication): Promise<string> {
  try {
    await joins(url, authentication);
  } catch (error) {
    assert.ok(error instanceof JoinError, String(error));
    return error.reason;
  }
  return "joined";
}

const dynamic = { type: "dynamic", authenticator: URI };

test("Authenticators: a procedure judges tickets, and says who it is that joins", () =>
  withNode({ ticket: dynamic }, async (url, open) => {
    const seen: unknown[] = [];
    await (await open()).register(
      URI,
      ([realm, authid, details]: readonly [string, string, Record<string, unknown>]) => {
        seen.push([realm, authid, details["ticket"], details["authmethod"]]);
        const { transport } = details as { transport: { peer: string; type: string } };
        assert.match(transport.peer, /^tcp4:127\.0\.0\.1:\d+$/);
        if (authid === "joe" && details["ticket"] === SECRET) return "user";
        if (authid === "jane") return { role: "boss", authid: "Jane", extra: { n: 1 } };
        // Who may register in one realm says nothing of who may enter another.
        if (authid === "lost") return { role: "boss", realm: "keys" };
        if (authid === "banned") throw new ApplicationError("com.example.banned", ["Go away"]);
        return null;
      },
    );
    assert.deepEqual(await joins(url, { ticket: { authid: "joe", ticket: SECRET } }), {
      authid: "joe",
      authrole: "user",
      authmethod: "ticket",
      authprovider: "dynamic",
      authextra: undefined,
    });
    const jane = await joins(url, { ticket: { authid: "jane", ticket: "x" } });
    assert.deepEqual([jane.authid, jane.authrole, jane.authextra], ["Jane", "boss", { n: 1 }]);
    const of = (authid: string) => refusal(url, { ticket: { authid, ticket: "x" } });
    assert.equal(await of("joe"), "wamp.error.authentication_denied");
    assert.equal(await of("nobody"), "wamp.error.authentication_denied");
    assert.equal(await of("lost"), "wamp.error.authentication_failed");
    assert.match(JSON.stringify(errors.splice(0)), /found realm .*keys.*authenticator-realm/);
    assert.equal(await of("banned"), "com.example.banned");
    assert.deepEqual(seen[0], ["realm1", "joe", SECRET, "ticket"]);
  }));

test("Authenticators: a procedure knows the secrets of wampcra, cryptosign and scram", () =>
  withNode({ wampcra: dynamic, cryptosign: dynamic, scram: dynamic }, async (url, open) => {
    const { publicKey } = await signingKey(SEED);
    const hashed = await hashScramPassword(SECRET, { kdf: "pbkdf2", iterations: 4096 });
    await (await open()).register(
      URI,
      ([, authid, { authmethod }]: readonly [string, string, { authmethod: string }]) => {
        if (authid !== "joe") throw new ApplicationError("wamp.error.no_such_principal");
        switch (authmethod) {
          case "wampcra":
            return { secret: SECRET, salt: "pepper", iterations: 100, keylen: 32, role: "user" };
          case "cryptosign":
            return { pubkey: publicKey, role: "user" };
          default:
            return { ...hashed, role: "user" };
        }
      },
    );
    const right: Authentication[] = [
      { wampcra: { authid: "joe", secret: SECRET } },
      { cryptosign: { authid: "joe", privkey: SEED } },
      { scram: { authid: "joe", password: SECRET } },
    ];
    for (const authentication of right) {
      assert.equal((await joins(url, authentication)).authrole, "user");
    }
    const wrong: Authentication[] = [
      { wampcra: { authid: "joe", secret: "x" } },
      { cryptosign: { authid: "joe", privkey: "f0".repeat(32) } },
      { scram: { authid: "joe", password: "x" } },
      { wampcra: { authid: "jim", secret: SECRET } },
      { cryptosign: { authid: "jim", privkey: SEED } },
      { scram: { authid: "jim", password: SECRET } },
    ];
    for (const authentication of wrong) {
      assert.equal(await refusal(url, authentication), "wamp.error.authentication_denied");
    }
  }));

test("Authenticators: one in another realm decides about anonymous sessions, too", () =>
  withNode(
    { anonymous: { ...dynamic, "authenticator-realm": "keys" } },
    async (url, _open, node) => {
      const openUrl = node.listeners[1]?.urls[0] ?? "";
      const authenticator = await connect({ url: openUrl, realm: "keys" });
      let realm = "keys";
      await authenticator.register(URI, ([asked]) => ({ role: "user", realm, extra: { asked } }));
      const session = await connect({ url, realm: "realm1" });
      const { authrole, authextra } = session.details;
      assert.deepEqual(
        [session.realm, authrole, authextra],
        ["keys", "user", { asked: "realm1" }],
      );
      await session.leave();
      realm = "nowhere";
      const reason = await refusal(url, { anonymous: {} });
      assert.equal(reason, "wamp.error.no_such_realm");
      await authenticator.leave();
    },
  ));

test("Authenticators: what is not there, or breaks, is a failure of the router's, not of the peer's", () =>
  withNode({ ticket: { ...dynamic, timeout: 200 } }, async (url, open) => {
    const ticket = { ticket: { authid: "joe", ticket: SECRET } };
    const failures = async (count: number) => {
      assert.equal(await refusal(url, ticket), "wamp.error.authentication_failed");
      assert.equal(errors.splice(0).length, count);
    };
    await failures(1);
    const authenticator = await open();
    let answer: () => unknown = () => {
      throw new Error(`broken ${SECRET}`);
    };
    await authenticator.register(URI, () => answer());
    await failures(1);
    answer = () => 5;
    await failures(1);
    answer = () => new Promise(() => {});
    await failures(1);
  }));

test("Authenticators: peers are told of unknown principals where the configuration says so", () =>
  withNode({ ticket: { ...dynamic, "unknown-principals": "tell" } }, async (url, open) => {
    await (await open()).register(URI, () => null);
    const reason = await refusal(url, { ticket: { authid: "joe", ticket: SECRET } });
    assert.equal(reason, "wamp.error.no_such_principal");
  }));

test("Authenticators: a function of a user module knows principals", async () => {
  await writeFile(
    joinPath(place.directory, "keys.ts"),
    `export function makeAuthenticator(config: { tickets: Record<string, string> }) {
      return async (realm: string, authid: string, details: { ticket: string }) => {
        await Promise.resolve();
        if (config.tickets[authid] !== details.ticket) return undefined;
        return { role: "user", extra: { realm } };
      };
    }`,
  );
  const config = { tickets: { joe: SECRET } };
  const method = { type: "function", create: "./keys.ts:makeAuthenticator", config };
  await withNode({ ticket: method }, async (url) => {
    const joe = await joins(url, { ticket: { authid: "joe", ticket: SECRET } });
    assert.deepEqual([joe.authprovider, joe.authextra], ["function", { realm: "realm1" }]);
    const reason = await refusal(url, { ticket: { authid: "joe", ticket: "x" } });
    assert.equal(reason, "wamp.error.authentication_denied");
  });
  await writeFile(
    joinPath(place.directory, "silent.ts"),
    `export const make = () => () => new Promise(() => {});`,
  );
  const silent = { type: "function", create: "./silent.ts:make", timeout: 50 };
  await withNode({ ticket: silent }, async (url) => {
    const reason = await refusal(url, { ticket: { authid: "joe", ticket: SECRET } });
    assert.equal(reason, "wamp.error.authentication_failed");
    assert.match(JSON.stringify(errors.splice(0)), /has not answered within 50 ms/);
  });
  const missing = { ...method, create: "./keys.ts:nothing" };
  await assert.rejects(withNode({ ticket: missing }, async () => {}), /found nothing of that name/);
});

test("Tokens: signed by keys at hand or fetched, they say who joins", async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const set = { keys: [{ ...await exportJWK(publicKey), kid: "key1", alg: "ES256" }] };
  await writeFile(joinPath(place.directory, "keys.json"), JSON.stringify(set));
  const server = createServer((_request, response) => response.end(JSON.stringify(set)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const token = (until: string | Date) =>
    new SignJWT({ groups: ["nobody", "admins"], team: "red" })
      .setProtectedHeader({ alg: "ES256", kid: "key1" })
      .setSubject("joe").setIssuer("issuer").setAudience("router").setExpirationTime(until)
      .sign(privateKey);
  const rules = {
    type: "static",
    issuer: "issuer",
    audience: ["router"],
    claims: { authrole: "groups", authextra: ["team"] },
    roles: { admins: "boss" },
  };
  try {
    for (const jwks of ["keys.json", set, `http://127.0.0.1:${port}/jwks`]) {
      await withNode({ jwt: { ...rules, jwks } }, async (url) => {
        const joe = await joins(url, { jwt: { token: await token("1m") } });
        assert.deepEqual(joe, {
          authid: "joe",
          authrole: "boss",
          authmethod: "jwt",
          authprovider: "static",
          authextra: { team: "red" },
        });
        const late = await token(new Date(0));
        const reasons = [late, "no.token.at-all"].map((one) =>
          refusal(url, { jwt: { token: one } })
        );
        assert.deepEqual(await Promise.all(reasons), [
          "wamp.error.authentication_denied",
          "wamp.error.authentication_denied",
        ]);
      });
    }
  } finally {
    server.close();
  }
});

test("Tokens: an authenticator is told what one claims, and decides", async () => {
  const secret = "a secret of thirty-two characters";
  const token = (subject: string) =>
    new SignJWT({ team: "red" }).setProtectedHeader({ alg: "HS256" })
      .setSubject(subject).setExpirationTime("1m").sign(new TextEncoder().encode(secret));
  const by = async (authid: string) => ({ jwt: { authid: "root", token: await token(authid) } });
  await withNode({ jwt: { ...dynamic, secret } }, async (url, open) => {
    await (await open()).register(
      URI,
      ([, authid, { authmethod, claims }]: readonly [
        string,
        string,
        { authmethod: string; claims: { team: string } },
      ]) => authid === "joe" && { role: "boss", extra: { authmethod, team: claims.team } },
    );
    const joe = await joins(url, await by("joe"));
    assert.deepEqual(joe, {
      authid: "joe",
      authrole: "boss",
      authmethod: "jwt",
      authprovider: "dynamic",
      authextra: { authmethod: "jwt", team: "red" },
    });
    assert.equal(await refusal(url, await by("jim")), "wamp.error.authentication_denied");
  });
  await writeFile(
    joinPath(place.directory, "claims.ts"),
    `export const make = () => (_realm: string, authid: string) => authid === "joe" ? "user" : null;`,
  );
  const create = "./claims.ts:make";
  const tell = { type: "function", create, secret, "unknown-principals": "tell" };
  await withNode({ jwt: tell }, async (url) => {
    assert.equal((await joins(url, await by("joe"))).authrole, "user");
    assert.equal(await refusal(url, await by("jim")), "wamp.error.no_such_principal");
  });
});

test("Tokens: a shared secret may stand in a file, as all secrets may, if nobody else can read it", async () => {
  const secret = "a secret of thirty-two characters";
  await writeFile(joinPath(place.directory, "hs256"), `${secret}\n`, { mode: 0o600 });
  await writeFile(joinPath(place.directory, "joe"), SECRET, { mode: 0o600 });
  const auth = {
    jwt: { type: "static", secret: { file: "hs256" } },
    ticket: {
      type: "static",
      principals: { joe: { ticket: { file: "joe" }, role: "user" } },
    },
  };
  await withNode(auth, async (url) => {
    const token = await new SignJWT({ role: "user" }).setProtectedHeader({ alg: "HS256" })
      .setSubject("jane").setExpirationTime("1m").sign(new TextEncoder().encode(secret));
    assert.equal((await joins(url, { jwt: { token } })).authid, "jane");
    const joe = await joins(url, { ticket: { authid: "joe", ticket: SECRET } });
    assert.equal(joe.authrole, "user");
  });
  await chmod(joinPath(place.directory, "joe"), 0o644);
  await assert.rejects(
    withNode(auth, async () => {}),
    (error) => error instanceof ConfigError && /found rights 644.*chmod 600/.test(error.message),
  );
});

test("Throttle: a node refuses who has failed too often, and counts it", async () => {
  const auth = {
    ticket: { type: "static", principals: { joe: { ticket: SECRET, role: "user" } } },
  };
  const roles = [{ name: "user", "allow-by-default": true }];
  const node = await startNode(
    parseConfig({
      version: 2,
      workers: [{
        type: "router",
        options: { throttle: { address_failures: 3, loopback: true } },
        realms: [{ name: "realm1", roles }],
        transports: [{ type: "websocket", endpoint: LOOPBACK, auth }],
      }],
    }),
    { directory: place.directory, log },
  );
  const url = node.listeners[0]?.urls[0] ?? "";
  const of = (ticket: string) => refusal(url, { ticket: { authid: "joe", ticket } });
  for (let i = 0; i < 3; i++) assert.equal(await of("x"), "wamp.error.authentication_denied");
  assert.equal(await of(SECRET), "realmway.error.limit_exceeded");
  const { denied, throttled } = node.listeners[0]?.authStats ?? {};
  assert.deepEqual([denied, throttled], [3, 1]);
  await node.stop();
});
