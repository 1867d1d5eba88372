/**
 * WAMP v2 for programs on Deno, Bun, Node.js and in browsers: connect to a router, call and register procedures, publish and
 * subscribe to events.
 *
 * @module
 */
export { CallResult } from "./client/call_result.ts";
export type { CallOptions, CancelMode } from "./client/caller.ts";
export { connect, type ConnectOptions } from "./client/connect.ts";
export {
  ApplicationError,
  type CloseDetails,
  ConnectError,
  JoinError,
  SessionClosedError,
} from "./client/errors.ts";
export type { CallDetails } from "./client/invocation.ts";
export type { PublishOptions } from "./client/publisher.ts";
export type { CallHandler, RegisterOptions, Registration } from "./client/registration.ts";
export type { Session } from "./client/session.ts";
export type {
  EventDetails,
  EventHandler,
  SubscribeOptions,
  Subscription,
} from "./client/subscription.ts";
export type {
  Clock,
  Dial,
  DialOptions,
  Log,
  MessageHandler,
  SerializerName,
  Timer,
  Transport,
} from "./client/transport.ts";
