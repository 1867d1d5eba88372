/** Management procedures served by a session of the management realm: a table of them below a prefix, and the events that belong to them. */
import { ApplicationError } from "../../client/errors.ts";
import type { CallDetails } from "../../client/invocation.ts";
import type { Session } from "../../client/session.ts";
import { ListenError } from "../../transports/endpoint.ts";
import { RUNTIME_ERROR } from "../../wamp/uris.ts";
import { ConfigError } from "../config/problems.ts";
import { StartError } from "../start_error.ts";
import { ComponentError } from "../worker/component_error.ts";
import {
  CANNOT_LISTEN,
  CANNOT_START,
  FEATURE_UNAVAILABLE,
  INVALID_CONFIGURATION,
} from "../worker/error_uris.ts";
import { Refusal } from "../worker/refusal.ts";
import type { Procedure } from "./procedure.ts";
import { Request } from "./request.ts";

export class Served {
  readonly #session: Session;
  readonly #prefix: string;
  readonly #answering = new Set<Promise<unknown>>();

  /** @param prefix with its dot. */
  constructor(session: Session, prefix: string) {
    this.#session = session;
    this.#prefix = prefix;
  }

  async register<Owner>(
    procedures: Readonly<Record<string, Procedure<Owner>>>,
    owner: Owner,
  ): Promise<void> {
    await Promise.all(
      Object.entries(procedures).map(([name, procedure]) =>
        this.#session.register(
          `${this.#prefix}${name}`,
          (args: readonly unknown[], kwargs: object, details: CallDetails) =>
            this.#answer(procedure, owner, requestOf(args, kwargs, details)),
          { discloseCaller: true },
        )
      ),
    );
  }

  /** Below the prefix. @param caller the session that caused it, which does not receive it. */
  publish(event: string, payload: unknown, caller?: number): void {
    if (!this.#session.isOpen) return;
    const options = caller === undefined ? {} : { exclude: [caller] };
    this.#session.publish(`${this.#prefix}${event}`, [payload], {}, options);
  }

  /** Leaves once all that was asked is answered. */
  async leave(): Promise<void> {
    await Promise.allSettled(this.#answering);
    await this.#session.leave();
  }

  async #answer<Owner>(
    procedure: Procedure<Owner>,
    owner: Owner,
    request: Request,
  ): Promise<unknown> {
    const answer = (async () => await procedure(owner, request))();
    this.#answering.add(answer);
    try {
      return await answer;
    } catch (cause) {
      throw errorOf(cause);
    } finally {
      this.#answering.delete(answer);
    }
  }
}

function requestOf(args: readonly unknown[], kwargs: object, details: CallDetails): Request {
  const { caller: session, callerAuthid: authid, callerAuthrole: authrole } = details;
  return new Request(args, { ...kwargs }, { session, authid, authrole });
}

/** What its caller is told. Faults of ours stay what they are, for the log. */
function errorOf(cause: unknown): unknown {
  if (cause instanceof Refusal || cause instanceof ComponentError) {
    return new ApplicationError(cause.uri, [cause.message]);
  }
  if (cause instanceof ListenError) return new ApplicationError(CANNOT_LISTEN, [cause.message]);
  if (cause instanceof ConfigError) {
    return new ApplicationError(INVALID_CONFIGURATION, [cause.message]);
  }
  if (cause instanceof StartError) return new ApplicationError(CANNOT_START, [cause.message]);
  return cause instanceof Error ? cause : new ApplicationError(RUNTIME_ERROR, [String(cause)]);
}

/** Procedures that answer what to do instead. @param names with that. */
export function refused(
  names: Readonly<Record<string, string>>,
): Readonly<Record<string, () => never>> {
  return Object.fromEntries(
    Object.entries(names).map(([name, remedy]) => [name, () => {
      throw new Refusal(FEATURE_UNAVAILABLE, `Cannot ${name}: ${remedy}`);
    }]),
  );
}
