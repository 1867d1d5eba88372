// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Registers a procedure as the realm is joined. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.onJoin(async (session) => {
  console.log("session ready");
  try {
    await session.register("com.myapp.add2", ([x, y]: readonly [number, number]) => x + y);
    console.log("procedure registered");
  } catch (error) {
    console.log(`could not register procedure: ${error}`);
  }
});

await run(component);
