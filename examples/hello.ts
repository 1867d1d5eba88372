// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** The smallest component: it joins a realm, says so, and leaves. */
import process from "node:process";
import { Component, run } from "realmway";

const component = new Component({
  transports: process.argv[2] ?? "ws://localhost:8080/ws",
  realm: "crossbardemo",
});

component.onJoin((session, { realm }) => {
  console.log(`session ready in ${realm}`);
  setTimeout(() => session.leave(), 100);
});

await run(component);
