// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Registers a procedure as the realm is joined. */
import process from "node:process";
import { Component, run } from "realmway";

const component = new Component({
  transports: process.argv[2] ?? "ws://localhost:8080/ws",
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
