/** One peer of the simulator: its connection to the router, which may break and be followed by another, and itself in the model. */
import type { MessageHandler } from "../../router/ports.ts";
import type { Router } from "../../router/router.ts";
import type { Session } from "../../router/session.ts";
import type { Dict } from "../../wamp/message.ts";
import { FakeTransport, type FormatName, type Wire } from "./fake_transport.ts";
import { credulous } from "./flow_kit.ts";
import { ModelPeer } from "./router_model.ts";

/** Messages that a peer may claim not to have received. */
const MOST_MISSED = 5;

export class Seat {
  readonly peer: ModelPeer;
  transport: FakeTransport;
  handler: MessageHandler;
  /** What has served the peer from the first connection on. */
  readonly session: Session;
  readonly #router: Router;
  readonly #format: FormatName;
  /** The last WELCOME. */
  #welcome: Wire | undefined = undefined;
  /** Messages received since then, and the last few of them. */
  #received = 0;
  #last: Wire[] = [];
  /** Messages sent since then, WELCOME of a resumption not counting. */
  #sent = 0;

  constructor(router: Router, format: FormatName) {
    this.#router = router;
    this.#format = format;
    this.peer = new ModelPeer(format);
    this.transport = new FakeTransport(format);
    this.handler = router.attach(this.transport, credulous);
    this.session = this.handler as Session;
  }

  /** The peer sends; undefined stands for bytes that are no message. */
  sends(wire: Wire | undefined): void {
    if (this.peer.state === "joined") this.#sent++;
    if (wire === undefined) this.transport.receiveBytes(this.handler, new Uint8Array([0xc1, 0xff]));
    else this.transport.receive(this.handler, wire);
  }

  /** The peer has received this. */
  received(message: Wire): void {
    if (message[0] !== "WELCOME") {
      this.#received++;
      this.#last = [...this.#last, message].slice(-MOST_MISSED);
      return;
    }
    const details = message[2] as Dict;
    if (details["resumed"] !== true) this.#received = this.#sent = 0;
    else if (details["x_resume_received"] !== this.#sent) {
      const found = String(details["x_resume_received"]);
      throw new Error(`the router counted ${found} messages, expected ${this.#sent}`);
    }
    if (details["resumed"] !== true) this.#last = [];
    this.#welcome = message;
  }

  /** Takes the session up over another connection, whether or not the one it had has ended.
   * @param missing how many of the last messages are said not to have arrived. Returns those. */
  resumes(missing: number): readonly Wire[] {
    const missed = this.#last.splice(Math.max(0, this.#last.length - missing));
    this.#received -= missed.length;
    // What was once said to have arrived is not kept for another time.
    this.#last = [];
    const { authid, authrole, roles } = this.peer;
    const [, id, details] = this.#welcome as [string, number, Dict];
    const [old, oldHandler] = [this.transport, this.handler];
    this.transport = new FakeTransport(this.#format);
    this.handler = this.#router.attach(this.transport, credulous);
    this.transport.receive(this.handler, ["HELLO", "realm1", {
      "roles": roles,
      "authid": authid,
      "authrole": authrole,
      "resume-session": id,
      "resume-token": details["resume-token"],
      "x_resume_received": this.#received,
    }]);
    // Late, and of no consequence.
    old.close(oldHandler, "clean");
    return missed;
  }
}
