import assert from "node:assert/strict";
import { test } from "node:test";
import { DenialError } from "../../../auth/authmethod.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { ticketClient, ticketRouter } from "../../../auth/ticket.ts";
import { AUTHENTICATION_FAILED, NO_SUCH_PRINCIPAL, NO_SUCH_ROLE } from "../../../wamp/uris.ts";
import { admittedAs, assertDenied, challengeOf, denialOf, play, requestWith } from "./auth_kit.ts";

const JOE = { "joe": { "ticket": "secret!!!", "role": "user" } };
const router = ticketRouter({ principals: staticPrincipals(JOE) });

test("Ticket: the right ticket is admitted, [4, ticket, {}] is the challenge", async () => {
  const seen: unknown[] = [];
  const step = await play([router], [ticketClient({ authid: "joe", ticket: "secret!!!" })], {
    challenge: (extra, authmethod) => (seen.push(authmethod, extra), extra),
    answer: (answer) => (seen.push(answer), answer),
  });
  assert.deepEqual(admittedAs(step), {
    realm: "realm1",
    authid: "joe",
    authrole: "user",
    authmethod: "ticket",
    authprovider: "static",
  });
  assert.deepEqual(seen, ["ticket", {}, { signature: "secret!!!", extra: {} }]);
});

test("Ticket: a wrong ticket and an unknown principal get the same answers", async () => {
  const tickets = ["secret", "secret!!!!", "", "SECRET!!!"];
  for (const ticket of tickets) {
    assertDenied(await play([router], [ticketClient({ authid: "joe", ticket })]), "a wrong ticket");
  }
  const step = await play([router], [ticketClient({ authid: "jim", ticket: "secret!!!" })]);
  assertDenied(step, "no such principal");
  const wrong = await play([router], [ticketClient({ authid: "joe", ticket: "?" })]);
  assert.deepEqual({ ...denialOf(step), why: "" }, { ...denialOf(wrong), why: "" });
});

test("Ticket: names of JavaScript's own are no principals", async () => {
  for (const authid of ["__proto__", "constructor", "toString"]) {
    assertDenied(await play([router], [ticketClient({ authid, ticket: "secret!!!" })]));
  }
});

test("Ticket: without authid there is nobody to look for", async () => {
  const denial = denialOf(await play([router], [ticketClient({ ticket: "secret!!!" })]));
  assert.match(denial.text, /HELLO\.Details\.authid/);
});

test("Ticket: an operator may have unknown principals told", async () => {
  const principals = staticPrincipals(JOE);
  const open = ticketRouter({ principals, revealsUnknown: true });
  const step = await play([open], [ticketClient({ authid: "jim", ticket: "x" })]);
  assert.equal(denialOf(step).refusal, NO_SUCH_PRINCIPAL);
});

test("Ticket: a challenge is answered once, however well", async () => {
  const begun = await router.begin(requestWith({ "authid": "joe" }));
  const challenge = challengeOf(begun);
  assertDenied(await challenge.answer({ signature: "wrong", extra: {} }));
  const again = await challenge.answer({ signature: "secret!!!", extra: {} });
  assertDenied(again, "a second answer to one challenge");
});

test("Ticket: an authenticator judges the ticket itself, and assigns the identity", async () => {
  const asked: unknown[] = [];
  const dynamic = ticketRouter({
    authprovider: "dynamic",
    judgesTicket: true,
    principals: {
      find({ authid, ticket, request }) {
        asked.push([request.realm, authid, ticket]);
        if (ticket !== "777") return Promise.resolve(undefined);
        return { "realm": "realm2", "authid": "joe-7", "role": "agent", "extra": { "a": 1 } };
      },
    },
  });
  const step = await play([dynamic], [ticketClient({ authid: "joe", ticket: "777" })]);
  assert.deepEqual(step, {
    realm: "realm2",
    authid: "joe-7",
    authrole: "agent",
    authmethod: "ticket",
    authprovider: "dynamic",
    authextra: { "a": 1 },
  });
  assertDenied(await play([dynamic], [ticketClient({ authid: "joe", ticket: "778" })]));
  assert.deepEqual(asked, [["realm1", "joe", "777"], ["realm1", "joe", "778"]]);
});

test("Ticket: an authenticator's own reason goes through, its faults become ours", async () => {
  const client = ticketClient({ authid: "joe", ticket: "t0psecret" });
  const by = (error: Error) =>
    ticketRouter({ judgesTicket: true, principals: { find: () => Promise.reject(error) } });
  const told = await play([by(new DenialError("com.example.locked", "Locked"))], [client]);
  assert.deepEqual([denialOf(told).refusal, denialOf(told).text], ["com.example.locked", "Locked"]);
  const hidden = await play([by(new DenialError(NO_SUCH_PRINCIPAL, "No joe"))], [client]);
  assertDenied(hidden);
  const fault = denialOf(await play([by(new TypeError("x is undefined"))], [client]));
  assert.equal(fault.refusal, AUTHENTICATION_FAILED);
  assert.doesNotMatch(fault.text, /undefined|t0psecret/);
  const quoting = denialOf(await play([by(new Error("Wrong ticket t0psecret"))], [client]));
  assert.equal(quoting.why, "Wrong ticket ***");
});

test("Ticket: a record that cannot be used is our failure, and its values stay untold", async () => {
  const client = ticketClient({ authid: "joe", ticket: "t0psecret" });
  const records = [{ "role": "user" }, { "ticket": 7 }, { "ticket": ["t0psecret"] }, {
    "ticket": "",
  }];
  for (const record of [...records, { "ticket": "t0psecret", "role": 7 }]) {
    const principals = staticPrincipals({ "joe": record });
    const denial = denialOf(await play([ticketRouter({ principals })], [client]));
    assert.equal(denial.refusal, AUTHENTICATION_FAILED);
    assert.doesNotMatch(JSON.stringify(denial), /t0psecret|\b7\b/);
  }
});

test("Ticket: a principal without a role takes the default one, or none", async () => {
  const principals = staticPrincipals({ "joe": { "ticket": "t" } });
  const client = ticketClient({ authid: "joe", ticket: "t" });
  const step = await play([ticketRouter({ principals, defaultRole: "guest" })], [client]);
  assert.equal(admittedAs(step).authrole, "guest");
  const none = await play([ticketRouter({ principals })], [client]);
  assert.equal(denialOf(none).refusal, NO_SUCH_ROLE);
});

test("Ticket: a client may fetch a new ticket for each handshake", async () => {
  let count = 0;
  const tickets = ["stale", "secret!!!"];
  const client = ticketClient({
    authid: "joe",
    ticket: () => Promise.resolve(tickets[count++] ?? ""),
  });
  assertDenied(await play([router], [client]));
  admittedAs(await play([router], [client]));
});
