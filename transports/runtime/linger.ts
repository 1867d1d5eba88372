/**
 * After `close()` a stream sends its end and waits for the peer's: closing a socket with unread bytes makes the kernel send RST,
 * which destroys what the peer has not read yet. The wait is bounded, here.
 */
import { systemClock } from "../clock.ts";
import { type Deadline, DeadlineWheel } from "../deadline.ts";

const LINGER_MS = 3000;
const wheel = new DeadlineWheel(systemClock, 500);

/** Calls `run` when a peer has not ended its side in time. */
export function linger(run: () => void): Deadline {
  const deadline = wheel.deadline(run);
  deadline.set(LINGER_MS);
  return deadline;
}
