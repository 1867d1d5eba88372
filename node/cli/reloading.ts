/** A node's configuration file read anew and put into effect, for SIGHUP and for `realmway reload` alike: told to the log and to the service manager. */
import process from "node:process";
import type { Log } from "../../router/ports.ts";
import { closed } from "../config/config.ts";
import { readConfig } from "../config/parse.ts";
import type { Node } from "../node.ts";
import { StartError } from "../start_error.ts";
import type { ServiceManager } from "./service_manager.ts";

export interface ReloadingParts {
  readonly file: string;
  /** The node directory. */
  readonly directory: string;
  readonly log: Log;
  readonly manager: ServiceManager;
}

export class Reloading {
  readonly #parts: ReloadingParts;
  /** Set once it is ready. */
  node: Node | undefined = undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(parts: ReloadingParts) {
    this.#parts = parts;
  }

  /** One after the other. Resolves to what has changed. Rejects, when the log has said why nothing could. */
  reload(): Promise<readonly string[]> {
    const result = this.#busy.then(() => this.#reload());
    this.#busy = result.catch(() => {});
    return result;
  }

  async #reload(): Promise<readonly string[]> {
    const { node } = this;
    if (node === undefined) throw new StartError("Cannot reload: the node is starting");
    const { file, directory, log, manager } = this.#parts;
    log.info("Reloading {file}", { file });
    await manager.reloading(`Reloading ${file}`);
    try {
      const config = await readConfig(file, process.env, directory);
      const changes = await node.reload(closed(config));
      log.info("Reloaded: {count} changes", { count: changes.length });
      await manager.reloaded(statusOf(node));
      return changes;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      log.error("Cannot reload: {reason}", { reason });
      await manager.reloaded(`${statusOf(node)} (the last reload failed)`);
      throw cause;
    }
  }
}

/** For the service manager. */
export function statusOf({ listeners }: Node): string {
  return `Listening on ${listeners.flatMap(({ urls }) => urls).join(" ")}`;
}
