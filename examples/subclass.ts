// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** A class that derives from ApplicationSession, as older programs have it, run by a Component. */
import {
  ApplicationSession,
  type CloseDetails,
  Component,
  run,
  type SessionDetails,
} from "realmway";
import routerUrl from "./router_url.ts";

class Backend extends ApplicationSession {
  override async onJoin({ authrole }: SessionDetails): Promise<void> {
    console.log(`joined as ${authrole}`);
    await this.register("com.myapp.backend.now", () => new Date().toISOString());
    console.log(`it is ${await this.call("com.myapp.backend.now")}`);
    setTimeout(() => this.leave(), 100);
  }

  override onLeave({ reason }: CloseDetails): void {
    console.log(`left: ${reason}`);
  }
}

const component = new Component({
  transports: routerUrl,
  realm: "crossbardemo",
  sessionFactory: Backend,
});
await run(component);
