/**
 * After `close()` a stream sends what is left, then its end, and waits for the peer's: closing a socket with unread bytes makes the
 * kernel send RST, which destroys what the peer has not read yet. Both waits are bounded, here.
 */
import { systemClock } from "../clock.ts";
import { type Deadline, DeadlineWheel } from "../deadline.ts";

/** For the peer to take what was written before `close()`. */
export const FLUSH_MS = 30_000;
/** For the peer to end its side. */
export const LINGER_MS = 3000;

const wheel = new DeadlineWheel(systemClock, 500);

/** Calls `run` when the peer has not done its part within `ms`. */
export function linger(ms: number, run: () => void): Deadline {
  const deadline = wheel.deadline(run);
  deadline.set(ms);
  return deadline;
}
