/** Autobahn's ApplicationRunner: one session over one WebSocket, for small programs. A `Component` does the work. */
import type { ApplicationSession, ComponentConfig } from "./application_session.ts";
import { Component, type SessionFactory } from "./component.ts";
import type { LogLevel } from "./logging.ts";
import { run } from "./run.ts";
import type {
  ClientTlsOptions,
  ProxyOptions,
  SerializerName,
  WebSocketOptions,
} from "./transport.ts";

/** What a runner is made of. */
export interface RunnerOptions {
  /** "ws://127.0.0.1:8080/ws" */
  readonly url: string;
  /** Default "realm1". */
  readonly realm?: string;
  /** Handed to the session as `config.extra`. */
  readonly extra?: unknown;
  readonly serializers?: readonly SerializerName[];
  /** Default: the system's authorities. */
  readonly tls?: ClientTlsOptions;
  readonly headers?: Readonly<Record<string, string>>;
  /** An HTTP proxy by way of which to connect. */
  readonly proxy?: ProxyOptions;
  /** Options of the WebSocket protocol. */
  readonly options?: Partial<WebSocketOptions>;
  /** -1: for ever. Default -1; heeded with `autoReconnect` only, as are the others. */
  readonly maxRetries?: number;
  /** Default 1,000. */
  readonly initialRetryDelayMs?: number;
  /** Default 60,000. */
  readonly maxRetryDelayMs?: number;
  /** Default 1.5. */
  readonly retryDelayGrowth?: number;
  /** Share by which a delay is more or less. Default 0.1. */
  readonly retryDelayJitter?: number;
}

/** How a runner runs. */
export interface RunnerRunOptions {
  /** Connects again when the connection is lost, or does not come about. Default false. */
  readonly autoReconnect?: boolean;
  /** Default "info"; null: the program sees to its log itself. */
  readonly logLevel?: LogLevel | null;
  /** Default true. */
  readonly handlesSignals?: boolean;
}

/** Hosts one session. `Component` can do more.
 *
 * @example
 * ```ts
 * import { ApplicationRunner, ApplicationSession } from "realmway";
 *
 * const runner = new ApplicationRunner({ url: "ws://127.0.0.1:1/ws", realm: "realm1" });
 * const failure = await runner.run(ApplicationSession, { logLevel: null }).catch((e: Error) => e);
 * console.assert(failure instanceof Error); // nobody listens there
 * ```
 */
export class ApplicationRunner {
  readonly #options: RunnerOptions;
  #component: Component | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Resolves when the session has left; rejects when there was none, or when its connection broke and `autoReconnect` is off. */
  async run(
    make:
      | (new (config: ComponentConfig) => ApplicationSession)
      | ((config: ComponentConfig) => ApplicationSession),
    { autoReconnect = false, logLevel = "info", handlesSignals = true }: RunnerRunOptions = {},
  ): Promise<void> {
    const { url, realm, extra, serializers, tls, headers, proxy, options } = this.#options;
    const { maxRetries, initialRetryDelayMs = 1_000, maxRetryDelayMs = 60_000 } = this.#options;
    const { retryDelayGrowth, retryDelayJitter } = this.#options;
    const sessionFactory: SessionFactory = make;
    this.#component = new Component({
      sessionFactory,
      ...(realm !== undefined && { realm }),
      ...(extra !== undefined && { extra }),
      ...(!autoReconnect && { isFatal: () => true }),
      transports: {
        url,
        initialRetryDelayMs,
        maxRetryDelayMs,
        ...(serializers && { serializers }),
        ...(tls && { tls }),
        ...(headers && { headers }),
        ...(proxy && { proxy }),
        ...(options && { options }),
        ...(maxRetries !== undefined && { maxRetries }),
        ...(retryDelayGrowth !== undefined && { retryDelayGrowth }),
        ...(retryDelayJitter !== undefined && { retryDelayJitter }),
      },
    });
    await run(this.#component, { logLevel, handlesSignals });
  }

  /** Leaves, and connects no more. */
  async stop(): Promise<void> {
    await this.#component?.stop();
  }
}
