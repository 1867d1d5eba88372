/**
 * What stands between a transport and the session where the program asked for it: end-to-end encryption, then resumption, then what
 * writes messages to the log. Loaded by `connect.ts`.
 */
import type { Dict } from "../wamp/message.ts";
import type { JoinOptions } from "./connect.ts";
import { isDict } from "./details.ts";
import type { Exchange } from "./exchange.ts";
import type { KeyRing } from "./keyring.ts";
import type { ResumableOptions } from "./lifeline.ts";
import type { AddPassthru } from "./link.ts";
import { addPassthru } from "./passthru_options.ts";
import type { Clock, Dial, DialOptions, Log, MessageHandler, Transport } from "./transport.ts";

export interface InterposingOptions {
  readonly keyring?: KeyRing;
  readonly resumable?: boolean | ResumableOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly dial: Dial;
  readonly dialed: Omit<DialOptions, "signal">;
  readonly timeoutMs: number;
  readonly exchangeOf: (transport: Transport, addPassthru?: AddPassthru) => Exchange;
  /** Undefined until the session joins, when there is nothing to take up yet. */
  readonly joining: () => JoinOptions | undefined;
}

/** What `connect.ts` does in another way then. */
export interface Interposed {
  /** HELLO.Details */
  hello(plain: Dict): Dict;
  /** Makes the session's end of a connection. */
  attach(transport: Transport, joined: (exchange: Exchange) => Exchange): MessageHandler;
}

export async function interposed(options: InterposingOptions): Promise<Interposed> {
  const { keyring, resumable = false, log, exchangeOf } = options;
  const { trace } = log;
  const tracing = trace && await import("./tracing.ts");
  const sealing = keyring && await import("./sealing.ts");
  const dial = tracing && trace ? tracing.tracedDial(options.dial, trace) : options.dial;
  const wrap = resumable === false ? unwrapped : await lifelines({ ...options, dial }, resumable);
  return {
    hello: (plain) => ({
      ...plain,
      ...(sealing && isDict(plain["roles"]) && { "roles": sealing.withPassthru(plain["roles"]) }),
      ...(resumable !== false && { "resumable": true }),
    }),
    attach: (connection, joined) => {
      const attach = (connection: Transport) =>
        wrap(connection, (transport) => {
          if (keyring === undefined || sealing === undefined) {
            return joined(exchangeOf(transport));
          }
          const make = (sealed: Transport) => joined(exchangeOf(sealed, addPassthru));
          return new sealing.Sealing(transport, make, keyring, log);
        });
      return tracing && trace ? tracing.traced(connection, trace, attach) : attach(connection);
    },
  };
}

/** What stands between a transport and the session, which `make` makes. */
type Wrap = (
  transport: Transport,
  make: (transport: Transport) => MessageHandler,
) => MessageHandler;

const unwrapped: Wrap = (transport, make) => make(transport);

/** Loaded for sessions that want it. */
async function lifelines(
  { clock, log, timeoutMs, dialed, dial, joining }: InterposingOptions,
  resumable: true | ResumableOptions,
): Promise<Wrap> {
  const { Lifeline } = await import("./lifeline.ts");
  return (transport, make) =>
    new Lifeline(transport, make, {
      clock,
      log,
      options: resumable === true ? {} : resumable,
      timeoutMs,
      reenter: async (lifeline, signal) => {
        const join = joining();
        if (join === undefined) return;
        const { reenter } = await import("./reentry.ts");
        const { realm, methods, hello } = join;
        await reenter({ ...dialed, signal }, dial, { realm, hello, methods, lifeline });
      },
    });
}
