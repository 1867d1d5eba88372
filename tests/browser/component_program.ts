// deno-lint-ignore-file no-console -- what it prints is what the test reads
/** A component in a browser that tells where it is; see component_test.ts. */
import { Component, run } from "realmway";

const component = new Component({
  transports: {
    url: new URLSearchParams(globalThis.location.search).get("router") ?? "",
    initialRetryDelayMs: 50,
    retryDelayGrowth: 1,
  },
  realm: "realm1",
});
const heard: unknown[] = [];
let sessions = 0;

component.register("com.example.browser.heard", () => heard);
component.register("com.example.browser.stop", () => {
  // Once this has been answered.
  setTimeout(() => component.stop());
  return sessions;
});
component.subscribe("com.example.browser.topic", ([text]) => void heard.push(text));
component.onReady(() => console.log(`ready ${++sessions}`));
component.onLeave((_session, { reason }) => console.log(`left: ${reason}`));

await run(component);
console.log("done");
