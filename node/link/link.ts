/**
 * A router link: a realm of this router joined to a realm of another one, so that events and calls cross. Keeps one session in each; when
 * either ends, both end and are made anew. What crosses is decided by `event_mirror.ts` and `call_mirror.ts`. Started and stopped by the
 * worker that runs the realm.
 */
import type { Authentication } from "../../auth/authentication.ts";
import type { ClientMethod } from "../../auth/authmethod.ts";
import type { Clock, Log, MessageHandler, Timer, Transport } from "../../router/ports.ts";
import type { Dict } from "../../wamp/message.ts";
import { VERSION } from "../../wamp/version.ts";
import { callMirror } from "./call_mirror.ts";
import { eventMirror } from "./event_mirror.ts";
import { LinkPeer } from "./link_peer.ts";
import type { Mirror } from "./mirror.ts";

export interface LinkOptions {
  readonly id: string;
  /** Realm of this router. */
  readonly realm: string;
  readonly remoteRealm: string;
  /** Default: anonymous. */
  readonly authentication?: Authentication | readonly ClientMethod[];
  /** Sessions of these cross in no direction. */
  readonly excludedAuthids: readonly string[];
  /** Events published here reach subscribers there. */
  readonly forwardsLocalEvents: boolean;
  /** Events published there reach subscribers here. */
  readonly forwardsRemoteEvents: boolean;
  /** Calls made here reach callees there. */
  readonly forwardsLocalInvocations: boolean;
  /** Calls made there reach callees here. */
  readonly forwardsRemoteInvocations: boolean;
  /** Milliseconds before the first attempt to connect anew, and at most. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

/** Opens a connection; `attach` is called before any message is received. */
export type Open = (
  attach: (transport: Transport) => MessageHandler,
  signal: AbortSignal,
) => Promise<unknown>;

export interface LinkPorts {
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1, to spread attempts of many. */
  readonly jitter: () => number;
  readonly local: Open;
  readonly remote: Open;
}

/** A connection and join take this long at most. */
const JOIN_TIMEOUT_MS = 10_000;
/** A link that lasted so long starts its delays anew. */
const STABLE_MS = 10_000;
const GROWTH = 1.5;

export class Link {
  readonly id: string;
  readonly options: LinkOptions;
  readonly #ports: LinkPorts;
  #state: "connecting" | "connected" | "waiting" | "stopped" = "waiting";
  #peers: readonly LinkPeer[] = [];
  #delayMs: number;
  #timer: Timer | undefined = undefined;
  #giveUp = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions, ports: LinkPorts) {
    this.id = options.id;
    this.options = options;
    this.#ports = ports;
    this.#delayMs = options.firstDelayMs;
  }

  get isConnected(): boolean {
    return this.#state === "connected";
  }

  /** Begins to connect, and goes on until it is stopped. Resolves after the first attempt, whatever became of it. */
  async start(): Promise<void> {
    let attempted = () => {};
    const first = new Promise<void>((resolve) => attempted = resolve);
    this.#running = this.#run(attempted);
    await first;
  }

  /** Leaves both realms. Resolves when that is done; may be called twice. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#timer?.cancel();
    this.#giveUp.abort();
    for (const peer of this.#peers) peer.leave();
    await this.#running;
  }

  async #run(attempted: () => void): Promise<void> {
    while (this.#state !== "stopped") {
      const { clock } = this.#ports;
      const began = clock.now();
      await this.#once(attempted);
      attempted();
      if (this.#isStopped()) return;
      if (clock.now() - began > STABLE_MS) this.#delayMs = this.options.firstDelayMs;
      await this.#pause();
    }
  }

  /** One connection, from its beginning to its end. */
  async #once(connected: () => void): Promise<void> {
    const { clock, log, local, remote } = this.#ports;
    const { id, realm, remoteRealm } = this.options;
    const here = new LinkPeer({ side: "local", clock, log });
    const there = new LinkPeer({ side: "remote", clock, log });
    this.#peers = [here, there];
    this.#state = "connecting";
    const timer = clock.after(JOIN_TIMEOUT_MS, () => this.#giveUp.abort(new Error("no answer")));
    try {
      const negotiate = await this.#negotiation();
      await remote((transport) => there.attach(transport), this.#giveUp.signal);
      const negotiation = await negotiate(there);
      await there.join(remoteRealm, { ...HELLO, ...negotiation?.helloDetails }, negotiation);
      await local((transport) => here.attach(transport), this.#giveUp.signal);
      await here.join(realm, HELLO);
      await Promise.all(this.#mirrors(here, there).map((mirror) => mirror.start()));
      if (!this.#isStopped()) this.#state = "connected";
      log.info("Link {link} joins realm {realm} to {remote}", {
        link: id,
        realm,
        remote: remoteRealm,
      });
      connected();
    } catch (cause) {
      if (!this.#isStopped()) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        log.warn("Link {link} of realm {realm} cannot connect: {problem}", {
          link: id,
          realm,
          problem,
        });
      }
      for (const peer of this.#peers) peer.leave();
    } finally {
      timer.cancel();
      this.#giveUp = new AbortController();
    }
    const end = await Promise.race(this.#peers.map((peer) => peer.ended));
    for (const peer of this.#peers) peer.leave();
    await Promise.all(this.#peers.map((peer) => peer.ended));
    if (this.isConnected) {
      const { reason, message } = end;
      log.warn("Link {link} of realm {realm} has ended: {reason}", {
        link: id,
        realm,
        reason,
        message,
      });
    }
  }

  #mirrors(here: LinkPeer, there: LinkPeer): readonly Mirror[] {
    const { options } = this;
    const { log } = this.#ports;
    const excludedAuthids = options.excludedAuthids;
    const outward = { near: here, far: there, excludedAuthids, log };
    const inward = { near: there, far: here, excludedAuthids, log };
    return [
      ...(options.forwardsLocalEvents ? [eventMirror(outward)] : []),
      ...(options.forwardsRemoteEvents ? [eventMirror(inward)] : []),
      ...(options.forwardsLocalInvocations ? [callMirror(outward)] : []),
      ...(options.forwardsRemoteInvocations ? [callMirror(inward)] : []),
    ];
  }

  /** What the methods of authentication are asked, once the connection is there. */
  async #negotiation() {
    const { authentication } = this.options;
    if (authentication === undefined) return () => Promise.resolve(undefined);
    const [{ clientMethods }, { offer }] = await Promise.all([
      import("../../auth/authentication.ts"),
      import("../../auth/negotiation.ts"),
    ]);
    const methods = isMethods(authentication) ? authentication : clientMethods(authentication);
    return (there: LinkPeer) => offer(methods, there.connection);
  }

  #pause(): Promise<void> {
    this.#state = "waiting";
    const { clock, jitter } = this.#ports;
    const delayMs = this.#delayMs * (0.9 + 0.2 * jitter());
    this.#delayMs = Math.min(this.#delayMs * GROWTH, this.options.longestDelayMs);
    return new Promise((resolve) => {
      this.#timer = clock.after(delayMs, resolve);
      this.#giveUp.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  #isStopped(): boolean {
    return this.#state === "stopped";
  }
}

function isMethods(
  authentication: Authentication | readonly ClientMethod[],
): authentication is readonly ClientMethod[] {
  return Array.isArray(authentication);
}

const FEATURES = {
  caller: [
    "call_canceling",
    "progressive_call_results",
    "progressive_call_invocations",
    "payload_passthru_mode",
  ],
  callee: [
    "call_canceling",
    "progressive_call_results",
    "progressive_call_invocations",
    "pattern_based_registration",
    "shared_registration",
    "caller_identification",
    "payload_passthru_mode",
  ],
  publisher: ["publisher_exclusion", "payload_passthru_mode"],
  subscriber: ["pattern_based_subscription", "publisher_identification", "payload_passthru_mode"],
};

/** Everything that can cross. */
const HELLO: Dict = Object.freeze({
  "agent": `Realmway-${VERSION}`,
  "roles": Object.fromEntries(
    Object.entries(FEATURES).map(([role, names]) => [
      role,
      { "features": Object.fromEntries(names.map((name) => [name, true])) },
    ]),
  ),
});
