/** A component in one process with a whole router: its connections can be refused and cut. */
import { Component, type ComponentOptions, type Dial } from "../../mod.ts";
import type { Gate } from "../../router/join.ts";
import { createLocalPair } from "../../transports/local.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { credulous, FakeLog, Flow } from "../kit/flow_kit.ts";
import { settled } from "./client_kit.ts";

export class ComponentFlow {
  readonly flow = new Flow();
  /** The component's own: the router's stands still. */
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  /** URLs, as they were dialed. */
  readonly dialed: string[] = [];
  /** What has happened, by `watch`. */
  readonly seen: string[] = [];
  gate: Gate = credulous;
  /** Connections are refused while true. */
  isDown = false;
  #cut: () => void = () => {};

  component(options: ComponentOptions = {}): Component {
    const { clock, log, dial } = this;
    return new Component({ clock, log, dial, random: () => 0.5, ...options });
  }

  /** Notes each event of the component. */
  watch(component: Component): void {
    const { seen } = this;
    component.onStart(() => seen.push("start"));
    component.onConnect((session) => seen.push(`connect ${session.isOpen}`));
    component.onConnectFailure(() => seen.push("connectfailure"));
    component.onJoin((_session, { realm }) => seen.push(`join ${realm}`));
    component.onReady((session) => seen.push(`ready ${session.isOpen}`));
    component.onLeave((_session, { by }) => seen.push(`leave ${by}`));
    component.onDisconnect((_session, wasClean) => seen.push(`disconnect ${wasClean}`));
  }

  /** The connection breaks. */
  async cut(): Promise<void> {
    this.#cut();
    await settled();
  }

  /** Lets the time pass. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await settled();
  }

  readonly dial: Dial = ({ url }, attach) => {
    this.dialed.push(url);
    if (this.isDown) return Promise.reject(new Error("found nobody listening"));
    const { router, log } = this.flow;
    const pair = createLocalPair((error) => log.errors.push({ error }));
    const handler = attach(pair.client);
    pair.client.attach(handler);
    pair.router.attach(router.attach(pair.router, this.gate));
    this.#cut = () => {
      handler.closed("reset");
      pair.client.end("cut");
    };
    return Promise.resolve(pair.client);
  };
}
