// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** Errors with a URI and arguments, results with several values, a time limit, and a call that is cancelled. */
import { ApplicationError, CallResult, Component, run } from "realmway";
import routerUrl from "./router_url.ts";

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
});

component.register("com.myapp.sqrt", ([n]: readonly [number]) => {
  if (n < 0) throw new ApplicationError("com.myapp.error.negative", ["Expected 0 or more"], { n });
  return new CallResult([Math.sqrt(n)], { exact: Number.isInteger(Math.sqrt(n)) });
});
component.register("com.myapp.never", () => new Promise(() => {}));

component.onReady(async (session) => {
  const root = await session.call<CallResult>("com.myapp.sqrt", [16]);
  console.log(`root ${root.args[0]}, exact ${root.kwargs["exact"]}`);
  try {
    await session.call("com.myapp.sqrt", [-1]);
  } catch (error) {
    if (error instanceof ApplicationError) console.log(`${error.uri} for ${error.kwargs["n"]}`);
  }
  await session.call("com.myapp.never", [], {}, { timeoutMs: 100 })
    .catch((error) => console.log(`too late: ${error.uri}`));
  await session.call("com.myapp.never", [], {}, { signal: AbortSignal.timeout(100) })
    .catch((error) => console.log(`given up: ${error.name}`));
  await session.leave();
});

await run(component);
