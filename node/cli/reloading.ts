/** A node's configuration file read anew and put into effect, for SIGHUP and for `realmway reload` alike: told to the log and to the service manager. */
import process from "node:process";
import type { Log } from "../../router/ports.ts";
import { closed } from "../config/config.ts";
import { readConfig } from "../config/parse.ts";
import type { Node } from "../node.ts";
import type { ServiceManager } from "./service_manager.ts";

export interface ReloadingParts {
  readonly file: string;
  /** The node directory. */
  readonly directory: string;
  readonly log: Log;
  readonly manager: ServiceManager;
  /** What the service manager is told afterwards. */
  readonly status: () => string;
}

export class Reloading {
  readonly #parts: ReloadingParts;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloadingParts) {
    this.#parts = parts;
  }

  /** One after the other. Resolves to what has changed. Rejects, when the log has said why nothing could. */
  reload(node: Node): Promise<readonly string[]> {
    const result = this.#busy.then(() => this.#reload(node));
    this.#busy = result.catch(() => {});
    return result;
  }

  async #reload(node: Node): Promise<readonly string[]> {
    const { file, directory, log, manager, status } = this.#parts;
    log.info("Reloading {file}", { file });
    await manager.reloading(`Reloading ${file}`);
    try {
      const config = await readConfig(file, process.env, directory);
      const changes = await node.reload(closed(config));
      log.info("Reloaded: {count} changes", { count: changes.length });
      await manager.reloaded(status());
      return changes;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      log.error("Cannot reload: {reason}", { reason });
      await manager.reloaded(`${status()} (the last reload failed)`);
      throw cause;
    }
  }
}
