/**
 * Puts another configuration into effect while the node runs. All that may fail is done before anything is touched: files are checked, ports
 * opened, authenticators and modules loaded; then the steps are done, those about roles and services in one turn. Owned by `node.ts`.
 */
import type { Log } from "../../router/ports.ts";
import type { Environment } from "../config/environment.ts";
import { fileProblems } from "../config/files.ts";
import { ConfigError } from "../config/problems.ts";
import type { NodeConfig } from "../config/schema.ts";
import type { Children } from "../worker/children.ts";
import type { Prepared } from "../worker/prepared.ts";
import type { RouterWorker } from "../worker/router_worker.ts";
import { StartError } from "../start_error.ts";
import { type Changes, changesBetween } from "./changes.ts";
import { contentsOf } from "./contents.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { prepare } from "./router_steps.ts";
import { sentence } from "./sentence.ts";
import type { ChildStep, ComponentStep } from "./steps.ts";

export interface ReloaderParts {
  readonly directory: string;
  readonly env: Environment;
  readonly log: Log;
  readonly worker: RouterWorker;
  readonly children: Children;
  /** The worker of the management realm, which is made when it is wanted. */
  readonly management: () => Promise<RouterWorker>;
  /** This is what the node runs by from now on. Called when nothing can go wrong any more. */
  readonly onChanged: (layout: Layout) => void;
}

export class Reloader {
  readonly #parts: ReloaderParts;
  #layout: Layout;
  #busy: Promise<unknown> = Promise.resolve();

  /** @param layout what runs. */
  constructor(layout: Layout, parts: ReloaderParts) {
    this.#layout = layout;
    this.#parts = parts;
  }

  /**
   * One after the other. @returns what was changed, in words. Rejects with ConfigError, StartError, ListenError, Refusal or ComponentError, and
   * then nothing has changed, unless the error says that components are not there.
   */
  reload(config: NodeConfig): Promise<readonly string[]> {
    const result = this.#busy.then(() => this.#reload(config));
    this.#busy = result.catch(() => {});
    return result;
  }

  async #reload(config: NodeConfig): Promise<readonly string[]> {
    const { directory, env, log } = this.#parts;
    const problems = await fileProblems(config, directory);
    if (problems.length > 0) throw new ConfigError("the new configuration", problems);
    const contents = await contentsOf(config, directory);
    const layout = layoutOf(config, { env, contents, before: this.#layout });
    const changes = changesBetween(this.#layout, layout);
    if (changes.problems.length > 0) {
      throw new ConfigError("the new configuration while the node runs", changes.problems);
    }
    await this.#apply(changes, layout);
    const failures = await this.#changeComponents(changes.components);
    const done = [
      ...[...changes.router, ...changes.management, ...changes.children, ...changes.components]
        .map(sentence),
      ...changes.settings.map((key) => `${key} changed`),
    ];
    for (const line of done) log.info("Reload: {line}", { line });
    if (failures.length > 0) {
      throw new StartError(`The new configuration is in effect, but: ${failures.join("; ")}`);
    }
    return done;
  }

  async #apply(changes: Changes, layout: Layout): Promise<void> {
    const { worker, management } = this.#parts;
    // Workers in processes of their own are reached by it.
    const isManaged = changes.management.length > 0 || changes.children.some(isReached);
    const managing = isManaged ? await management() : undefined;
    const all = async () => {
      const prepared = await this.#prepared(changes, managing);
      this.#layout = layout;
      this.#parts.onChanged(layout);
      for (const one of prepared) {
        // Without a turn in between where nothing is to be waited for.
        const waiting = one.commit();
        if (waiting !== undefined) await waiting;
      }
    };
    await worker.exclusively(() => managing === undefined ? all() : managing.exclusively(all));
  }

  /** All of it, or nothing. */
  async #prepared(changes: Changes, managing: RouterWorker | undefined): Promise<Prepared[]> {
    const { worker } = this.#parts;
    const prepared: Prepared[] = [];
    try {
      for (const step of changes.components) await this.#expectComponent(step);
      for (const step of changes.router) prepared.push(await prepare(worker, step));
      if (managing !== undefined) {
        for (const step of changes.management) prepared.push(await prepare(managing, step));
      }
      for (const step of changes.children) prepared.push(this.#child(step));
      return prepared;
    } catch (cause) {
      for (const one of prepared.reverse()) await one.abandon();
      throw cause;
    }
  }

  #child({ kind, piece: { id, config } }: ChildStep): Prepared {
    const { children } = this.#parts;
    return kind === "stop worker" ? children.prepareStop(id) : children.prepareStart(id, config);
  }

  async #expectComponent({ kind, piece: { config } }: ComponentStep): Promise<void> {
    if (kind === "stop component") return;
    const { directory, worker: { parts: { moduleOptions } } } = this.#parts;
    // Loaded with the first component, as it takes the client library.
    const { expectCode, modulePaths } = await import("../worker/component_program.ts");
    await expectCode(config, { directory, paths: modulePaths(moduleOptions, directory) });
  }

  /** Once all else is there. What their own code does when they join nobody can know before. @returns what went wrong. */
  async #changeComponents(steps: readonly ComponentStep[]): Promise<string[]> {
    const { worker } = this.#parts;
    const failures = new Map<string, string>();
    for (const { kind, piece: { id, config } } of steps) {
      try {
        const isRunning = worker.components?.list().some((one) => one.id === id) === true;
        if (kind !== "start component" && isRunning) await worker.stopComponent(id);
        if (kind !== "stop component") await worker.startComponent(id, config);
      } catch (cause) {
        failures.set(id, cause instanceof Error ? cause.message : String(cause));
      }
    }
    // The next time they are tried again.
    const { router } = this.#layout;
    const components = router.components.filter(({ id }) => !failures.has(id));
    this.#layout = { ...this.#layout, router: { ...router, components } };
    return [...failures.values()];
  }
}

function isReached({ kind, piece: { config: { type } } }: ChildStep): boolean {
  return kind !== "stop worker" && type !== "guest";
}
