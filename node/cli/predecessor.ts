/**
 * `realmway start --replace`: the node that runs in the same directory, whose place another takes. Both listen on the same ports for a
 * moment (`"shared": true` of the endpoints), then the earlier one drains and ends; its management socket and its stores are free then.
 */
import { resolve } from "node:path";
import { connect } from "../../client/connect.ts";
import { ConnectError } from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import type { Log } from "../../router/ports.ts";
import { ConfigError } from "../config/problems.ts";
import type { NodeConfig } from "../config/schema.ts";
import { MANAGEMENT_REALM } from "../config/schema_management.ts";
import { NodeController } from "../management/node_controller.ts";
import { untilGone } from "./node_end.ts";

export class Predecessor {
  readonly #node: NodeController;
  readonly #pid: number;
  readonly #log: Log;

  private constructor(node: NodeController, pid: number, log: Log) {
    this.#node = node;
    this.#pid = pid;
    this.#log = log;
  }

  /** Undefined when none runs. Rejects with a ConfigError when the configuration does not say by which socket it is reached. */
  static async find(
    { controller: { management } }: NodeConfig,
    { file, directory }: { readonly file: string; readonly directory: string },
    log: Log,
  ): Promise<Predecessor | undefined> {
    if (management?.socket === undefined) {
      throw new ConfigError(file, [{
        path: ["controller", "management", "socket"],
        text:
          'missing, expected a unix socket, "management.sock", by which --replace finds the node',
      }]);
    }
    let session: Session;
    try {
      const url = `unix+rs:${resolve(directory, management.socket)}`;
      session = await connect({ url, realm: MANAGEMENT_REALM });
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      log.info("Found no node to replace: starting as ever", {});
      return undefined;
    }
    const node = new NodeController(session);
    return new Predecessor(node, (await node.status()).pid, log);
  }

  /** Has it drain and end. Resolves when its process is gone. */
  async leave(): Promise<void> {
    const began = performance.now();
    this.#log.info("Taking the place of process {pid}, which drains", { pid: this.#pid });
    await this.#node.shutdown(true);
    await untilGone(this.#node.session, this.#pid);
    const ms = Math.round(performance.now() - began);
    this.#log.info("Process {pid} has ended after {ms} ms", { pid: this.#pid, ms });
  }
}
