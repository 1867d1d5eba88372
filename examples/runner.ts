// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** The same by an ApplicationRunner: one session, one connection, and no second try unless asked for. */
import process from "node:process";
import { ApplicationRunner, ApplicationSession } from "realmway";

class Once extends ApplicationSession {
  override onJoin(): void {
    console.log(`extra: ${this.config.extra}`);
    setTimeout(() => this.leave(), 100);
  }
}

const runner = new ApplicationRunner({
  url: process.argv[2] ?? "ws://localhost:8080/ws",
  realm: "crossbardemo",
  extra: 42,
});
await runner.run(Once, { autoReconnect: true });
