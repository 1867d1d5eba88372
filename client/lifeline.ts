/**
 * A session's connection that may break: stands between `exchange.ts` and the transports, one after the other, so that the session notices
 * nothing. Counts and keeps what is sent since WELCOME, and after a break takes the session up over a new connection (`reentry.ts`),
 * where each side sends what the other lacks. Made by `connect.ts` when `resumable` was asked for. See docs/extensions.md.
 */
import { type Abort, type Dict, type Message, Type, type Welcome } from "../wamp/message.ts";
import { keptMessage, MessageRing } from "../wamp/message_ring.ts";
import type { Outgoing } from "../wamp/outgoing.ts";
import type { ProtocolError } from "../wamp/protocol_error.ts";
import { numberIn, textIn } from "./details.ts";
import type { Clock, ClosedHow, Log, MessageHandler, Timer, Transport } from "./transport.ts";

/** How a session is kept when its connection breaks. */
export interface ResumableOptions {
  /** Bytes of messages that are kept to be sent again. Default 4 MiB. */
  readonly maxBytes?: number;
  /** How long they are kept: longer than a break stays unnoticed. Default 60,000. */
  readonly maxAgeMs?: number;
  /** The connection broke, and another is being looked for. What the program sends meanwhile waits. */
  readonly onLost?: () => void;
  /** The session goes on. */
  readonly onResumed?: () => void;
}

/** Opens a connection and takes the session up; resolves once it has called `resumed` or `refused` of the lifeline, else rejects. */
export type Reenter = (lifeline: Lifeline, signal: AbortSignal) => Promise<void>;

export interface LifelineSettings {
  readonly clock: Clock;
  readonly log: Log;
  readonly options: ResumableOptions;
  readonly reenter: Reenter;
  /** For one attempt. */
  readonly timeoutMs: number;
}

type State = "opening" | "attached" | "detached" | "over";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const DEFAULT_TIMEOUT_MS = 30_000;

export class Lifeline implements Transport, MessageHandler {
  readonly #settings: LifelineSettings;
  readonly #handler: MessageHandler;
  readonly #ring: MessageRing;
  #connection: Transport;
  #state: State = "opening";
  #welcome: Welcome | undefined = undefined;
  /** Since WELCOME. */
  #received = 0;
  /** Tells the router that attempts with one token come from one client. */
  #attempt = "";
  /** GOODBYE or ABORT has passed: a break is the end. */
  #isLeaving = false;
  #detachedAt = 0;
  #giveUpAt: Timer | undefined = undefined;
  #pause: Timer | undefined = undefined;
  #current: AbortController | undefined = undefined;

  /** @param make makes the session's end of it. */
  constructor(
    connection: Transport,
    make: (transport: Transport) => MessageHandler,
    settings: LifelineSettings,
  ) {
    const { maxBytes = 4 * 1024 * 1024, maxAgeMs = 60_000 } = settings.options;
    this.#connection = connection;
    this.#settings = settings;
    this.#ring = new MessageRing({ maxBytes, maxAgeMs });
    this.#handler = make(this);
  }

  get details(): Transport["details"] {
    return this.#connection.details;
  }

  send(message: Message): void {
    if (message.type === Type.ABORT) this.#isLeaving = true;
    if (this.#state !== "attached" && this.#state !== "detached") {
      return this.#connection.send(message);
    }
    // What cannot be encoded throws here, and is not counted.
    if ("payload" in message) this.#connection.seal?.(message.payload);
    const now = this.#settings.clock.now();
    if (this.#state === "attached") {
      if (message.type === Type.GOODBYE) this.#isLeaving = true;
      const connection = this.#connection;
      const { omitted } = connection;
      connection.send(message);
      // What does not fit the router is answered by the transport.
      if (connection.omitted !== omitted) return;
      this.#ring.expire(now);
      this.#ring.add(keptMessage(message), now);
      return;
    }
    this.#ring.add(keptMessage(message), now);
    if (this.#ring.first > this.#detachedAt + 1) this.#settings.clock.after(0, () => this.#lose());
  }

  deliver(outgoing: Outgoing): void {
    this.send(outgoing.message);
  }

  end(reason: string): void {
    this.#stop();
    this.#connection.end(reason);
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  receive(message: Message): void {
    if (this.#state === "attached") this.#received++;
    else if (message.type === Type.WELCOME) this.#welcomed(message);
    if (message.type === Type.GOODBYE || message.type === Type.ABORT) this.#isLeaving = true;
    this.#handler.receive(message);
  }

  /** It counts for nothing: the router has not sent it. */
  answered(message: Message): void {
    this.#handler.receive(message);
  }

  fail(error: ProtocolError): void {
    this.#handler.fail(error);
  }

  closed(how: ClosedHow): void {
    if (this.#state !== "attached" || this.#isLeaving) return this.#handler.closed(how);
    this.#state = "detached";
    this.#detachedAt = this.#ring.last;
    const timeoutMs = numberIn(this.#welcome?.details ?? {}, "x_resume_timeout") ??
      DEFAULT_TIMEOUT_MS;
    this.#giveUpAt = this.#settings.clock.after(timeoutMs, () => this.#lose());
    this.#tell(this.#settings.options.onLost);
    this.#try(0);
  }

  // For the re-entry.

  /** What HELLO says to take the session up. */
  get claim(): Dict {
    const details = this.#welcome?.details ?? {};
    return {
      "resumable": true,
      "resume-session": this.#welcome?.session,
      "resume-token": tokenIn(details),
      "x_resume_received": this.#received,
      "x_resume_attempt": this.#attempt,
    };
  }

  /** The router has taken the session up over `connection`. Returns why that is of no use. */
  resumed(connection: Transport, welcome: Welcome): string | undefined {
    if (this.#state !== "detached") return "the session is over";
    const { details, session } = welcome;
    if (details["resumed"] !== true || session !== this.#welcome?.session) {
      return "the router began another session";
    }
    const received = numberIn(details, "x_resume_received") ?? -1;
    if (!this.#ring.reachesBackTo(received)) return "what the router lacks is not kept any more";
    this.#ring.received(received);
    this.#giveUpAt?.cancel();
    this.#current = undefined;
    this.#connection = connection;
    this.#welcomed(welcome);
    for (const message of this.#ring.takeAll()) this.send(message);
    this.#tell(this.#settings.options.onResumed);
    return undefined;
  }

  /** The session cannot be taken up. */
  refused(message: Abort): void {
    if (this.#state !== "detached") return;
    this.#stop();
    this.#handler.receive(message);
  }

  #welcomed(message: Welcome): void {
    if (tokenIn(message.details) === undefined) return;
    this.#welcome = message;
    this.#state = "attached";
    this.#attempt = hex(crypto.getRandomValues(new Uint8Array(16)));
  }

  #try(failures: number): void {
    const { clock, log, reenter, timeoutMs } = this.#settings;
    const longest = failures === 0
      ? 0
      : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    this.#pause = clock.after(longest * (0.5 + Math.random() / 2), () => {
      const attempt = new AbortController();
      this.#current = attempt;
      const limit = clock.after(
        timeoutMs,
        () => attempt.abort(new Error("found no answer in time")),
      );
      reenter(this, attempt.signal).catch((error) => {
        log.debug("Cannot resume the session yet: {error}", () => ({ error }));
        if (this.#state === "detached") this.#try(failures + 1);
      }).finally(() => limit.cancel());
    });
  }

  /** No connection came in time, or more was sent than could be kept. */
  #lose(): void {
    if (this.#state !== "detached") return;
    this.#stop();
    this.#handler.closed("timeout");
  }

  #stop(): void {
    this.#state = "over";
    this.#giveUpAt?.cancel();
    this.#pause?.cancel();
    const current = this.#current;
    this.#current = undefined;
    current?.abort(new Error("the session is over"));
  }

  /** A program's own code may fail: the session does not. */
  #tell(callback: (() => void) | undefined): void {
    try {
      callback?.();
    } catch (error) {
      this.#settings.log.error("A callback of a resumable session failed: {error}", { error });
    }
  }
}

function tokenIn(details: Dict): string | undefined {
  return textIn(details, "resume-token") ?? textIn(details, "resume_token");
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
