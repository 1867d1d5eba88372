/** What a management procedure is, and what its handler may use. The tables beside this file are made of them. */
import type { Dict } from "../../wamp/message.ts";
import type { Capacity } from "../capacity.ts";
import type { Container } from "../worker/container.ts";
import type { RouterWorker } from "../worker/router_worker.ts";
import type { NodeWorkers } from "./node_workers.ts";
import type { Request } from "./request.ts";

/** Answers with its one result; rejects with a `Refusal`, or with what `served.ts` knows. */
export type Procedure<Owner> = (owner: Owner, request: Request) => unknown;

/** Of a worker, whichever type it has. */
export interface ProcessContext {
  readonly nodeId: string;
  /** When it was made: milliseconds since 1970. */
  readonly created: number;
  /** Milliseconds since 1970. */
  now(): number;
  /** Of a router: what it has room for. */
  readonly capacity: Capacity | undefined;
  /** Ends it; undefined where that would end the node. Resolves to what was stopped. */
  readonly shutdown: (() => Promise<unknown>) | undefined;
  /** Below the worker's prefix; the session that caused it does not receive it. */
  publish(event: string, payload: unknown, caller?: number): void;
}

export interface WorkerContext extends ProcessContext {
  readonly worker: RouterWorker;
  /** Another router of the node that has a realm of this name: its id. */
  rivalOf(realm: string): Promise<string | undefined>;
}

export interface ContainerContext extends ProcessContext {
  readonly container: Container;
}

export interface NodeContext {
  readonly nodeId: string;
  readonly startedAt: number;
  now(): number;
  readonly workers: NodeWorkers;
  /** Whoever runs the node reads its configuration anew; undefined: nobody can. Resolves to what has changed, in words. */
  readonly reload: (() => Promise<readonly string[]>) | undefined;
  /** Asks whoever runs the node to stop it. */
  shutdown(reason: string, drains: boolean): void;
  publish(event: string, payload: unknown, caller?: number): void;
}

export type ProcessProcedures = Readonly<Record<string, Procedure<ProcessContext>>>;
export type WorkerProcedures = Readonly<Record<string, Procedure<WorkerContext>>>;
export type ContainerProcedures = Readonly<Record<string, Procedure<ContainerContext>>>;
export type NodeProcedures = Readonly<Record<string, Procedure<NodeContext>>>;

export function time(ms: number): string {
  return new Date(ms).toISOString();
}

/** Seconds since. */
export function since(ms: number, now: number): number {
  return Math.max(0, now - ms) / 1000;
}

/** Who caused something, as answers tell it. */
export function callerDict({ caller }: Request): Dict {
  const { session = null, authid = null, authrole = null } = caller;
  return { "session": session, "authid": authid, "authrole": authrole };
}
