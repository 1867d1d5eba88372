import assert from "node:assert/strict";
import { test } from "node:test";
import type { Certificate } from "../../../auth/authmethod.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { ticketClient, ticketRouter } from "../../../auth/ticket.ts";
import { certifiedPrincipals, tlsClient, tlsRouter } from "../../../auth/tls.ts";
import type { Dict } from "../../../wamp/message.ts";
import { NO_SUCH_PRINCIPAL } from "../../../wamp/uris.ts";
import { admittedAs, assertDenied, denialOf, play } from "./auth_kit.ts";

const SHA1 = "B6:E5:E6:F2:2A:86:DB:3C:DC:9F:51:42:58:39:9B:14:92:5D:A1:EB";
const SHA256 = Array.from({ length: 32 }, (_, i) => `A${(i % 16).toString(16).toUpperCase()}`).join(
  ":",
);
const CERTIFICATE: Certificate = {
  subject: { "CN": "client_0", "O": "Example" },
  sha1: SHA1,
  sha256: SHA256,
  isTrusted: true,
};
const routerOf = (records: Record<string, Dict>) =>
  tlsRouter({ principals: certifiedPrincipals(records) });

async function joins(record: Dict, certificate: Certificate): Promise<boolean> {
  const router = routerOf({ "client_0": { "role": "backend", ...record } });
  const step = await play([router], [tlsClient()], { router: { certificate } });
  if ("refusal" in step) assertDenied(step, "no principal has this certificate");
  else assert.deepEqual([admittedAs(step).authid, step.authrole], ["client_0", "backend"]);
  return !("refusal" in step);
}

test("TLS: a fingerprint decides, written with or without colons, in either case", async () => {
  for (
    const [key, value] of [["certificate-sha1", SHA1], ["certificate-sha256", SHA256]] as const
  ) {
    for (const text of [value, value.toLowerCase(), value.replaceAll(":", "")]) {
      assert(await joins({ [key]: text }, CERTIFICATE));
      assert(await joins({ [key]: text }, { ...CERTIFICATE, isTrusted: false }));
    }
    assert(!await joins({ [key]: value.replace("A", "C") }, CERTIFICATE));
  }
  const { sha1: _sha1, ...without } = CERTIFICATE;
  assert(!await joins({ "certificate-sha1": SHA1 }, without));
});

test("TLS: a subject decides if an authority vouches for it, every attribute asked for", async () => {
  const subject = { "CN": "client_0", "O": "Example" };
  assert(await joins({ "certificate-subject": subject }, CERTIFICATE));
  assert(await joins({ "certificate-subject": { "CN": "client_0" } }, CERTIFICATE));
  assert(!await joins({ "certificate-subject": { "CN": "client_1" } }, CERTIFICATE));
  assert(!await joins({ "certificate-subject": { ...subject, "OU": "x" } }, CERTIFICATE));
  assert(!await joins({ "certificate-subject": { "toString": "x" } }, CERTIFICATE));
  assert(!await joins({ "certificate-subject": subject }, { ...CERTIFICATE, isTrusted: false }));
  const { isTrusted: _isTrusted, ...unsaid } = CERTIFICATE;
  assert(!await joins({ "certificate-subject": subject }, unsaid));
});

test("TLS: all that a record names must match", async () => {
  const both = { "certificate-sha256": SHA256, "certificate-subject": { "CN": "client_0" } };
  assert(await joins(both, CERTIFICATE));
  assert(!await joins({ ...both, "certificate-subject": { "CN": "x" } }, CERTIFICATE));
  assert(!await joins({ ...both, "certificate-sha256": "00".repeat(32) }, CERTIFICATE));
});

test("TLS: of several that match, the peer must say which it is", async () => {
  const by = { "certificate-sha256": SHA256 };
  const router = routerOf({ "a": { ...by, "role": "r" }, "b": { ...by, "role": "s" } });
  const seen = { router: { certificate: CERTIFICATE } };
  assertDenied(await play([router], [tlsClient()], seen));
  assert.equal(admittedAs(await play([router], [tlsClient({ authid: "b" })], seen)).authrole, "s");
  assertDenied(await play([router], [tlsClient({ authid: "c" })], seen));
});

test("TLS: records that name nothing, or no fingerprint, are mistakes of the configuration", () => {
  const records: readonly Dict[] = [
    { "role": "r" },
    { "certificate-sha1": "B6:E5" },
    { "certificate-sha256": SHA1 },
    { "certificate-sha256": 5 },
    { "certificate-subject": {} },
    { "certificate-subject": "CN=client_0" },
    { "certificate-subject": { "CN": 5 } },
  ];
  for (const record of records) {
    assert.throws(() => certifiedPrincipals({ "a": record }), { name: "PrincipalError" });
  }
});

test("TLS: without a certificate the client's other methods get their chance", async () => {
  const tls = routerOf({ "a": { "certificate-sha256": SHA256, "role": "r" } });
  const principals = staticPrincipals({ "joe": { "ticket": "t", "role": "u" } });
  const methods = [tls, ticketRouter({ principals })];
  const clients = [tlsClient(), ticketClient({ authid: "joe", ticket: "t" })];
  assert.equal(admittedAs(await play(methods, clients)).authmethod, "ticket");
  const denial = denialOf(await play([tls], [tlsClient()]));
  assert.match(denial.text, /found no client certificate, expected one/);
});

test("TLS: an authenticator sees the certificate; unknown ones may be told", async () => {
  const dynamic = tlsRouter({
    authprovider: "dynamic",
    principals: {
      find: ({ certificate }) => ({ "authid": certificate?.subject["CN"], "role": "r" }),
    },
  });
  const seen = { router: { certificate: CERTIFICATE } };
  assert.equal(admittedAs(await play([dynamic], [tlsClient()], seen)).authid, "client_0");
  const open = tlsRouter({ principals: { find: () => undefined }, revealsUnknown: true });
  assert.equal(denialOf(await play([open], [tlsClient()], seen)).refusal, NO_SUCH_PRINCIPAL);
});
