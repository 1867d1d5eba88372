/** Log lines have a text with {names} and what belongs to them; below the level, nothing is made of either. */
import { Component, run, startLogging } from "realmway";
import routerUrl from "./router_url.ts";

const log = await startLogging("info");
const component = new Component({ transports: routerUrl, realm: "crossbardemo", log });

component.onJoin((session) => {
  log.info("Knob {knob} moved {degrees} right", { knob: "volume", degrees: 42 });
  log.debug("Not shown: {state}", () => ({ state: "debug is below info" }));
  setTimeout(() => session.leave(), 100);
});

// Logging has been started already.
await run(component, { logLevel: null });
