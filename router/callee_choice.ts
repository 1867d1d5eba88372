/** Which callee of a registration serves the next call. HOT. [WAMP rpc_shared_registration] */
import type { Random } from "./ports.ts";
import type { Callee, Registration } from "./registration.ts";
import type { Session } from "./session.ts";

/** Undefined when all callees have reached their concurrency limit.
 * @param except callees that declined the call, other shards, or a link that would take it back to where it came from. */
export function chooseCallee(
  registration: Registration,
  random: Random,
  except?: readonly Session[],
): Callee | undefined {
  const only = registration.onlyCallee;
  if (only !== undefined) return isFree(only, except) ? only : undefined;
  const { callees } = registration;
  switch (registration.invoke) {
    case "single":
    case "first":
      return callees[firstFree(callees, 0, 1, except)];
    case "last":
      return callees[firstFree(callees, callees.length - 1, -1, except)];
    case "random":
      return callees[firstFree(callees, random.index(callees.length), 1, except)];
    case "roundrobin": {
      const at = firstFree(callees, registration.next % callees.length, 1, except);
      if (at >= 0) registration.next = at + 1;
      return callees[at];
    }
  }
}

/** Position of the first callee from `start` on, in steps and around, that has not reached its limit; -1 for none. */
function firstFree(
  callees: readonly Callee[],
  start: number,
  step: 1 | -1,
  except: readonly Session[] | undefined,
): number {
  const count = callees.length;
  for (let i = 0, at = start; i < count; i++, at = (at + step + count) % count) {
    const callee = callees[at];
    if (callee !== undefined && isFree(callee, except)) return at;
  }
  return -1;
}

function isFree(callee: Callee, except: readonly Session[] | undefined): boolean {
  return except?.includes(callee.session) !== true &&
    (callee.concurrency === 0 || callee.inFlight < callee.concurrency);
}
