/** The events of a component and who listens to them. Owned by `component.ts`. */
import type { Connection } from "../auth/authmethod.ts";
import type { ApplicationSession, SessionDetails } from "./application_session.ts";
import type { Component } from "./component.ts";
import type { CloseDetails } from "./errors.ts";

/** What a listener to each event of a component is called with. */
export interface ComponentEvents {
  /** Once. */
  start: [component: Component];
  /** Connected, not joined yet. */
  connect: [session: ApplicationSession, connection: Connection];
  /** No session came of an attempt, or what was to be done as it joined failed. */
  connectfailure: [component: Component, error: unknown];
  join: [session: ApplicationSession, details: SessionDetails];
  /** All that listens to join is through, all is registered and subscribed. */
  ready: [session: ApplicationSession, details: SessionDetails];
  leave: [session: ApplicationSession, details: CloseDetails];
  disconnect: [session: ApplicationSession, wasClean: boolean];
}

/** The name of an event of a component. */
export type ComponentEvent = keyof ComponentEvents;

/** Called at an event of a component; a promise that it returns is waited for. */
export type Listener<E extends ComponentEvent> = (...args: ComponentEvents[E]) => unknown;

export class Listeners {
  readonly #lists: { readonly [E in ComponentEvent]: Listener<E>[] } = {
    start: [],
    connect: [],
    connectfailure: [],
    join: [],
    ready: [],
    leave: [],
    disconnect: [],
  };

  /** Throws a TypeError for an event that there is not. */
  add<E extends ComponentEvent>(event: E, listener: Listener<E>): Listener<E> {
    if (!Object.hasOwn(this.#lists, event)) {
      const known = Object.keys(this.#lists).join(", ");
      throw new TypeError(`Cannot listen: found event "${event}", expected one of ${known}`);
    }
    const list: Listener<E>[] = this.#lists[event];
    list.push(listener);
    return listener;
  }

  /** Resolves when all are through; rejects with what one of them throws. */
  async tell<E extends ComponentEvent>(event: E, ...args: ComponentEvents[E]): Promise<void> {
    const list: readonly Listener<E>[] = this.#lists[event];
    await Promise.all(list.map(async (listener) => await listener(...args)));
  }
}
