/** Components that run beside the router, in its process: they join without a connection, under the role of the configuration. */
import { embedded } from "../../router/join.ts";
import type { Clock, Log } from "../../router/ports.ts";
import type { Router } from "../../router/router.ts";
import type { RouterConfig } from "../config/schema.ts";
import { attachInside } from "../inside.ts";
import { MANAGEMENT_REALM } from "../config/schema_management.ts";
import type { RouterComponentConfig } from "../config/schema_component.ts";
import { type ComponentConfig, ComponentHost } from "./component_host.ts";
import { modulePaths } from "./component_program.ts";

export interface RouterComponentsSettings {
  readonly router: Router;
  /** Of the node's management realm. */
  readonly management: () => Promise<Router>;
  /** The node directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of a component that stopped other than by `stop`. */
  readonly onStopped: (id: string) => void;
}

/** What concerns components, of a worker's options. */
export type ModuleOptions = Pick<
  RouterConfig["options"],
  "expose_shared" | "modulepath" | "pythonpath"
>;

export class RouterComponents {
  readonly host: ComponentHost;
  readonly #settings: RouterComponentsSettings;
  readonly #shared: Record<string, unknown> | undefined;

  constructor(options: ModuleOptions, settings: RouterComponentsSettings) {
    const { clock, log, directory, onStopped } = settings;
    this.#settings = settings;
    this.#shared = options.expose_shared ? {} : undefined;
    const places = { directory, paths: modulePaths(options, directory) };
    this.host = new ComponentHost({ clock, log, places, onStopped: ({ id }) => onStopped(id) });
  }

  /** Resolves when it is ready; rejects with `ComponentError`. */
  async start(id: string, config: RouterComponentConfig): Promise<void> {
    await this.host.start(this.#componentOf(id, config));
  }

  #componentOf(id: string, config: RouterComponentConfig): ComponentConfig {
    const { router, management, log } = this.#settings;
    const gate = embedded({ authid: router.random.authid(), authrole: config.role });
    const onFault = (error: unknown) =>
      log.error("Fault in component {id}: {error}", { id, error });
    return {
      code: config,
      context: {
        id,
        realm: config.realm,
        extra: config.extra,
        ...(this.#shared && { shared: this.#shared }),
      },
      dial: async (_options, attach) => {
        const joined = config.realm === MANAGEMENT_REALM ? await management() : router;
        return attachInside(joined, gate, onFault, attach);
      },
      place: "the router beside it",
      authentication: undefined,
      // There is no connection that could be lost.
      retries: { most: 0, firstDelayMs: 0, longestDelayMs: 0 },
      shown: config,
    };
  }
}
