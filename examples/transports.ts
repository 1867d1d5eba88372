// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Transports are tried in turn, each with its own patience; an error for which trying again is no use ends with the transport. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

// A port that nobody listens to.
const nobody = new URL(routerUrl);
nobody.port = "9";

const component = new Component({
  transports: [
    { type: "websocket", url: nobody.href, maxRetries: 3, initialRetryDelayMs: 100 },
    {
      type: "websocket",
      url: routerUrl,
      serializers: ["json"],
      maxRetries: -1,
      initialRetryDelayMs: 100,
      retryDelayGrowth: 1.5,
      retryDelayJitter: 0.1,
      maxRetryDelayMs: 300_000,
    },
  ],
  realm: "crossbardemo",
});

component.on("connectfailure", (_component, error) => console.log(`tried in vain: ${error}`));
component.onJoin((session, { realm }) => {
  console.log(`joined ${realm} by the second`);
  setTimeout(() => session.leave(), 100);
});

await run(component);
