// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Two transports, options of the WebSocket protocol, a key to prove who is there, a slow procedure: see router/ for the other side. */
import { Component, run } from "realmway";
import { authUrl } from "./router_url.ts";

const url = new URL(authUrl);

const component = new Component({
  // Tried in turn.
  transports: [{
    type: "websocket",
    url: url.href,
    endpoint: { type: "tcp", host: url.hostname, port: Number(url.port) },
    options: { openHandshakeTimeoutMs: 10_000 },
  }],
  // A key belongs into a file or an environment variable, never into a program.
  authentication: {
    cryptosign: {
      authid: "alice",
      privkey: "6e3a302aa67d55ffc2059efeb5cf679470b37a26ae9ac18693b56ea3d0cd331c",
    },
  },
  realm: "crossbardemo",
});

// Ready: the procedure below is registered by then.
component.onReady(async (session, { authid }) => {
  console.log(`joined as ${authid}`);
  const result = await session.call("com.example.foo", [42], { something: "nothing" });
  console.log(`result: ${result}`);
  await session.leave();
});

component.register("com.example.foo", async (args, kwargs, { procedure }) => {
  console.log(`${procedure} called:`, args, kwargs);
  for (let left = 3; left > 0; left--) await new Promise((resolve) => setTimeout(resolve, 100));
  return 42;
});

await run(component);
