// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Publishes a counter ten times a second, and every tenth time asks the router to say that it has it. */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Component, run } from "realmway";

const component = new Component({
  transports: process.argv[2] ?? "ws://localhost:8080/ws",
  realm: "crossbardemo",
});

component.onReady(async (session) => {
  for (let counter = 0; session.isOpen; counter++) {
    if (counter % 10 > 0) session.publish("com.myapp.oncounter", [counter]);
    else {
      await session.publish("com.myapp.oncounter", [counter], {}, { acknowledge: true });
      console.log(`the router has ${counter}`);
    }
    await sleep(100);
  }
});

await run(component);
