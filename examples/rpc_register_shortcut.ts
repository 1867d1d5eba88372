// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Registers procedures through the component, in each session anew: a call, the name of a function, and a decorated method (see methods.ts). */
import { Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.register("com.myapp.add2", ([x, y]: readonly [number, number]) => x + y);

// Without a URI the function's name is the URI.
component.register(function mul2([x, y]: readonly [number, number]): number {
  return x * y;
});

component.onReady(() => console.log("procedures registered"));
await run(component);
