// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** A procedure that tells how far it is, and a loop over that. */
import { Component, progress, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.register("com.myapp.longop", ([steps]: readonly [number], _kwargs, details) => {
  for (let step = 1; step <= steps; step++) details.progress?.([step]);
  return "finished";
});

component.onReady(async (session) => {
  const parts = progress<string>(session, "com.myapp.longop", [3]);
  for await (const { args: [step] } of parts) console.log(`step ${step}`);
  console.log(await parts.result);
  await session.leave();
});

await run(component);
