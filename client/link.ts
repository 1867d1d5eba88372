/** What the roles of a session (caller, callee, publisher, subscriber) need of it. `exchange.ts` implements it. */
import type {
  Call,
  Cancel,
  ErrorMessage,
  EventReceived,
  Publish,
  Register,
  Subscribe,
  Unregister,
  Unsubscribe,
  Yield,
} from "../wamp/message.ts";
import type { DefinedErrors } from "./defined_errors.ts";
import type { Passthru } from "./keyring.ts";
import type { Clock, Log } from "./transport.ts";

/** Messages that open a request of this session. */
export type Request = Call | Publish | Register | Subscribe | Unregister | Unsubscribe;

/** See `passthru_options.ts`. */
export type AddPassthru = (wire: Record<string, unknown>, passthru: Passthru) => void;

export interface Link {
  readonly log: Log;
  readonly clock: Clock;
  /** The ID that the next request must have: they count up without gaps. [WAMP ids] */
  readonly nextRequest: number;
  /** Sends a request and counts it. Throws SessionClosedError, or the codec's error for values that it cannot express: then nothing
   * was sent and nothing counted. The answer never comes before this returns. */
  ask(message: Request): void;
  /** As `ask`, for what is no request of its own, such as another part of a call; ignored when the session has ended. */
  tell(message: Call | Cancel | ErrorMessage | EventReceived | Yield): void;
  /** True when the router announced `feature` for its role. */
  offers(role: "broker" | "dealer", feature: string): boolean;
  /** Says in the options of a request how its payload is passed through. Undefined without a key ring. */
  readonly addPassthru: AddPassthru | undefined;
  /** Classes of errors, once something is defined. */
  readonly errors: DefinedErrors | undefined;
  /** True when a request of this session had the ID. */
  wasRequested(request: number): boolean;
}
