/** What a session has beyond calling and publishing, once it is wanted. Made by `exchange.ts`, by way of `parts.ts`. */
import { Callee } from "./callee.ts";
import { DefinedErrors } from "./defined_errors.ts";
import type { CloseDetails } from "./errors.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import { Subscriber } from "./subscriber.ts";

export { limitCall } from "./call_limits.ts";

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
