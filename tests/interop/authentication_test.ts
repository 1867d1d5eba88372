/**
 * Every client joins by every method that it has, over each of its transports: with the right credentials, with wrong ones, and as somebody
 * whom nobody knows. [WAMP auth-methods]
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { signingKey } from "../../auth/cryptosign.ts";
import { hashCraSecret, hashScramPassword } from "../../auth/hash.ts";
import { type Authmethod, type Client, clients, type Endpoint } from "./clients.ts";
import type { Credentials } from "./js/lines.ts";
import { Failure, Peer, Refusal } from "./peer.ts";
import { type RouterUnderTest, startRouter } from "./router_under_test.ts";

const SECRET = "one secret for all";
const SEED = "5a".repeat(32);

/** A configuration that knows joe by every method, and those with keys of their own. */
async function authConfig() {
  const role = "anonymous";
  const { publicKey } = await signingKey(SEED);
  const salted = await hashCraSecret(SECRET, { iterations: 1000 });
  const hashed = await hashScramPassword(SECRET, { kdf: "argon2id-13", memory: 4096 });
  const standard = await hashScramPassword(SECRET, { kdf: "argon2id13" });
  return {
    "ticket": { "type": "static", "principals": { "joe": { "ticket": SECRET, role } } },
    "wampcra": {
      "type": "static",
      "users": { "joe": { "secret": SECRET, role }, "salted": { ...salted, role } },
    },
    "cryptosign": {
      "type": "static",
      "principals": { "joe": { "authorized_keys": [publicKey], role } },
    },
    "scram": {
      "type": "static",
      "principals": { "autobahn": { ...hashed, role }, "joe": { ...standard, role } },
    },
  };
}

function credentials(method: Authmethod, client: Client): Credentials {
  const isAutobahn = client.id === "autobahn-python";
  switch (method) {
    case "wampcra-salted":
      return { method: "wampcra", authid: "salted", secret: SECRET };
    case "cryptosign":
      return { method, authid: "joe", secret: SEED };
    case "scram":
      return { method, authid: isAutobahn ? "autobahn" : "joe", secret: SECRET };
    default:
      return { method, authid: "joe", secret: SECRET };
  }
}

function wrong({ method, authid }: Credentials): Credentials {
  return { method, authid, secret: method === "cryptosign" ? "a5".repeat(32) : "another secret" };
}

/** Clients tell their users the reason, or only the text that came with it. */
async function denied(coming: Promise<unknown>): Promise<void> {
  const cause = await coming.then(() => undefined, (cause) => cause);
  assert.ok(cause instanceof Refusal || cause instanceof Failure, `not denied: ${cause}`);
  assert.match(cause.message, /authentication_denied|wrong credentials/);
}

/** One of each transport: what is said does not depend on the serializer but for its dictionaries. */
function endpointsOf(client: Client): Endpoint[] {
  const binary = client.endpoints.filter(({ serializer }) => serializer === "cbor");
  const firsts = client.endpoints.filter(({ transport }, i, all) =>
    all.findIndex((other) => other.transport === transport) === i
  );
  return [...new Set([...firsts, ...binary])];
}

let router: RouterUnderTest;
before(async () => router = await startRouter(await authConfig()));
after(async () => void await router?.stop());

for (const client of clients) {
  const missing = client.missing();
  if (missing !== undefined) {
    test(`${client.title}: not tested, missing ${missing}`, { skip: missing }, () => {});
    continue;
  }
  let starting: Promise<Peer> | undefined;
  const peerOf = () => starting ??= Peer.start(client, router);
  after(async () => await (await starting)?.stop());

  for (const endpoint of endpointsOf(client)) {
    const title = `${client.title}, ${endpoint.transport} ${endpoint.serializer}`;
    for (const method of client.habits.authmethods) {
      const auth = credentials(method, client);
      test(`${title}: joins by ${method}`, async () => {
        const session = await (await peerOf()).join(endpoint, auth);
        assert.deepEqual([session.authid, session.authrole], [auth.authid, "anonymous"]);
        const { args: [details] } = await session.call("wamp.session.get", { args: [session.id] });
        const authmethod = String((details as Record<string, unknown>)["authmethod"]);
        assert.equal(authmethod.replace("wamp-scram", "scram"), auth.method);
        await session.leave();
      });
      test(`${title}: is denied by ${method} with wrong credentials`, async () => {
        const peer = await peerOf();
        await denied(peer.join(endpoint, wrong(auth)));
        await denied(peer.join(endpoint, { ...auth, authid: "nobody" }));
      });
    }
  }
}
