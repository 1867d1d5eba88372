/**
 * The life of an `ApplicationSession`, from the connection to its end: who calls which of its methods, and when. Used by `component.ts` and,
 * for components of a node, by `node/`.
 */
import type { Connection } from "../auth/authmethod.ts";
import { CANNOT_AUTHENTICATE, RUNTIME_ERROR, TRANSPORT_LOST } from "../wamp/uris.ts";
import {
  type ApplicationSession,
  type ComponentConfig,
  detailsOf,
  SEAT,
  type SessionDetails,
} from "./application_session.ts";
import { either } from "./abort.ts";
import { type ConnectOptions, connectThen } from "./connect.ts";
import { decided, type JoinRequest } from "./deciding.ts";
import { type CloseDetails, JoinError } from "./errors.ts";
import type { Session } from "./session.ts";

/** Called after the session's own method of that name; what they return is waited for. */
export interface HostListeners {
  connect?(session: ApplicationSession, connection: Connection): unknown;
  /** Before `onJoin`. */
  prepare?(session: ApplicationSession): unknown;
  join?(session: ApplicationSession, details: SessionDetails): unknown;
  ready?(session: ApplicationSession, details: SessionDetails): unknown;
  leave?(session: ApplicationSession, details: CloseDetails): unknown;
  disconnect?(session: ApplicationSession, wasClean: boolean): unknown;
}

/** How a hosted session ended. */
export interface Outcome {
  /** `onJoin` and all listeners to join and ready had been through before the session ended. */
  readonly wasReady: boolean;
  /** Undefined when there was no session. */
  readonly left: CloseDetails | undefined;
  /** Why it never came to a session, or which method of the program failed. */
  readonly error: unknown;
}

/** Connects `session` and sees it through. Resolves when all is over; never rejects. */
export async function host(
  session: ApplicationSession,
  options: Omit<ConnectOptions, "realm" | "authentication">,
  listeners: HostListeners = {},
): Promise<Outcome> {
  return await new Hosting(session, listeners).run(options);
}

class Hosting {
  readonly #app: ApplicationSession;
  readonly #listeners: HostListeners;
  readonly #ended = new AbortController();
  #session: Session | undefined;
  #isConnected = false;
  #wasReady = false;
  #fault: { readonly error: unknown } | undefined;

  constructor(app: ApplicationSession, listeners: HostListeners) {
    this.#app = app;
    this.#listeners = listeners;
  }

  async run(options: Omit<ConnectOptions, "realm" | "authentication">): Promise<Outcome> {
    const signal = either(this.#ended.signal, options.signal);
    let left: CloseDetails | undefined;
    try {
      const connected = (connection: Connection) => this.#connected(connection);
      const session = await connectThen(
        { ...options, signal },
        (exchange, signal) => decided(exchange, connected, signal),
      );
      left = await this.#live(session);
    } catch (error) {
      this.#fault ??= { error };
      if (error instanceof JoinError) {
        left = { reason: error.reason, message: error.message, by: "router" };
      }
    }
    if (left !== undefined) await this.#leave(left);
    if (this.#isConnected) {
      await this.#disconnected(left !== undefined && left.by !== "transport");
    }
    return { wasReady: this.#wasReady, left, error: this.#fault?.error };
  }

  /** Resolves when the session has said where to join. */
  async #connected(connection: Connection): Promise<JoinRequest> {
    const { promise, resolve, reject } = Promise.withResolvers<JoinRequest>();
    // Left alone when the session joins twice, or disconnects after it has joined.
    promise.catch(() => {});
    const [app, ended] = [this.#app, this.#ended];
    const current = () => this.#session;
    app[SEAT]({
      join: (realm: string, authentication: ComponentConfig["authentication"]) =>
        resolve({ realm, authentication }),
      disconnect() {
        reject(new Error("Cannot join: found the session disconnected, expected it to join"));
        ended.abort(new Error("The session has disconnected"));
        current()?.leave();
      },
      get session() {
        return current();
      },
    });
    this.#isConnected = true;
    try {
      await this.#listeners.connect?.(app, connection);
      await app.onConnect(connection);
    } catch (error) {
      this.#failed(error, "onConnect failed");
      throw error;
    }
    return await promise;
  }

  async #live(session: Session): Promise<CloseDetails> {
    this.#session = session;
    const details = detailsOf(session);
    try {
      // The session's end does not wait for them: a program may stay in its handlers for ever.
      await Promise.race([this.#welcome(session, details), session.closed]);
    } catch (error) {
      // A session that has ended meanwhile makes everything fail that waits for it.
      if (session.isOpen) {
        this.#failed(error, "A handler of the session failed as it joined");
        return await session.leave(RUNTIME_ERROR, "The client's program failed");
      }
    }
    return await session.closed;
  }

  async #welcome(session: Session, details: SessionDetails): Promise<void> {
    const refusal = await this.#app.onWelcome(details);
    if (!session.isOpen) return;
    if (typeof refusal === "string") {
      this.#fault ??= { error: new JoinError(details.realm, CANNOT_AUTHENTICATE, refusal) };
      await session.leave(CANNOT_AUTHENTICATE, refusal);
      return;
    }
    await this.#listeners.prepare?.(this.#app);
    await Promise.all([this.#app.onJoin(details), this.#listeners.join?.(this.#app, details)]);
    if (session.isOpen) await this.#listeners.ready?.(this.#app, details);
    this.#wasReady = session.isOpen;
  }

  async #leave(left: CloseDetails): Promise<void> {
    try {
      await this.#app.onLeave(left);
      await this.#listeners.leave?.(this.#app, left);
    } catch (error) {
      this.#failed(error, "onLeave failed");
    }
  }

  async #disconnected(wasClean: boolean): Promise<void> {
    try {
      await this.#app.onDisconnect(wasClean);
      await this.#listeners.disconnect?.(this.#app, wasClean);
    } catch (error) {
      this.#failed(error, "onDisconnect failed");
    }
  }

  #failed(error: unknown, text: string): void {
    this.#fault ??= { error };
    this.#app.onUserError(error, text);
  }
}

/** True when the program itself, or the router on its behalf, ended the session for good. */
export function isFinal({ left, error }: Outcome): boolean {
  return error === undefined && left?.by === "client" && left.reason !== TRANSPORT_LOST;
}
