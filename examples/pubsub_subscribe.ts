// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Subscribes as the realm is joined. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.onJoin(async (session) => {
  console.log("session ready");
  try {
    await session.subscribe("com.myapp.oncounter", ([count]) => {
      console.log(`event received: ${count}`);
    });
    console.log("subscribed to topic");
  } catch (error) {
    console.log(`could not subscribe to topic: ${error}`);
  }
});

await run(component);
