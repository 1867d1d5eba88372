import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymousClient, anonymousRouter } from "../../../auth/anonymous.ts";
import type { ClientMethod, RouterMethod, Step } from "../../../auth/authmethod.ts";
import { guarded } from "../../../auth/authmethod.ts";
import { negotiate, offer, requestOf } from "../../../auth/negotiation.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { scramClient } from "../../../auth/scram.ts";
import { ticketClient, ticketRouter } from "../../../auth/ticket.ts";
import { wampcraClient, wampcraRouter } from "../../../auth/wampcra.ts";
import { type Dict, Type } from "../../../wamp/message.ts";
import {
  AUTHENTICATION_FAILED,
  AUTHENTICATION_REQUIRED,
  INVALID_ARGUMENT,
  NO_MATCHING_AUTH_METHOD,
} from "../../../wamp/uris.ts";
import { admittedAs, challengeOf, denialOf, play, requestWith } from "./auth_kit.ts";

const principals = staticPrincipals({ "joe": { "ticket": "t", "secret": "s", "role": "user" } });
const ticket = ticketRouter({ principals });
const wampcra = wampcraRouter({ principals });
const anonymous = anonymousRouter({ newAuthid: () => "x" });

test("Negotiation: the configuration's order decides among what the client offers", async () => {
  const clients = [
    ticketClient({ authid: "joe", ticket: "t" }),
    wampcraClient({ authid: "joe", secret: "s" }),
  ];
  const by = async (methods: readonly RouterMethod[]) =>
    admittedAs(await play(methods, clients)).authmethod;
  assert.equal(await by([ticket, wampcra]), "ticket");
  assert.equal(await by([wampcra, ticket]), "wampcra");
  assert.equal(await by([anonymous, wampcra]), "wampcra");
});

test("Negotiation: a client that offers nothing offers to stay anonymous, and is admitted at once", () => {
  const step = negotiate([ticket, anonymous], requestWith({ "roles": {} }));
  assert(!(step instanceof Promise));
  assert.equal(admittedAs(step).authmethod, "anonymous");
});

test("Negotiation: where authentication is required, a client that offers none is told so", async () => {
  const denial = denialOf(await negotiate([ticket, wampcra], requestWith({})));
  assert.equal(denial.refusal, AUTHENTICATION_REQUIRED);
  assert.match(denial.text, /expected one of ticket, wampcra$/);
});

test("Negotiation: what a client offers may be unknown, foreign or nothing at all", async () => {
  const offers = [["scram"], ["ticket2", "x".repeat(1000)], ["anonymous"]];
  for (const authmethods of offers) {
    const denial = denialOf(
      await negotiate([ticket], requestWith({ authmethods, "authid": "joe" })),
    );
    assert.equal(denial.refusal, NO_MATCHING_AUTH_METHOD);
    assert(denial.text.length < 200);
  }
  const mixed = requestWith({ "authmethods": ["x", "ticket"], "authid": "joe" });
  challengeOf(await negotiate([ticket], mixed));
});

test("Negotiation: details of other types count as not given", () => {
  const details = { "authid": 7, "authmethods": "ticket", "authextra": [1] };
  const hello = { type: Type.HELLO, realm: "r", details } as const;
  const request = requestOf(hello, { session: 1, connection: {}, transport: {} });
  assert.deepEqual(request, {
    realm: "r",
    authid: undefined,
    authmethods: [],
    authextra: {},
    session: 1,
    connection: {},
    transport: {},
  });
  const mixed = requestOf({ ...hello, details: { "authmethods": ["a", 7, null], "authid": "" } }, {
    session: 1,
    connection: {},
    transport: {},
  });
  assert.deepEqual([mixed.authid, mixed.authmethods], [undefined, ["a"]]);
});

test("Negotiation: an endless authid is no name", async () => {
  const request = requestWith({ "authid": "j".repeat(1025), "authmethods": ["ticket"] });
  const denial = denialOf(await negotiate([ticket], request));
  assert.equal(denial.refusal, INVALID_ARGUMENT);
  assert(denial.text.length < 200);
});

test("Negotiation: a method that cannot tell leaves it to the next; the last one's denial stands", async () => {
  const clients = [ticketClient({ ticket: "t" }), anonymousClient()];
  assert.equal(admittedAs(await play([ticket, anonymous], clients)).authmethod, "anonymous");
  const denial = denialOf(
    await play([ticket, wampcra], [
      ticketClient({ ticket: "t" }),
      wampcraClient({ secret: "s" }),
    ]),
  );
  assert.match(denial.text, /"wampcra"/);
  // A wrong answer is no reason to try another method.
  const wrong = [ticketClient({ authid: "joe", ticket: "wrong" }), anonymousClient()];
  assert.match(denialOf(await play([ticket, anonymous], wrong)).text, /"ticket"/);
});

test("Negotiation: a method that throws denies, at any of its steps", async () => {
  const fault = () => {
    throw new TypeError("secret t0p");
  };
  const later = (): Promise<Step> => Promise.reject(new TypeError("secret t0p"));
  const challenge = (answer: () => Step | Promise<Step>): Step => ({
    authmethod: "ticket",
    extra: {},
    answer,
  });
  const begins = [fault, later, () => challenge(fault), () => Promise.resolve(challenge(later))];
  for (const begin of begins) {
    const step = await play([guarded("ticket", ["ticket"], begin)], [
      ticketClient({ ticket: "t" }),
    ]);
    const { refusal, text, why } = denialOf(step);
    assert.equal(refusal, AUTHENTICATION_FAILED);
    assert.doesNotMatch(text, /t0p/);
    assert.match(why, /t0p/);
  }
});

test("Negotiation: two factors are two challenges, and each is answered once", async () => {
  const second: Step = {
    authmethod: "ticket",
    extra: { "factor": 2 },
    answer: ({ signature }) => anonymous.begin(requestWith({ "authid": signature })),
  };
  const both = guarded("ticket", ["ticket"], () => ({
    authmethod: "ticket",
    extra: { "factor": 1 },
    answer: () => second,
  }));
  const factors: unknown[] = [];
  const step = await play([both], [ticketClient({ ticket: "t" })], {
    challenge: (extra) => (factors.push(extra["factor"]), extra),
  });
  admittedAs(step);
  assert.deepEqual(factors, [1, 2]);
});

test("Negotiation: several methods share one HELLO", async () => {
  const { helloDetails } = await offer([
    ticketClient({ authid: "joe", ticket: "t", authextra: { "a": 1 } }),
    wampcraClient({ authid: "joe", secret: "s", authrole: "user", authextra: { "a": 1, "b": 2 } }),
    anonymousClient(),
  ], {});
  assert.deepEqual(helloDetails, {
    "authid": "joe",
    "authrole": "user",
    "authmethods": ["ticket", "wampcra", "anonymous"],
    "authextra": { "a": 1, "b": 2 },
  });
  assert.deepEqual((await offer([anonymousClient()], {})).helloDetails, {
    "authmethods": ["anonymous"],
  });
});

test("Negotiation: a name that some routers refuse to hear is offered behind those of all methods", async () => {
  const { helloDetails } = await offer([
    scramClient({ authid: "joe", password: "pencil" }),
    ticketClient({ authid: "joe", ticket: "t" }),
  ], {});
  assert.deepEqual(helloDetails["authmethods"], ["scram", "ticket", "wamp-scram"]);
});

test("Negotiation: methods that contradict each other are not offered", async () => {
  const joe = ticketClient({ authid: "joe", ticket: "t", authextra: { "a": 1 } });
  const others: readonly ClientMethod[] = [
    wampcraClient({ authid: "jim", secret: "s" }),
    wampcraClient({ authid: "joe", secret: "s", authextra: { "a": 2 } }),
  ];
  for (const other of others) {
    await assert.rejects(offer([joe, other], {}), /found two values for (authid|authextra\.a)/);
  }
});

test("Negotiation: a client answers no challenge of a method that it did not offer", async () => {
  const client = await offer([ticketClient({ authid: "joe", ticket: "t" })], {});
  const refused = client.answer("wampcra", { "challenge": "x" });
  await assert.rejects(refused, /found "wampcra", expected one of ticket$/);
  await assert.rejects(client.answer("__proto__", {}), { name: "HandshakeError" });
});

test("Negotiation: WELCOME by another method does for clients that need no proof", async () => {
  const client = await offer([ticketClient({ authid: "joe", ticket: "t" })], {});
  const welcomes: readonly Dict[] = [{}, { "authmethod": "cookie" }, { "authmethod": 7 }];
  for (const details of welcomes) await client.welcomed(details);
});
