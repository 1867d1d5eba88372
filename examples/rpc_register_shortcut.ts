// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Registers procedures through the component, in each session anew: a call, the name of a function, and a decorated method (see methods.ts). */
import process from "node:process";
import { Component, run } from "realmway";

const component = new Component({
  transports: process.argv[2] ?? "ws://localhost:8080/ws",
  realm: "crossbardemo",
});

component.register("com.myapp.add2", ([x, y]: readonly [number, number]) => x + y);

// Without a URI the function's name is the URI.
component.register(function mul2([x, y]: readonly [number, number]): number {
  return x * y;
});

component.onReady(() => console.log("procedures registered"));
await run(component);
