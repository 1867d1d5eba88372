// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** The smallest component: it joins a realm, says so, and leaves. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.onJoin((session, { realm }) => {
  console.log(`session ready in ${realm}`);
  setTimeout(() => session.leave(), 100);
});

await run(component);
