import assert from "node:assert/strict";
import { test } from "node:test";
import { cryptosignClient, cryptosignRouter, signingKey } from "../../../auth/cryptosign.ts";
import { hashScramPassword } from "../../../auth/hash.ts";
import { staticPrincipals } from "../../../auth/principals.ts";
import { scramClient, scramRouter } from "../../../auth/scram.ts";
import { ticketClient, ticketRouter } from "../../../auth/ticket.ts";
import { wampcraClient, wampcraRouter } from "../../../auth/wampcra.ts";
import { admittedAs, assertDenied, play } from "./auth_kit.ts";

/** Runs as on a page that did not come over HTTPS: without WebCrypto, but for random numbers. */
async function insecurely<T>(run: () => Promise<T>): Promise<T> {
  Object.defineProperty(crypto, "subtle", { value: undefined, configurable: true });
  try {
    assert.equal(crypto.subtle, undefined);
    return await run();
  } finally {
    Reflect.deleteProperty(crypto, "subtle");
    assert.notEqual(crypto.subtle, undefined);
  }
}

const PRIVKEY = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
const salting = { "salt": "x", "iterations": 100 };
const { publicKey } = await signingKey(PRIVKEY);
const scram = await hashScramPassword("pencil", { kdf: "pbkdf2", iterations: 4096 });
const recordsOf = (record: object) => staticPrincipals({ "joe": { ...record, "role": "user" } });

const HANDSHAKES = {
  ticket: {
    router: ticketRouter({ principals: recordsOf({ "ticket": "t" }) }),
    client: ticketClient({ authid: "joe", ticket: "t" }),
    impostor: ticketClient({ authid: "joe", ticket: "u" }),
  },
  wampcra: {
    router: wampcraRouter({ principals: recordsOf({ "secret": "s", ...salting }) }),
    client: wampcraClient({ authid: "joe", secret: "s" }),
    impostor: wampcraClient({ authid: "joe", secret: "t" }),
  },
  cryptosign: {
    router: cryptosignRouter({ principals: recordsOf({ "authorized_keys": [publicKey] }) }),
    client: cryptosignClient({ authid: "joe", privkey: PRIVKEY }),
    impostor: cryptosignClient({ authid: "joe", privkey: "11".repeat(32) }),
  },
  scram: {
    router: scramRouter({ principals: recordsOf(scram) }),
    client: scramClient({ authid: "joe", password: "pencil" }),
    impostor: scramClient({ authid: "joe", password: "pen" }),
  },
};

for (const [name, { router, client, impostor }] of Object.entries(HANDSHAKES)) {
  test(`Insecure page: ${name} works without WebCrypto`, async () => {
    await insecurely(async () => {
      admittedAs(await play([router], [client]));
      assertDenied(await play([router], [impostor]));
    });
  });
}
