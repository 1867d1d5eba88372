/** Sends the arguments of a call that go on. Made part of a call by `caller.ts`. [WAMP rpc_progressive_call_invocations] */
import { type Dict, EMPTY_DICT, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { cancel } from "./call_limits.ts";
import type { CallPart, PendingCall } from "./caller.ts";
import type { Link } from "./link.ts";

/** After so many parts others have their turn: a generator that never waits would let no answer in. */
const AT_ONCE = 64;

const PROGRESS: Dict = Object.freeze({ "progress": true });

/** Never rejects: what fails ends the call. */
export async function continueCall(
  call: PendingCall,
  more: AsyncIterable<CallPart, CallPart | void>,
  link: Link,
): Promise<void> {
  if (call.isOver) return;
  const { promise: over, resolve: end } = Promise.withResolvers<undefined>();
  call.onEnd(() => end(undefined));
  let iterator: AsyncIterator<CallPart, CallPart | void> | undefined;
  try {
    iterator = more[Symbol.asyncIterator]();
    for (let sent = 1;; sent++) {
      const next = await Promise.race([iterator.next(), over]);
      // The program's generator is let go; it may be waiting for ever.
      if (next === undefined || call.isOver) return void letGo(iterator);
      const { args, kwargs } = next.value ?? {};
      link.tell({
        type: Type.CALL,
        request: call.request,
        options: next.done === true ? EMPTY_DICT : PROGRESS,
        procedure: call.procedure,
        payload: Payload.of(args, kwargs),
      });
      if (next.done === true) return;
      if (sent % AT_ONCE === 0) await turn();
    }
  } catch (error) {
    if (!call.isOver) cancel(call, link, "killnowait", error);
    void letGo(iterator);
  }
}

/** What it fails with then is of no interest. */
async function letGo(iterator: AsyncIterator<unknown, unknown> | undefined): Promise<void> {
  try {
    await iterator?.return?.();
  } catch {
    // As above
  }
}

/** The event loop's next turn, which no clock of a test holds up. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
