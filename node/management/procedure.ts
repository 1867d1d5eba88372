/** What a management procedure is, and what its handler may use. The tables beside this file are made of them. */
import type { Dict } from "../../wamp/message.ts";
import type { ChildFacts } from "../worker/children.ts";
import type { RouterWorker } from "../worker/router_worker.ts";
import type { Request } from "./request.ts";

/** Answers with its one result; rejects with a `Refusal`, or with what `answer.ts` knows. */
export type Procedure<Owner> = (owner: Owner, request: Request) => unknown;

export interface WorkerContext {
  readonly worker: RouterWorker;
  readonly nodeId: string;
  /** Below the worker's prefix; the session that caused it does not receive it. */
  publish(event: string, payload: unknown, caller?: number): void;
}

export interface NodeContext {
  readonly nodeId: string;
  readonly worker: RouterWorker;
  readonly startedAt: number;
  /** Its workers that are processes of their own. */
  children(): readonly ChildFacts[];
  /** Asks whoever runs the node to stop it. */
  shutdown(reason: string): void;
  publish(event: string, payload: unknown, caller?: number): void;
}

export type WorkerProcedures = Readonly<Record<string, Procedure<WorkerContext>>>;
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
