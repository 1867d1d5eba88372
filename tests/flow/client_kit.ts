/** The library's sessions in one process with a whole router: what a program sees, end to end. */
import assert from "node:assert/strict";
import type { Session } from "../../client/session.ts";
import { connect, type KeyRing } from "../../mod.ts";
import type { RealmOptions } from "../../router/realm.ts";
import { createLocalPair } from "../../transports/local.ts";
import { credulous, FakeLog, Flow } from "../kit/flow_kit.ts";

export class ClientFlow extends Flow {
  readonly clientLog: FakeLog = new FakeLog();

  constructor(options: Partial<RealmOptions> = {}) {
    super(options);
  }

  /** A session of the library. */
  client(realm = "realm1", keyring?: KeyRing): Promise<Session> {
    return connect({
      ...(keyring !== undefined && { keyring }),
      url: "local",
      realm,
      log: this.clientLog,
      clock: this.clock,
      dial: (_options, attach) => {
        const pair = createLocalPair((error) => this.log.errors.push({ error }));
        pair.client.attach(attach(pair.client));
        pair.router.attach(this.router.attach(pair.router, credulous));
        return Promise.resolve(pair.client);
      },
    });
  }
}

/** Lets all messages on their way arrive, and what they set off. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Waits for what other threads have a part in, such as WebCrypto's, for 20 s at most. */
export async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!isSo()) {
    assert.ok(Date.now() < end, `not so within 20 s: ${isSo}`);
    await settled();
  }
}
