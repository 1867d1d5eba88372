/** The management API of containers for programs, as `controller.ts` is that of a router worker. What each does is in docs/management.md. */
import type { Session } from "../../client/session.ts";
import type { Dict } from "../../wamp/message.ts";
import type { ComponentInfo } from "./controller.ts";

export interface StartedComponent {
  readonly id: string;
  readonly config: Dict;
}

export interface RestartedComponent {
  readonly stopped: Omit<ComponentInfo, "config">;
  readonly started: StartedComponent;
  readonly caller: Dict;
}

/** A container of a node, managed over a session that has joined the node's management realm. */
export class ContainerController {
  readonly session: Session;
  readonly worker: string;

  /** @param worker its id. */
  constructor(session: Session, worker: string) {
    this.session = session;
    this.worker = worker;
  }

  components(): Promise<string[]> {
    return this.#call("get_components");
  }

  component(component: string): Promise<ComponentInfo> {
    return this.#call("get_component", component);
  }

  /** Resolves when it is ready. */
  startComponent(component: string, config: Dict): Promise<StartedComponent> {
    return this.#call("start_component", component, config);
  }

  /** Resolves when it is ready again. */
  restartComponent(component: string): Promise<RestartedComponent> {
    return this.#call("restart_component", component);
  }

  stopComponent(component: string): Promise<Dict> {
    return this.#call("stop_component", component);
  }

  /** Ends its process. Resolves to the ids of the components that ran. */
  shutdown(): Promise<string[]> {
    return this.#call("shutdown");
  }

  #call<T>(procedure: string, ...args: readonly unknown[]): Promise<T> {
    return this.session.call<T>(`crossbar.worker.${this.worker}.${procedure}`, args);
  }
}
