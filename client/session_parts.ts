/** What a session has beyond calling and publishing, once it is wanted. Made by `exchange.ts`, by way of `parts.ts`. */
import { limitCall } from "./call_limits.ts";
import { continueCall } from "./call_parts.ts";
import { Callee } from "./callee.ts";
import type { CallOptions, PendingCall } from "./caller.ts";
import { DefinedErrors } from "./defined_errors.ts";
import type { CloseDetails } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import { Subscriber } from "./subscriber.ts";

/** Sees to a call's limits and its further parts. */
export function attendCall(call: PendingCall, options: CallOptions, link: Link): void {
  limitCall(call, options, link);
  if (options.more !== undefined) void continueCall(call, options.more, link);
}

export class SessionParts {
  readonly callee: Callee;
  readonly subscriber: Subscriber;
  readonly errors: DefinedErrors = new DefinedErrors();

  constructor(link: Link, requests: Requests) {
    this.callee = new Callee(link, requests);
    this.subscriber = new Subscriber(link, requests);
  }

  close(end: CloseDetails): void {
    this.callee.close(end);
    this.subscriber.close();
  }
}
