/** What benchmarks of the router need of the world: peers whose messages go nowhere, a log that nothing may reach, ids that count. */
import type { Log, Random, Transport, TransportDetails } from "../../router/ports.ts";
import type { Message } from "../../wamp/message.ts";
import type { Outgoing } from "../../wamp/outgoing.ts";

export class NullTransport implements Transport {
  readonly details: TransportDetails = {
    kind: "local",
    serializer: "json",
    peer: "local",
    isSecure: false,
  };
  last: Message | undefined = undefined;
  send(message: Message): void {
    this.last = message;
  }
  deliver(_outgoing: Outgoing): void {}
  end(): void {}
  pause(): void {}
  resume(): void {}
}

function complain(text: string): void {
  throw new Error(text);
}

export const silentLog: Log = { debug() {}, info() {}, warn: complain, error: complain };

export function countingRandom(): Random {
  let lastId = 1000;
  return {
    sessionId: () => ++lastId,
    publicationId: () => ++lastId,
    index: () => 0,
    authid: () => "peer",
  };
}
