/**
 * WAMP v2 for programs on Deno, Bun, Node.js and in browsers: connect to a router, call and register procedures, publish and
 * subscribe to events.
 *
 * @example Two sessions, a procedure and a topic, with a router in the same program
 * ```ts
 * import { connect } from "realmway";
 * import { parseConfig, startNode } from "realmway/node";
 *
 * const realms = [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }];
 * const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
 * const transports = [{ type: "websocket", endpoint }];
 * const config = parseConfig({ version: 2, workers: [{ type: "router", realms, transports }] });
 * const node = await startNode(config, { directory: "." });
 * const url = node.listeners[0]?.urls[0] ?? "";
 *
 * const alice = await connect({ url, realm: "realm1" });
 * await alice.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
 * await alice.subscribe("com.example.greeting", ([text]) => console.log(text));
 *
 * const bob = await connect({ url, realm: "realm1" });
 * console.assert(await bob.call<number>("com.example.add2", [2, 3]) === 5);
 * await bob.publish("com.example.greeting", ["Hello"], {}, { acknowledge: true });
 *
 * await bob.leave();
 * await alice.leave();
 * await node.stop();
 * ```
 *
 * @module
 */
export {
  ApplicationSession,
  type ChallengeAnswer,
  type ChallengeDetails,
  type ComponentConfig,
  type JoinOptions,
  type SessionDetails,
} from "./client/application_session.ts";
export { checked, type Schemas, type StandardSchema } from "./client/checked.ts";
export { CallResult } from "./client/call_result.ts";
export type { CallOptions, CallPart, CancelMode } from "./client/caller.ts";
export { Component, type ComponentOptions, type SessionFactory } from "./client/component.ts";
export type {
  AnyHandler,
  ComponentRegister,
  ComponentSubscribe,
  HandlerDecorator,
} from "./client/component_handlers.ts";
export type { ComponentEvent, ComponentEvents, Listener } from "./client/component_listeners.ts";
export type {
  ComponentEndpoint,
  ComponentTransport,
  ComponentTransports,
} from "./client/component_transports.ts";
export type { ComponentQueueOptions } from "./client/component_queue.ts";
export {
  type Answer,
  type Authentication,
  type ChannelBinding,
  type ClientHandshake,
  type ClientMethod,
  type ClientMethodOptions,
  connect,
  type Connection,
  type ConnectOptions,
  type CraClientOptions,
  type CryptosignClientOptions,
  type JwtClientOptions,
  type ResumableOptions,
  type ScramClientOptions,
  type SigningKey,
  type TicketClientOptions,
} from "./client/connect.ts";
export { error, type ErrorClass } from "./client/defined_errors.ts";
export { type MethodDecorator, register, subscribe } from "./client/decorators.ts";
export {
  ApplicationError,
  type CloseDetails,
  ConnectError,
  JoinError,
  SessionClosedError,
} from "./client/errors.ts";
export {
  events,
  type EventsOptions,
  type PartialResult,
  type Progress,
  progress,
  type ProgressOptions,
  type ReceivedEvent,
} from "./client/iteration.ts";
export { logger, type LogLevel, startLogging } from "./client/logging.ts";
export type { CallDetails } from "./client/invocation.ts";
export {
  type BoxKey,
  KeyRing,
  type Passthru,
  type PassthruSerializer,
  type SecretCipher,
  type SecretKey,
} from "./client/keyring.ts";
export type { PublishOptions } from "./client/publisher.ts";
export type { CallHandler, RegisterOptions, Registration } from "./client/registration.ts";
export type { RetryOptions } from "./client/retry.ts";
export { run, type RunOptions } from "./client/run.ts";
export { ApplicationRunner, type RunnerOptions, type RunnerRunOptions } from "./client/runner.ts";
export type { Session } from "./client/session.ts";
export type {
  EventDetails,
  EventHandler,
  SubscribeOptions,
  Subscription,
} from "./client/subscription.ts";
export type {
  ClientEndpoint,
  ClientTlsOptions,
  Clock,
  Dial,
  DialOptions,
  Log,
  MessageHandler,
  NativeOptions,
  ProxyOptions,
  RawSocketOptions,
  SerializerName,
  Timer,
  Transport,
  WebSocketOptions,
} from "./client/transport.ts";
export { type Api, typed, type TypedSession } from "./client/typed.ts";
export type {
  AnySession,
  ApiSchemas,
  CheckedSession,
  ProcedureSchemas,
  TopicSchemas,
} from "./client/typed_schemas.ts";
