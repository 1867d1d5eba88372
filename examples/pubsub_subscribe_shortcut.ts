// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Subscribes through the component, in each session anew. */
import process from "node:process";
import { Component, run } from "realmway";

const component = new Component({
  transports: process.argv[2] ?? "ws://localhost:8080/ws",
  realm: "crossbardemo",
});

component.subscribe("com.myapp.oncounter", ([count]) => {
  console.log(`event received: ${count}`);
});

component.onReady(() => console.log("subscribed to topic"));
await run(component);
