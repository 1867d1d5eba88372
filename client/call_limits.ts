/** Gives calls up when their signal is aborted or their time is up. Made part of a call by `caller.ts`. [WAMP rpc_call_canceling] */
import { TIMEOUT } from "../wamp/uris.ts";
import { Type } from "../wamp/message.ts";
import type { CallOptions, CancelMode, PendingCall } from "./caller.ts";
import { ApplicationError } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Timer } from "./transport.ts";

export function limitCall(call: PendingCall, options: CallOptions, link: Link): void {
  const { signal, timeoutMs = 0, cancelMode = "killnowait" } = options;
  if (call.isOver) return;
  let timer: Timer | undefined;
  const abort = () => cancel(call, link, cancelMode, signal?.reason);
  call.onEnd(() => {
    signal?.removeEventListener("abort", abort);
    timer?.cancel();
  });
  if (timeoutMs > 0 && !link.offers("dealer", "call_timeout")) {
    timer = link.clock.after(timeoutMs, () => {
      const text = `No result within ${timeoutMs} ms`;
      cancel(call, link, "killnowait", new ApplicationError(TIMEOUT, [text]));
    });
  }
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
}

/** Gives the call up, and tells the router if it wants to know. */
export function cancel(call: PendingCall, link: Link, mode: CancelMode, reason: unknown): void {
  const canTell = link.offers("dealer", "call_canceling");
  if (canTell) link.tell({ type: Type.CANCEL, request: call.request, options: { "mode": mode } });
  // With "kill" the callee has the last word.
  if (!canTell || mode !== "kill") call.giveUp(reason);
}
