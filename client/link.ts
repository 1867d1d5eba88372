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
import type { Passthru } from "./keyring.ts";
import type { Clock, Log } from "./transport.ts";

/** Messages that open a request of this session. */
export type Request = Call | Publish | Register | Subscribe | Unregister | Unsubscribe;

export interface Link {
  readonly log: Log;
  readonly clock: Clock;
  /** The ID that the next request must have: they count up without gaps. [WAMP ids] */
  readonly nextRequest: number;
  /** Sends a request and counts it. Throws SessionClosedError, or the codec's error for values that it cannot express: then nothing
   * was sent and nothing counted. The answer never comes before this returns. */
  ask(message: Request): void;
  /** As `ask`, for what is no request; ignored when the session has ended. */
  tell(message: Cancel | ErrorMessage | EventReceived | Yield): void;
  /** True when the router announced `feature` for its role. */
  offers(role: "broker" | "dealer", feature: string): boolean;
  /** True when payloads can be passed through: there is a key ring. */
  readonly canPassThrough: boolean;
  /** True when a request of this session had the ID. */
  wasRequested(request: number): boolean;
}

/** `ppt_*` in the options of a request. What cannot be is found out by `envelope.ts`. */
export function addPassthru(wire: Record<string, unknown>, passthru: Passthru, link: Link): void {
  if (!link.canPassThrough) {
    throw new Error("Cannot pass a payload through: found no keyring in the options of connect");
  }
  wire["ppt_scheme"] = passthru.scheme;
  if (passthru.serializer !== undefined) wire["ppt_serializer"] = passthru.serializer;
  if (passthru.cipher !== undefined) wire["ppt_cipher"] = passthru.cipher;
  if (passthru.keyId !== undefined) wire["ppt_keyid"] = passthru.keyId;
}
