/** A component's main, running in one session. Made by `component.ts` for each session that becomes ready. */
import type { ApplicationSession } from "./application_session.ts";

export class Main {
  /** Main is through, and the session has left. Never rejects. */
  readonly over: Promise<void>;
  /** It has come to its end. */
  isDone = false;
  /** What it has failed with. */
  fault: { readonly error: unknown } | undefined = undefined;

  constructor(session: ApplicationSession, main: (session: ApplicationSession) => unknown) {
    this.over = this.#run(session, main);
  }

  async #run(
    session: ApplicationSession,
    main: (session: ApplicationSession) => unknown,
  ): Promise<void> {
    try {
      await main(session);
      this.isDone = true;
    } catch (error) {
      this.fault = { error };
      if (session.isOpen) session.onUserError(error, "The component's main failed");
    }
    await session.leave();
  }
}
