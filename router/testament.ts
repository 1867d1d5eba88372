/**
 * What a session asked to be published once it is gone, in the two scopes of the specification: "detached" when it loses its connection,
 * "destroyed" when it ends. One that cannot be resumed does both at once: the first scope is published, then the second. Filled by
 * `meta/testament.ts`, published by `realm.ts`. [WAMP pubsub_testament]
 */
import type { Publish } from "../wamp/message.ts";
import type { Permission } from "./permission.ts";

export const SCOPES = ["detached", "destroyed"] as const;
export type Scope = typeof SCOPES[number];

/** Testaments that one session may have, and bytes of all of them. */
export const MOST_TESTAMENTS = 256;
export const MOST_TESTAMENT_BYTES = 1_048_576;

/** A publication, and the rule that allowed it when it was asked for. */
export interface Testament {
  readonly publication: Publish;
  readonly rule: Permission;
  readonly weight: number;
}

export class Testaments {
  readonly #scopes: Record<Scope, Testament[]> = { detached: [], destroyed: [] };

  /** False when the session has too many. */
  add(scope: Scope, testament: Testament): boolean {
    const all = [...this.all, testament];
    const bytes = all.reduce((sum, { weight }) => sum + weight, 0);
    if (all.length > MOST_TESTAMENTS || bytes > MOST_TESTAMENT_BYTES) return false;
    this.#scopes[scope].push(testament);
    return true;
  }

  flush(scope: Scope): void {
    this.#scopes[scope].length = 0;
  }

  /** Those of a scope, which are then gone. */
  take(scope: Scope): readonly Testament[] {
    return this.#scopes[scope].splice(0);
  }

  /** In the order of their publication. */
  get all(): readonly Testament[] {
    return [...this.#scopes.detached, ...this.#scopes.destroyed];
  }
}
