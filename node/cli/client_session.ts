/**
 * The session of a client command: joined, used and left, with an exit code for every way in which that can end. SIGINT, SIGTERM and SIGHUP
 * abort the signal that the command's work is given; a second one ends the process at once.
 */
import { connect } from "../../client/connect.ts";
import {
  ConnectError,
  isApplicationError,
  JoinError,
  SessionClosedError,
} from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import type { ClientOptions } from "./client_options.ts";
import { connectOptionsOf } from "./credentials.ts";
import { EXIT_CONNECT, EXIT_FAILURE, EXIT_JOIN, EXIT_LOST, EXIT_OK } from "./exit_codes.ts";
import { complain, print, styled } from "./output.ts";
import { exitCodeOf, type StopSignal, StopSignals } from "./process_events.ts";
import { valuesText, valueText } from "./value_text.ts";

/** Why work was given up. */
class Interrupted extends Error {
  readonly code: number;

  constructor(signal: StopSignal) {
    super(`Interrupted by ${signal}`);
    this.code = exitCodeOf(signal);
  }
}

export type SessionWork = (session: Session, stop: AbortSignal) => Promise<number>;

/** Joins, works, leaves. Resolves to the exit code. */
export async function withSession(options: ClientOptions, work: SessionWork): Promise<number> {
  const signals = new StopSignals();
  const stop = new AbortController();
  signals.first.then((signal) => stop.abort(new Interrupted(signal)));
  const connecting = await connectOptionsOf(options);
  let session: Session | undefined;
  try {
    session = await connect({ ...connecting, signal: stop.signal });
    return await work(session, stop.signal);
  } catch (error) {
    return failed(error, options);
  } finally {
    await session?.leave();
  }
}

/** Waits until the user or the router ends the session. For commands that end so in the ordinary way. */
export async function untilEnded(session: Session, stop: AbortSignal): Promise<number> {
  const stopped = new Promise<undefined>((resolve) => {
    if (stop.aborted) resolve(undefined);
    stop.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const details = await Promise.race([session.closed, stopped]);
  if (details === undefined || details.by === "client") return EXIT_OK;
  const { reason, message } = details;
  complain(`The session has ended: ${reason}${message === undefined ? "" : ` (${message})`}`);
  return EXIT_LOST;
}

/** Says what went wrong; rethrows what is a bug. */
export function failed(error: unknown, { json }: Pick<ClientOptions, "json">): number {
  if (error instanceof Interrupted) return error.code;
  if (isApplicationError(error)) {
    const { uri, args, kwargs } = error;
    if (json) print(valueText({ "error": uri, "args": args, "kwargs": kwargs }));
    const text = valuesText(args, kwargs);
    if (!json) complain(`${styled("red", uri, "stderr")}${text && ": "}${text}`);
    return EXIT_FAILURE;
  }
  if (error instanceof ConnectError) return told(error, EXIT_CONNECT);
  if (error instanceof JoinError) return told(error, EXIT_JOIN);
  if (error instanceof SessionClosedError) return told(error, EXIT_LOST);
  throw error;
}

function told(error: Error, code: number): number {
  complain(error.message);
  return code;
}
