// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Publishes a counter ten times a second, and every tenth time asks the router to say that it has it. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.onReady(async (session) => {
  for (let counter = 0; session.isOpen; counter++) {
    if (counter % 10 > 0) session.publish("com.myapp.oncounter", [counter]);
    else {
      await session.publish("com.myapp.oncounter", [counter], {}, { acknowledge: true });
      console.log(`the router has ${counter}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

await run(component);
