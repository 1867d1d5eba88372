// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Subscribes through the component, in each session anew. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.subscribe("com.myapp.oncounter", ([count]) => {
  console.log(`event received: ${count}`);
});

component.onReady(() => console.log("subscribed to topic"));
await run(component);
