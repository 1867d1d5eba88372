import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousClient, anonymousRouter } from "../../../auth/anonymous.ts";
import { admittedAs, assertDenied, play, requestWith } from "./auth_kit.ts";

const newAuthid = () => "3R6A-7Q4L";

test("Anonymous: admits at once, under a new authid and the role anonymous", () => {
  const step = anonymousRouter({ newAuthid }).begin(requestWith({ "authid": "admin" }));
  assert(!(step instanceof Promise));
  assert.deepEqual(admittedAs(step), {
    realm: "realm1",
    authid: "3R6A-7Q4L",
    authrole: "anonymous",
    authmethod: "anonymous",
    authprovider: "static",
  });
});

test("Anonymous: role, realm and authid may be fixed", async () => {
  const router = anonymousRouter({ newAuthid, role: "guest", realm: "lobby", authid: "nobody" });
  const step = await play([router], [anonymousClient({ authid: "me" })]);
  const { realm, authid, authrole } = admittedAs(step);
  assert.deepEqual([realm, authid, authrole], ["lobby", "nobody", "guest"]);
});

test("Anonymous: an authenticator may assign the identity, or refuse it", async () => {
  const router = anonymousRouter({
    newAuthid,
    authprovider: "dynamic",
    principals: {
      find: ({ request, authid }) =>
        request.authextra["door"] === "open"
          ? { "role": "visitor", "extra": { "was": authid ?? null } }
          : undefined,
    },
  });
  const step = await play([router], [anonymousClient({ authextra: { "door": "open" } })]);
  const { authid, authrole, authprovider } = admittedAs(step);
  assert.deepEqual([authid, authrole, authprovider], ["3R6A-7Q4L", "visitor", "dynamic"]);
  assert("authextra" in step);
  assert.deepEqual(step.authextra, { "was": "3R6A-7Q4L" });
  assertDenied(await play([router], [anonymousClient()]));
});

test("Anonymous: a client that is challenged gives up", async () => {
  const handshake = await anonymousClient().begin({});
  assert.throws(() => handshake.answer("anonymous", {}), { name: "HandshakeError" });
});
