import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousRouter } from "../../../auth/anonymous.ts";
import { type Authentication, clientMethods } from "../../../auth/authentication.ts";
import { cryptosignRouter, signingKey } from "../../../auth/cryptosign.ts";
import { hashScramPassword } from "../../../auth/hash.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { scramRouter } from "../../../auth/scram.ts";
import { ticketRouter } from "../../../auth/ticket.ts";
import { wampcraRouter } from "../../../auth/wampcra.ts";
import { admittedAs, play } from "./auth_kit.ts";

const PRIVKEY = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
const { publicKey } = await signingKey(PRIVKEY);
const principals = staticPrincipals({
  "joe": {
    ...await hashScramPassword("pencil", { kdf: "pbkdf2", iterations: 4096 }),
    "ticket": "t",
    "secret": "s",
    "authorized_keys": [publicKey],
    "role": "user",
  },
});
const router = [
  ticketRouter({ principals }),
  wampcraRouter({ principals }),
  cryptosignRouter({ principals }),
  scramRouter({ principals }),
  anonymousRouter({ newAuthid: () => "x" }),
];

test("Authentication: each method's options make a client that is admitted", async () => {
  const authentications: readonly Authentication[] = [
    { ticket: { authid: "joe", ticket: "t" } },
    { wampcra: { authid: "joe", secret: "s" } },
    { cryptosign: { privkey: PRIVKEY } },
    { scram: { authid: "joe", password: "pencil" } },
    { anonymous: {} },
  ];
  for (const authentication of authentications) {
    const step = await play(router, clientMethods(authentication));
    const [name] = Object.keys(authentication);
    assert.match(admittedAs(step).authmethod, new RegExp(`^(wamp-)?${name}$`));
  }
});

test("Authentication: several are offered together, in the order in which they are written", () => {
  const methods = clientMethods({
    jwt: { token: "x" },
    anonymous: {},
    scram: { authid: "joe", password: "pencil" },
    tls: {},
  });
  const names = methods.flatMap(({ names }) => names);
  assert.deepEqual(names, ["jwt", "anonymous", "scram", "wamp-scram", "tls"]);
  assert.deepEqual(clientMethods({}), []);
});

test("Authentication: what a compiler would have found is named, and no value with it", () => {
  const mistakes: readonly (readonly [unknown, RegExp])[] = [
    [{ tiket: {} }, /^Cannot use authentication: found "tiket", expected anonymous, ticket,/],
    [{ ticket: "s3cret" }, /authentication\.ticket: found something else, expected a dictionary$/],
    [{ ticket: { authid: "joe", tiket: "s3cret" } }, /\.ticket: found "tiket", expected .*ticket$/],
    [{ ticket: { authid: "joe" } }, /authentication\.ticket\.ticket: found nothing/],
    [{ ticket: { authid: "joe", ticket: "" } }, /authentication\.ticket\.ticket: found nothing/],
    [{ wampcra: { secret: "s3cret" } }, /authentication\.wampcra\.authid: found nothing/],
    [{ cryptosign: { authid: "joe", privkey: null } }, /\.cryptosign\.privkey: found nothing/],
    [{ scram: { authid: "joe", secret: "s3cret" } }, /\.scram: found "secret", expected/],
    [{ toString: {} }, /found "toString"/],
  ];
  for (const [authentication, message] of mistakes) {
    assert.throws(() => clientMethods(authentication as Authentication), (error: Error) => {
      assert.equal(error.name, "HandshakeError");
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  }
});
