// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Calls a procedure. */
import process from "node:process";
import { Component, run } from "realmway";

const component = new Component({
  transports: process.argv[2] ?? "ws://localhost:8080/ws",
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
