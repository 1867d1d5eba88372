/** A change that has been made ready: all that could fail was done, and nothing is to be seen of it yet. */
export interface Prepared {
  /** Puts it into effect; what it returns is waited for before the next. */
  commit(): void | Promise<void>;
  /** Undoes what was done for it. */
  abandon(): void | Promise<void>;
}
