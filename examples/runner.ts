// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** The same by an ApplicationRunner: one session, one connection, and no second try unless asked for. */
import { ApplicationRunner, ApplicationSession } from "realmway";
import routerUrl from "./router_url.ts";

class Once extends ApplicationSession {
  override onJoin(): void {
    console.log(`extra: ${this.config.extra}`);
    setTimeout(() => this.leave(), 100);
  }
}

const runner = new ApplicationRunner({
  url: routerUrl,
  realm: "crossbardemo",
  extra: 42,
});
await runner.run(Once, { autoReconnect: true });
