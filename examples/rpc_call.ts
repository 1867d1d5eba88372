// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Calls a procedure. */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
  main: async (session) => {
    try {
      const result = await session.call("com.myapp.add2", [2, 3]);
      console.log(`call result: ${result}`);
    } catch (error) {
      console.log(`call error: ${error}`);
    }
  },
});

await run(component);
