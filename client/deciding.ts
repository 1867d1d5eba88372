/** Where a session goes that decides so when it sees the connection: an `ApplicationSession` by its `join`. Used by `hosting.ts`. */
import type { Connection } from "../auth/authmethod.ts";
import { CLOSE_NORMAL } from "../wamp/uris.ts";
import { type ConnectOptions, type Destination, methodsOf } from "./connect.ts";
import { ConnectError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** What `join` was asked for. */
export interface JoinRequest {
  readonly realm: string;
  readonly authentication?: ConnectOptions["authentication"] | undefined;
}

/** For `connectThen`: what `decide` says, unless the connection ends or the time is up before. What it throws ends the connection. */
export async function decided(
  exchange: Exchange,
  decide: (connection: Connection) => JoinRequest | Promise<JoinRequest>,
  signal: AbortSignal,
): Promise<Destination> {
  const giveUp = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  const lost = exchange.ended.then(({ message }) => {
    throw new ConnectError(`Cannot join: ${message}`);
  });
  try {
    const { realm, authentication } = await Promise.race([
      decide(exchange.connection),
      giveUp,
      lost,
    ]);
    return { realm, methods: authentication && await methodsOf(authentication, realm) };
  } catch (cause) {
    exchange.abort(CLOSE_NORMAL, "The client does not join");
    throw cause;
  } finally {
    giveUp.catch(() => {});
    lost.catch(() => {});
  }
}
