/** The library's sessions prove who they are, end to end with a whole router; and do not trust one that does not prove itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SignJWT } from "jose";
import { utf8 } from "../../auth/bytes.ts";
import { type Authentication, connect, JoinError } from "../../mod.ts";
import type { Session } from "../../client/session.ts";
import { createLocalPair } from "../../transports/local.ts";
import { Flow } from "../kit/flow_kit.ts";
import {
  FINGERPRINT,
  gate,
  JWT_SECRET,
  type methods,
  SECRET,
  SEED,
  TICKET,
} from "./authentication_kit.ts";

async function joined(
  names: readonly (keyof typeof methods)[],
  authentication: Authentication | undefined,
  flow = new Flow(),
): Promise<Session> {
  const door = await gate(...names);
  return await connect({
    url: "local",
    realm: "realm1",
    ...(authentication && { authentication }),
    dial: (_options, attach) => {
      const pair = createLocalPair((error) => flow.log.errors.push({ error }));
      // As if it had come over TLS.
      const certificate = { subject: {}, sha256: FINGERPRINT };
      Object.assign(pair.router, { details: { ...pair.router.details, certificate } });
      pair.client.attach(attach(pair.client));
      pair.router.attach(flow.router.attach(pair.router, door));
      return Promise.resolve(pair.client);
    },
  });
}

/** Rejects with this reason. */
async function refused(coming: Promise<Session>, reason: string): Promise<JoinError> {
  const error = await coming.then(() => undefined, (cause) => cause);
  assert.ok(error instanceof JoinError, String(error));
  assert.equal(error.reason, reason, error.message);
  return error;
}

const DENIED = "wamp.error.authentication_denied";
const CANNOT = "wamp.error.cannot_authenticate";

const right: Readonly<Record<keyof typeof methods, Authentication>> = {
  anonymous: { anonymous: {} },
  ticket: { ticket: { authid: "joe", ticket: () => Promise.resolve(TICKET) } },
  wampcra: { wampcra: { authid: "joe", secret: SECRET } },
  salted: { wampcra: { authid: "joe", secret: SECRET } },
  cryptosign: { cryptosign: { authid: "joe", privkey: SEED } },
  scram: { scram: { authid: "joe", password: SECRET } },
  tls: { tls: {} },
  jwt: { jwt: { token } },
};

async function token(): Promise<string> {
  const jwt = new SignJWT({ "sub": "joe" }).setProtectedHeader({ alg: "HS256" });
  return await jwt.setExpirationTime("1m").sign(utf8(JWT_SECRET));
}

const wrong: Readonly<Partial<Record<keyof typeof methods, Authentication>>> = {
  ticket: { ticket: { authid: "joe", ticket: "wrong" } },
  wampcra: { wampcra: { authid: "joe", secret: "wrong" } },
  salted: { wampcra: { authid: "joe", secret: "wrong" } },
  cryptosign: { cryptosign: { authid: "joe", privkey: "44".repeat(32) } },
  scram: { scram: { authid: "joe", password: "wrong" } },
  tls: { tls: { authid: "jane" } },
  jwt: { jwt: { token: "wrong" } },
};

const TAGS: Partial<Record<keyof typeof methods, string>> = { salted: "wampcra" };

for (
  const name of [
    "anonymous",
    "ticket",
    "wampcra",
    "salted",
    "cryptosign",
    "scram",
    "tls",
    "jwt",
  ] as const
) {
  const tag = `[WAMP authentication_${TAGS[name] ?? name}]`;
  test(`Client: proves who it is by ${name} ${tag}`, async () => {
    const flow = new Flow();
    const session = await joined([name], right[name], flow);
    const expected = name === "anonymous" ? "nobody" : "joe";
    assert.deepEqual([session.authid, session.authrole], [expected, "anyone"]);
    assert.ok((await session.call<number>("wamp.session.count")) === 1);
    await session.leave();
    assert.deepEqual(flow.log.errors, []);
  });
  const credentials = wrong[name];
  if (credentials === undefined) continue;
  test(`Client: is refused by ${name} with wrong credentials ${tag}`, async () => {
    const flow = new Flow();
    await refused(joined([name], credentials, flow), DENIED);
    assert.deepEqual(flow.log.errors, []);
  });
}

test("Client: offers several methods, of which the router chooses [WAMP auth-methods]", async () => {
  const authentication = { ...right.wampcra, ...right.ticket };
  const session = await joined(["cryptosign", "ticket", "wampcra"], authentication);
  assert.equal(session.authid, "joe");
});

test("Client: without credentials is told that they are required", async () => {
  await refused(joined(["ticket"], undefined), "wamp.error.authentication_required");
});

test("Client: leaves a router that cannot prove itself, and says why", async () => {
  const doubtful = { cryptosign: { authid: "joe", privkey: SEED, routerKeys: ["55".repeat(32)] } };
  const error = await refused(joined(["cryptosign"], doubtful), CANNOT);
  assert.match(error.message, /Cannot trust the router/);
});

test("Client: what its own ticket function throws reaches the program, and no router", async () => {
  const cause = new Error("the vault is locked");
  const authentication = { ticket: { authid: "joe", ticket: () => Promise.reject(cause) } };
  const error = await refused(joined(["ticket"], authentication), CANNOT);
  assert.equal(error.cause, cause);
});

test("Client: authentication that makes no sense is refused before anything is sent", async () => {
  const flow = new Flow();
  const unknown = { kerberos: {} } as Authentication;
  const several = { ticket: { authid: "joe", ticket: "x" }, wampcra: { authid: "x", secret: "y" } };
  for (const authentication of [unknown, { wampcra: { authid: "", secret: "" } }, several]) {
    await refused(joined(["ticket"], authentication, flow), CANNOT);
  }
  assert.equal(flow.router.connectionCount, 0);
});
