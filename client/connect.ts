/** From nothing to a joined session: dial, HELLO, WELCOME. */
import type { Authentication } from "../auth/authentication.ts";
import type { ClientMethod } from "../auth/authmethod.ts";
import type { Dict, Welcome } from "../wamp/message.ts";
import { TIMEOUT } from "../wamp/uris.ts";
import { VERSION } from "../wamp/version.ts";
import { either } from "./abort.ts";
import { systemClock } from "./clock.ts";
import { dial as defaultDial } from "./dial.ts";
import { ConnectError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { roles } from "./features.ts";
import type { KeyRing } from "./keyring.ts";
import type { Interposed } from "./interposing.ts";
import type { ResumableOptions } from "./lifeline.ts";
import type { AddPassthru } from "./link.ts";
import { consoleLog } from "./log.ts";
import { Session } from "./session.ts";
import type {
  Clock,
  Dial,
  DialOptions,
  Log,
  MessageHandler,
  NativeOptions,
  SerializerName,
  Transport,
} from "./transport.ts";

export type { Authentication } from "../auth/authentication.ts";
export type { ResumableOptions } from "./lifeline.ts";
export type {
  Answer,
  ChannelBinding,
  ClientHandshake,
  ClientMethod,
  ClientMethodOptions,
  Connection,
} from "../auth/authmethod.ts";
export type { CryptosignClientOptions, SigningKey } from "../auth/cryptosign.ts";
export type { JwtClientOptions } from "../auth/jwt.ts";
export type { ScramClientOptions } from "../auth/scram.ts";
export type { TicketClientOptions } from "../auth/ticket.ts";
export type { CraClientOptions } from "../auth/wampcra.ts";

/** Where to, and how. */
export interface ConnectOptions {
  /** "ws://127.0.0.1:8080/ws", "wss://…"; outside browsers also RawSocket, "rs://127.0.0.1:8080",
   * "rss://…", and unix sockets, "unix+ws:/run/router.sock", "unix+rs:…". */
  readonly url: string;
  /** The realm to join. */
  readonly realm: string;
  /** Who this program is, and how it proves that: one method or several, of which the router chooses. Default: anonymous.
   * `{ ticket: { authid: "joe", ticket: "secret" } }`, `{ cryptosign: { privkey: "0123…" } }`. */
  readonly authentication?: Authentication | readonly ClientMethod[];
  /** In order of preference; the router chooses. Default: JSON alone. */
  readonly serializers?: readonly SerializerName[];
  /** Asks the router to keep the session for a while when its connection breaks, and takes it up then: subscriptions, registrations and
   * calls go on, nothing is lost and nothing comes twice. `session.closed` resolves only when that fails: with the reason
   * "wamp.close.transport_lost" when no connection came in time, "realmway.error.cannot_resume" when the router has forgotten the
   * session. Whoever reconnects on their own, such as a component, begins a new session then. Without effect where the router's realm
   * does not allow it: `session.details["resumable"]` tells. Default false. */
  readonly resumable?: boolean | ResumableOptions;
  /** Passes payloads through the router, packed and, by keys of the ring, encrypted end to end; without, the session cannot read such
   * payloads, and routers refuse calls with them. An empty ring serves for those that are not encrypted. */
  readonly keyring?: KeyRing;
  /** Milliseconds until WELCOME must have come. Default 10,000. */
  readonly timeoutMs?: number;
  /** Gives up connecting and joining: `connect` rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Where failures go that nobody awaits. Default: warnings and errors to the console. */
  readonly log?: Log;
  /** Where to connect and how, beyond the URL; not in browsers. */
  readonly native?: NativeOptions;
  /** Opens the connection in another way, such as to a router in the same program. */
  readonly dial?: Dial;
  /** The time, for tests. */
  readonly clock?: Clock;
}

/** Connects to a router and joins a realm. Rejects with `ConnectError` when no connection or no answer comes, with `JoinError` when the
 * router refuses, or cannot be given or does not give the proof that `authentication` is about.
 *
 * @example
 * ```ts
 * import { connect, ConnectError } from "realmway";
 *
 * try {
 *   const session = await connect({ url: "ws://127.0.0.1:1/ws", realm: "realm1" });
 *   const { reason } = await session.closed;
 *   console.log(reason);
 * } catch (error) {
 *   console.assert(error instanceof ConnectError); // nobody listens there
 * }
 * ```
 */
export async function connect(options: ConnectOptions): Promise<Session> {
  const { realm, authentication } = options;
  const methods = authentication && await methodsOf(authentication, realm);
  return await connectThen(options, () => ({ realm, methods }));
}

/** Where to go once connected. */
export interface Destination {
  readonly realm: string;
  readonly methods: readonly ClientMethod[] | undefined;
}

/** As `connect`, for those who know where to go when they see the connection. What `decide` throws is thrown on. */
export async function connectThen(
  options: Omit<ConnectOptions, "realm" | "authentication">,
  decide: (exchange: Exchange, signal: AbortSignal) => Destination | Promise<Destination>,
): Promise<Session> {
  const { url, serializers = ["json"], timeoutMs = 10_000, keyring, native } = options;
  const dialed = { url, serializers, ...(native && { native }) };
  const { clock = systemClock, log = consoleLog, dial = defaultDial, resumable = false } = options;
  const timeout = new AbortController();
  const signal = either(timeout.signal, options.signal);
  const timer = clock.after(timeoutMs, () => {
    const text = `found no answer within ${timeoutMs} ms, expected WELCOME`;
    timeout.abort(new ConnectError(`Cannot connect to "${url}": ${text}`));
  });
  let join: JoinOptions | undefined;
  try {
    const plain = { "agent": `Realmway-${VERSION}`, "roles": roles };
    const exchangeOf = (transport: Transport, addPassthru?: AddPassthru) =>
      new Exchange(transport, clock, log, addPassthru);
    let between: Interposed | undefined;
    if (keyring || resumable || log.trace) {
      const { interposed } = await import("./interposing.ts");
      const joining = () => join;
      const given = { ...options, clock, log, dial, timeoutMs };
      between = await interposed({ ...given, dialed, exchangeOf, joining });
    }
    const exchange = await open(
      { ...dialed, signal },
      dial,
      (connection, joined) => between?.attach(connection, joined) ?? joined(exchangeOf(connection)),
    );
    const hello = between?.hello(plain) ?? plain;
    join = { ...await decide(exchange, signal), hello };
    return new Session(exchange, join.realm, await joined(exchange, join, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    timer.cancel();
  }
}

/** Dials, and gives up with the signal even when the dial does not. */
async function open(
  options: DialOptions,
  dial: Dial,
  attach: (connection: Transport, joined: (exchange: Exchange) => Exchange) => MessageHandler,
): Promise<Exchange> {
  const { url, signal } = options;
  signal.throwIfAborted();
  const opened = new Promise<Exchange>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    const attachOpened = (connection: Transport) =>
      attach(connection, (exchange) => {
        if (signal.aborted) connection.end("The client no longer waits");
        else resolve(exchange);
        return exchange;
      });
    const missing = new Error("found no transport attached, expected one");
    dial(options, attachOpened).then(() => reject(missing), reject);
  });
  try {
    return await opened;
  } catch (cause) {
    throw new ConnectError(`Cannot connect to "${url}": ${textOf(cause)}`, { cause });
  }
}

/** What is joined, and how. */
export interface JoinOptions extends Destination {
  /** HELLO.Details without those of methods. */
  readonly hello: Dict;
}

/** Joins, with what anonymous sessions, most of all those of browsers, do without loaded where there is something to prove. */
async function joined(
  exchange: Exchange,
  { realm, hello, methods }: JoinOptions,
  signal: AbortSignal,
): Promise<Welcome> {
  const giveUp = () => exchange.abort(TIMEOUT, "The client no longer waits for WELCOME");
  signal.addEventListener("abort", giveUp);
  try {
    if (methods === undefined) return await exchange.join(realm, hello);
    return await (await import("./proving.ts")).joinProving(exchange, realm, hello, methods);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** As they were given, or made of what was given. Rejects with JoinError. */
export async function methodsOf(
  authentication: Authentication | readonly ClientMethod[],
  realm: string,
): Promise<readonly ClientMethod[]> {
  return (await import("./proving.ts")).methodsOf(authentication, realm);
}

/** The beginnings of texts of `transports/` that say no more than ours. */
const REPEATED = /^Cannot dial "[^"]*": (?:Cannot connect to \S+: )?/;

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.replace(REPEATED, "") : String(cause);
}
