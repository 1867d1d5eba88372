/**
 * The components of one worker: starts each, joins it to its realm, and knows what becomes of it. A component is ready once its
 * join handler is done. One that lost its connection is joined anew where its retries allow that; otherwise it stops, and whoever
 * owns the host is told how. Used by routers (`router_components.ts`) and containers (`container.ts`).
 */
import { connect } from "../../client/connect.ts";
import { type CloseDetails, ConnectError, JoinError } from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import type { Dial } from "../../client/transport.ts";
import type { Authentication } from "../../auth/authentication.ts";
import type { Clock, Log } from "../../router/ports.ts";
import { SYSTEM_SHUTDOWN, TRANSPORT_LOST } from "../../wamp/uris.ts";
import { ALREADY_RUNNING, CANNOT_CONNECT, CANNOT_START, NO_SUCH_OBJECT } from "./error_uris.ts";
import { ComponentError, textOf } from "./component_error.ts";
import { componentLog } from "./component_log.ts";
import {
  type ComponentCode,
  type ComponentContext,
  type ModulePlaces,
  type Program,
  programOf,
} from "./component_program.ts";
import { Watchdog } from "./watchdog.ts";

export interface ComponentConfig {
  readonly code: ComponentCode;
  readonly context: ComponentContext;
  readonly dial: Dial;
  /** Where that leads, for people. */
  readonly place: string;
  readonly authentication: Authentication | undefined;
  /** When no connection comes about, or one is lost. */
  readonly retries: Retries;
  /** As it stands in the configuration, for who asks. */
  readonly shown: unknown;
}

export interface Retries {
  /** In a row; Infinity for ever. */
  readonly most: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

export type ComponentState = "starting" | "running" | "reconnecting" | "stopping";

export interface ComponentRecord {
  readonly id: string;
  readonly state: ComponentState;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly uptimeMs: number;
  readonly config: unknown;
}

export interface HostParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly places: ModulePlaces;
  /** A component that was ready has stopped, other than by `stop`. */
  readonly onStopped: (component: ComponentRecord, hasFailed: boolean) => void;
}

interface Running {
  readonly config: ComponentConfig;
  readonly startedAt: number;
  /** Gives up connecting. */
  readonly giveUp: AbortController;
  state: ComponentState;
  session: Session | undefined;
  /** All that is called after the session's end is done. */
  ended: Promise<void>;
}

const GROWTH = 1.5;

/** Reasons for which a component never was ready, and may be when it tries again. */
const MAY_PASS: readonly string[] = [CANNOT_CONNECT, TRANSPORT_LOST, SYSTEM_SHUTDOWN];
const JOIN_TIMEOUT_MS = 10_000;

export class ComponentHost {
  readonly #parts: HostParts;
  readonly #running = new Map<string, Running>();
  readonly #watchdog: Watchdog;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#watchdog = new Watchdog(parts.clock, parts.log, () => [...this.#running.keys()]);
  }

  /** In the order in which they were started. */
  list(): ComponentRecord[] {
    return [...this.#running.keys()].map((id) => this.get(id));
  }

  /** Throws `ComponentError`. */
  get(id: string): ComponentRecord {
    const { state, startedAt, config: { shown: config } } = this.#known(id);
    return { id, state, startedAt, uptimeMs: this.#parts.clock.now() - startedAt, config };
  }

  /** Resolves when the component is ready. Rejects with `ComponentError`; nothing of it is left then. */
  async start(config: ComponentConfig): Promise<void> {
    const { id } = config.context;
    if (this.#running.has(id)) {
      throw new ComponentError(ALREADY_RUNNING, `Cannot start component "${id}": it is running`);
    }
    const running: Running = {
      config,
      startedAt: this.#parts.clock.now(),
      giveUp: new AbortController(),
      state: "starting",
      session: undefined,
      ended: Promise.resolve(),
    };
    this.#running.set(id, running);
    this.#watchdog.watch();
    try {
      await this.#bringUp(running);
    } catch (cause) {
      this.#running.delete(id);
      throw cause;
    }
    this.#parts.log.info("Component {id} runs in realm {realm}", {
      id,
      realm: config.context.realm,
    });
  }

  /** Leaves the realm; resolves when the component's code is done with that. Rejects with `ComponentError` when there is none. */
  async stop(id: string): Promise<void> {
    const running = this.#known(id);
    running.state = "stopping";
    running.giveUp.abort(new ComponentError(CANNOT_START, `Component "${id}" was stopped`));
    await running.session?.leave();
    await running.ended;
    this.#running.delete(id);
  }

  /** @returns the ids of those that were stopped. */
  async stopAll(): Promise<string[]> {
    const ids = [...this.#running.keys()];
    this.#watchdog.stop();
    await Promise.all(ids.map((id) => this.stop(id)));
    return ids;
  }

  #known(id: string): Running {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    throw new ComponentError(NO_SUCH_OBJECT, `Cannot find component "${id}": none is running`);
  }

  /** Joins, trying again while there is no router. */
  async #bringUp(running: Running): Promise<void> {
    const { config: { retries, context }, giveUp: { signal } } = running;
    let delayMs = retries.firstDelayMs;
    for (let attempt = 0;; attempt++) {
      try {
        return await this.#join(running);
      } catch (cause) {
        signal.throwIfAborted();
        const mayHelp = cause instanceof ComponentError && MAY_PASS.includes(cause.uri);
        if (!mayHelp || attempt >= retries.most) throw cause;
        const text = "Component {id} has no connection and tries again in {delayMs} ms: {why}";
        const why = cause.message;
        this.#parts.log.warn(text, { id: context.id, delayMs: Math.round(delayMs), why });
        await this.#pause(delayMs, signal);
        delayMs = Math.min(delayMs * GROWTH, retries.longestDelayMs);
      }
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.#parts.clock.after(ms, resolve);
      signal.addEventListener("abort", () => {
        timer.cancel();
        reject(signal.reason);
      }, { once: true });
    });
  }

  async #join(running: Running): Promise<void> {
    const { config } = running;
    const { code, context } = config;
    const log = componentLog(this.#parts.log, context.id);
    const program = await programOf(code, context, this.#parts.places, log);
    const session = await this.#connect(config, program, log, running.giveUp.signal);
    let isReady = false;
    const closed = session.closed.then(async (details) => {
      const isSound = await this.#tellEnd(context.id, program, session, details);
      if (isReady) this.#after(running, details, isSound);
      return details;
    });
    running.session = session;
    running.ended = closed.then(() => {});
    try {
      // The session's end does not wait for it: the code may stay in its handler for ever.
      await Promise.race([
        this.#watchdog.measured(context.id, () => program.joined(session)),
        session.closed,
      ]);
    } catch (cause) {
      // A session that has ended meanwhile makes everything fail that waits for it.
      if (session.isOpen) {
        await session.leave();
        await closed;
        const text = `Cannot start component "${context.id}": it threw when it had joined (${
          textOf(cause)
        })`;
        throw new ComponentError(CANNOT_START, text, { cause });
      }
    }
    if (!session.isOpen) {
      const { reason, message } = await closed;
      const text = `Cannot start component "${context.id}": it left before it was ready (${
        message ?? reason
      })`;
      throw new ComponentError(reason, text);
    }
    isReady = true;
    running.state = "running";
  }

  async #connect(
    { dial, place, authentication, context: { id, realm } }: ComponentConfig,
    program: Program,
    log: Log,
    signal: AbortSignal,
  ): Promise<Session> {
    try {
      return await connect({
        url: place,
        realm,
        log,
        signal,
        timeoutMs: JOIN_TIMEOUT_MS,
        ...(authentication && { authentication }),
        dial: (options, attach) =>
          dial(options, (transport) => {
            this.#tellConnected(id, program);
            return this.#watchdog.measuring(id, attach(transport));
          }),
      });
    } catch (cause) {
      signal.throwIfAborted();
      const text = `Cannot start component "${id}": ${textOf(cause)}`;
      if (cause instanceof ConnectError) throw new ComponentError(CANNOT_CONNECT, text, { cause });
      if (cause instanceof JoinError) throw new ComponentError(cause.reason, text, { cause });
      throw cause;
    }
  }

  /** The connection goes on whatever the code says to it. */
  #tellConnected(id: string, program: Program): void {
    const failed = (error: unknown) => this.#fault(id, "when it was connected", error);
    try {
      Promise.resolve(program.connected()).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** @returns whether the code took it without a fault. */
  async #tellEnd(
    id: string,
    program: Program,
    session: Session,
    details: CloseDetails,
  ): Promise<boolean> {
    let isSound = true;
    try {
      await program.left(session, details);
    } catch (error) {
      isSound = false;
      this.#fault(id, "when it had left", error);
    }
    try {
      await program.disconnected(session, details.by !== "transport");
    } catch (error) {
      isSound = false;
      this.#fault(id, "when it was disconnected", error);
    }
    return isSound;
  }

  #fault(id: string, when: string, error: unknown): void {
    this.#parts.log.error("Component {id} threw {when}: {error}", { id, when, error });
  }

  /** A ready component's session has ended. */
  #after(running: Running, { by, reason, message }: CloseDetails, isSound: boolean): void {
    const { config: { context: { id }, retries } } = running;
    if (running.state === "stopping") return;
    const isLost = by === "transport" || reason === SYSTEM_SHUTDOWN;
    const { log } = this.#parts;
    if (isLost && retries.most > 0) {
      running.state = "reconnecting";
      log.warn("Component {id} lost its connection ({reason})", { id, reason });
      void this.#bringUp(running).then(
        () => log.info("Component {id} is back", { id }),
        (cause) => {
          if (running.state !== "stopping") this.#gone(id, textOf(cause), true);
        },
      );
      return;
    }
    this.#gone(id, message ?? reason, by === "transport" || !isSound);
  }

  #gone(id: string, why: string, hasFailed: boolean): void {
    const record = this.get(id);
    this.#running.delete(id);
    const { log, onStopped } = this.#parts;
    if (hasFailed) log.error("Component {id} failed: {why}", { id, why });
    else log.info("Component {id} stopped: {why}", { id, why });
    onStopped(record, hasFailed);
  }
}
