/**
 * A client's session over a fake transport, with the test in the router's place:
 *
 *     const { router, session } = await joined();
 *     const sum = session.call("com.example.add2", [2, 3]);
 *     router.receives("CALL", 1, {}, "com.example.add2", [2, 3]);
 *     router.sends("RESULT", 1, {}, [5]);
 *     assert.equal(await sum, 5);
 */
import assert from "node:assert/strict";
import { connect } from "../../../client/connect.ts";
import type { Session } from "../../../client/session.ts";
import type { Dial, MessageHandler } from "../../../client/transport.ts";
import type { Dict } from "../../../wamp/message.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { FakeTransport, type FormatName, type Wire } from "../../kit/fake_transport.ts";
import { FakeLog } from "../../kit/flow_kit.ts";

/** A router with everything. */
export const ALL_FEATURES: Dict = {
  "broker": { "features": {} },
  "dealer": {
    "features": {
      "call_canceling": true,
      "call_timeout": true,
      "progressive_call_results": true,
    },
  },
};
export const BASIC: Dict = { "broker": {}, "dealer": {} };

export class RouterSide {
  readonly transport: FakeTransport;
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  #handler: MessageHandler | undefined;

  constructor(format: FormatName = "json") {
    this.transport = new FakeTransport(format);
  }

  get dial(): Dial {
    return (_options, attach) => {
      this.#handler = attach(this.transport);
      return Promise.resolve(this.transport);
    };
  }

  get handler(): MessageHandler {
    assert.ok(this.#handler !== undefined, "not connected");
    return this.#handler;
  }

  sends(...wire: Wire): void {
    this.transport.receive(this.handler, wire);
  }

  /** The client's next message is this one. */
  receives(...expected: Wire): void {
    assert.deepEqual(this.transport.sent.shift(), expected);
  }

  takes(): Wire {
    const wire = this.transport.sent.shift();
    assert.ok(wire !== undefined, "nothing was sent");
    return wire;
  }

  receivesNothing(): void {
    assert.deepEqual(this.transport.sent, []);
  }

  disconnects(): void {
    this.transport.close(this.handler, "reset");
  }
}

/** A connection that has sent HELLO. */
export async function connecting(
  format: FormatName = "json",
): Promise<{ router: RouterSide; session: Promise<Session> }> {
  const router = new RouterSide(format);
  const { clock, log, dial } = router;
  const session = connect({ url: "ws://router/ws", realm: "realm1", dial, clock, log });
  session.catch(() => {});
  await turn();
  return { router, session };
}

/** A session of ID 7. */
export async function joined(
  roles: Dict = ALL_FEATURES,
  format: FormatName = "json",
): Promise<{ router: RouterSide; session: Session }> {
  const { router, session } = await connecting(format);
  assert.equal(router.takes()[0], "HELLO");
  router.sends("WELCOME", 7, { "roles": roles, "authid": "peter", "authrole": "guest" });
  return { router, session: await session };
}

/** Lets every promise that is settled run its reactions. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
