// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** A web application that publishes an event for each request, and answers 500 while there is no session: `component.start` beside a server. */
import process from "node:process";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { type ApplicationSession, Component, startLogging } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

let session: ApplicationSession | undefined;
component.onJoin((joined) => {
  session = joined;
});
component.onLeave(() => {
  session = undefined;
});

const app = new Hono();
app.get("/", (context) => {
  if (session === undefined) return context.text("No WAMP session\n", 500);
  session.publish("com.myapp.request_served");
  return context.text("Published to 'com.myapp.request_served'\n");
});

const port = Number(process.env["WEB_PORT"] ?? 8090);
const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }, (address) => {
  console.log(`web application on http://127.0.0.1:${address.port}/`);
});

process.once("SIGTERM", () => component.stop());
const log = await startLogging("info");
// What only needs another try never reaches this: it ends when the component is stopped, or has failed for good.
await component.start(log);
server.close();
