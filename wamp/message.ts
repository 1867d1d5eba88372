/**
 * The messages of WAMP v2 as values: type codes, one readonly interface per message, and what a router and a client may receive.
 * Owns the shape of every message; never the bytes (`codec/`) nor the grammar (`parse.ts`, `serialize.ts`).
 * A message is not changed after it was made. Fields are in the order of the wire, so that all objects of a type share one shape.
 * [WAMP messages]
 */
import type { Payload } from "./payload.ts";

/** Message type codes. [WAMP messages] EVENT_RECEIVED is provisional (acknowledged event delivery). */
export const Type = {
  HELLO: 1,
  WELCOME: 2,
  ABORT: 3,
  CHALLENGE: 4,
  AUTHENTICATE: 5,
  GOODBYE: 6,
  ERROR: 8,
  PUBLISH: 16,
  PUBLISHED: 17,
  SUBSCRIBE: 32,
  SUBSCRIBED: 33,
  UNSUBSCRIBE: 34,
  UNSUBSCRIBED: 35,
  EVENT: 36,
  CALL: 48,
  CANCEL: 49,
  RESULT: 50,
  REGISTER: 64,
  REGISTERED: 65,
  UNREGISTER: 66,
  UNREGISTERED: 67,
  INVOCATION: 68,
  INTERRUPT: 69,
  YIELD: 70,
  EVENT_RECEIVED: 337,
} as const;
export type Type = typeof Type[keyof typeof Type];

/** "PUBLISH" for 16, and so on: for logs and error texts. */
export const typeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(Type).map(([name, code]) => [code, name]),
);

/** Options, details and extra of a message. A quoted key is a wire name. */
export type Dict = Readonly<Record<string, unknown>>;

/** All empty options and details are this one object, so "nothing was asked for" is one comparison. */
export const EMPTY_DICT: Dict = Object.freeze({});

/** Types of the requests that an ERROR may answer. [WAMP error] */
export type RequestType =
  | typeof Type.PUBLISH
  | typeof Type.SUBSCRIBE
  | typeof Type.UNSUBSCRIBE
  | typeof Type.CALL
  | typeof Type.REGISTER
  | typeof Type.UNREGISTER
  | typeof Type.INVOCATION;

export interface Hello {
  readonly type: typeof Type.HELLO;
  readonly realm: string;
  readonly details: Dict;
}
export interface Welcome {
  readonly type: typeof Type.WELCOME;
  readonly session: number;
  readonly details: Dict;
}
export interface Abort {
  readonly type: typeof Type.ABORT;
  readonly details: Dict;
  readonly reason: string;
  readonly payload: Payload;
}
export interface Challenge {
  readonly type: typeof Type.CHALLENGE;
  readonly authmethod: string;
  readonly extra: Dict;
}
export interface Authenticate {
  readonly type: typeof Type.AUTHENTICATE;
  readonly signature: string;
  readonly extra: Dict;
}
export interface Goodbye {
  readonly type: typeof Type.GOODBYE;
  readonly details: Dict;
  readonly reason: string;
}
export interface ErrorMessage {
  readonly type: typeof Type.ERROR;
  readonly requestType: RequestType;
  readonly request: number;
  readonly details: Dict;
  readonly error: string;
  readonly payload: Payload;
}
export interface Publish {
  readonly type: typeof Type.PUBLISH;
  readonly request: number;
  readonly options: Dict;
  readonly topic: string;
  readonly payload: Payload;
}
export interface Published {
  readonly type: typeof Type.PUBLISHED;
  readonly request: number;
  readonly publication: number;
}
export interface Subscribe {
  readonly type: typeof Type.SUBSCRIBE;
  readonly request: number;
  readonly options: Dict;
  readonly topic: string;
}
export interface Subscribed {
  readonly type: typeof Type.SUBSCRIBED;
  readonly request: number;
  readonly subscription: number;
}
export interface Unsubscribe {
  readonly type: typeof Type.UNSUBSCRIBE;
  readonly request: number;
  readonly subscription: number;
  /** Not in the basic profile; carries `forward_for` on links. Left off the wire when empty. */
  readonly options: Dict;
}
export interface Unsubscribed {
  readonly type: typeof Type.UNSUBSCRIBED;
  /** 0 when the router revoked the subscription. [WAMP pubsub_subscription_revocation] */
  readonly request: number;
  /** `{subscription, reason}` when revoked. Left off the wire when empty. */
  readonly details: Dict;
}
export interface Event {
  readonly type: typeof Type.EVENT;
  readonly subscription: number;
  readonly publication: number;
  readonly details: Dict;
  readonly payload: Payload;
}
export interface EventReceived {
  readonly type: typeof Type.EVENT_RECEIVED;
  readonly publication: number;
}
export interface Call {
  readonly type: typeof Type.CALL;
  readonly request: number;
  readonly options: Dict;
  readonly procedure: string;
  readonly payload: Payload;
}
export interface Cancel {
  readonly type: typeof Type.CANCEL;
  readonly request: number;
  readonly options: Dict;
}
export interface Result {
  readonly type: typeof Type.RESULT;
  readonly request: number;
  readonly details: Dict;
  readonly payload: Payload;
}
export interface Register {
  readonly type: typeof Type.REGISTER;
  readonly request: number;
  readonly options: Dict;
  readonly procedure: string;
}
export interface Registered {
  readonly type: typeof Type.REGISTERED;
  readonly request: number;
  readonly registration: number;
}
export interface Unregister {
  readonly type: typeof Type.UNREGISTER;
  readonly request: number;
  readonly registration: number;
  /** Not in the basic profile; carries `forward_for` on links. Left off the wire when empty. */
  readonly options: Dict;
}
export interface Unregistered {
  readonly type: typeof Type.UNREGISTERED;
  /** 0 when the router revoked the registration. [WAMP rpc_registration_revocation] */
  readonly request: number;
  /** `{registration, reason}` when revoked. Left off the wire when empty. */
  readonly details: Dict;
}
export interface Invocation {
  readonly type: typeof Type.INVOCATION;
  readonly request: number;
  readonly registration: number;
  readonly details: Dict;
  readonly payload: Payload;
}
export interface Interrupt {
  readonly type: typeof Type.INTERRUPT;
  readonly request: number;
  readonly options: Dict;
}
export interface Yield {
  readonly type: typeof Type.YIELD;
  readonly request: number;
  readonly options: Dict;
  readonly payload: Payload;
}

/** What a joined peer may send to a router. The switch in `router/realm.ts` is over this union. */
export type RouterBound =
  | Goodbye
  | ErrorMessage
  | Publish
  | Subscribe
  | Unsubscribe
  | EventReceived
  | Call
  | Cancel
  | Register
  | Unregister
  | Yield;

/** What a router may send to a joined peer. */
export type ClientBound =
  | Goodbye
  | ErrorMessage
  | Published
  | Subscribed
  | Unsubscribed
  | Event
  | Result
  | Registered
  | Unregistered
  | Invocation
  | Interrupt;

/** What passes before the session is established, in either direction. */
export type Opening = Hello | Welcome | Abort | Challenge | Authenticate;

export type Message = RouterBound | ClientBound | Opening;
