// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** A component for each way to say who one is. Secrets belong into files or environment variables, never into programs. */
import { type Authentication, Component, run } from "realmway";
import { authUrl } from "./router_url.ts";

const ways: Readonly<Record<string, Authentication>> = {
  "a ticket": { ticket: { authid: "joe", ticket: "secret2" } },
  "WAMP-CRA": { wampcra: { authid: "peter", secret: "secret1" } },
  "SCRAM": { scram: { authid: "carol", password: "secret123" } },
  "a key": {
    cryptosign: {
      authid: "alice",
      privkey: "6e3a302aa67d55ffc2059efeb5cf679470b37a26ae9ac18693b56ea3d0cd331c",
    },
  },
  // Offered together: the router chooses.
  "one of two": {
    wampcra: { authid: "peter", secret: "secret1" },
    ticket: { authid: "peter", ticket: "secret3" },
  },
};

const components = Object.entries(ways).map(([way, authentication]) => {
  const component = new Component({
    transports: authUrl,
    realm: "crossbardemo",
    authentication,
  });
  component.onJoin((session, { authid, authrole }) => {
    console.log(`${authid} joined by ${way} as ${authrole}`);
    setTimeout(() => session.leave(), 100);
  });
  return component;
});

// Returns when all of them have left.
await run(components);

const impostor = new Component({
  transports: { url: authUrl, maxRetries: 0 },
  realm: "crossbardemo",
  authentication: { ticket: { authid: "joe", ticket: "guessed" } },
});
await impostor.start().catch((error) => console.log(`refused: ${error.message}`));
