// deno-lint-ignore-file no-console -- what it prints is what the example shows
/** The same for a class that derives from ApplicationSession, which also answers the router's challenge itself. */
import {
  ApplicationSession,
  type ChallengeDetails,
  type CloseDetails,
  Component,
  type ComponentConfig,
  run,
  type SessionDetails,
} from "realmway";
import { authUrl } from "./router_url.ts";

class CustomSession extends ApplicationSession {
  constructor(config?: ComponentConfig) {
    super(config);
    console.log("component created");
  }

  override onConnect(): void {
    console.log("transport connected");
    this.join(this.config.realm ?? "realm1", { authmethods: ["ticket"], authid: "joe" });
  }

  override onChallenge({ method }: ChallengeDetails): string {
    console.log(`authentication challenge received: ${method}`);
    return "secret2";
  }

  override onJoin({ authid }: SessionDetails): void {
    console.log(`session joined: ${authid}`);
    this.leave();
  }

  override onLeave({ reason }: CloseDetails): void {
    console.log(`session left: ${reason}`);
  }

  override onDisconnect(): void {
    console.log("transport disconnected");
  }
}

const component = new Component({
  transports: authUrl,
  realm: "crossbardemo",
  sessionFactory: CustomSession,
});
await run(component);
