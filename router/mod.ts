/**
 * Embed the router in a program of your own: `realmway/router`. It does no I/O: you hand it clock, randomness and log, and
 * attach transports to it. To run a node with listeners and a configuration, see `realmway/node`.
 *
 * @module
 */
export { Router, type RouterPorts } from "./router.ts";
export type { Drained } from "./drain.ts";
export { Realm, type RealmOptions } from "./realm.ts";
export type { Authorize, AuthorizerOptions } from "./authorizer.ts";
export type { LimitCounts, Limited, RoleLimits } from "./limits.ts";
export type { PayloadCheck, PayloadChecks } from "./payload_check.ts";
export type { CallQueueOptions, CallQueueRule } from "./call_queue.ts";
export { RealmsOnDemand, type RealmTemplate } from "./on_demand.ts";
export type { ResumptionOptions } from "./resumption.ts";
export type { Bounds, EventHistoryOptions, HistoryFilter, Recorded } from "./history.ts";
export { Receivers } from "./receivers.ts";
export type { Retained, RetentionOptions } from "./retention.ts";
export {
  type Admission,
  anonymous,
  type Challenge,
  type Decision,
  embedded,
  type Gate,
  type Refusal,
} from "./join.ts";
export {
  type Action,
  ALLOW_ALL,
  type Permission,
  type RoleOptions,
  TRUSTED,
} from "./permission.ts";
export type {
  Clock,
  ClosedHow,
  HistoryPage,
  HistoryQuery,
  Log,
  MessageHandler,
  PeerCertificate,
  Random,
  Store,
  Timer,
  Transport,
  TransportDetails,
} from "./ports.ts";
