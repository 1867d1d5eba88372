/** Sends the arguments of a call that go on. Made part of a call by `caller.ts`. [WAMP rpc_progressive_call_invocations] */
import { type Dict, EMPTY_DICT, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { cancel } from "./call_limits.ts";
import type { CallPart, PendingCall } from "./caller.ts";
import type { Link } from "./link.ts";

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
  const iterator = more[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), over]);
      // The program's generator is let go; it may be waiting for ever.
      if (next === undefined || call.isOver) return void iterator.return?.();
      const { args, kwargs } = next.value ?? {};
      link.tell({
        type: Type.CALL,
        request: call.request,
        options: next.done === true ? EMPTY_DICT : PROGRESS,
        procedure: call.procedure,
        payload: Payload.of(args, kwargs),
      });
      if (next.done === true) return;
    }
  } catch (error) {
    if (!call.isOver) cancel(call, link, "killnowait", error);
    iterator.return?.().catch(() => {});
  }
}
