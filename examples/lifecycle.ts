// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** What happens to a component, in this order, for each of its sessions. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({ transports: routerUrl, realm: "crossbardemo" });

component.on("start", () => console.log("component started"));
component.on("connect", () => console.log("transport connected"));
component.on("join", async (_session, { realm }) => {
  console.log(`joining ${realm}`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log("joined");
});
component.on("ready", (session) => {
  // What all that listens to "join" has waited for is done.
  console.log("ready");
  session.leave();
});
component.on("leave", (_session, { reason }) => console.log(`left: ${reason}`));
component.on("disconnect", (_session, wasClean) => console.log(`disconnected, clean: ${wasClean}`));

await run(component);
console.log("component done");
