/**
 * The callee of a session: registrations, and the calls that their handlers are answering. HOT.
 * Every INVOCATION gets exactly one final YIELD or ERROR while the session lives; a handler that answers at once does so without a
 * promise. [WAMP rpc] [WAMP rpc_call_canceling] [WAMP rpc_registration_revocation]
 */
import {
  type Dict,
  EMPTY_DICT,
  type Interrupt,
  type Invocation as InvocationMessage,
  Type,
} from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import { ProtocolError } from "../wamp/protocol_error.ts";
import { isUri } from "../wamp/uri.ts";
import { CANCELED, NO_SUCH_PROCEDURE, RUNTIME_ERROR } from "../wamp/uris.ts";
import { readValues, writeResult } from "./call_result.ts";
import { asApplicationError, type DefinedErrors } from "./defined_errors.ts";
import { numberIn, textIn } from "./details.ts";
import {
  ApplicationError,
  type CloseDetails,
  isApplicationError,
  SessionClosedError,
} from "./errors.ts";
import { Invocation } from "./invocation.ts";
import type { Link } from "./link.ts";
import { type CallHandler, type RegisterOptions, Registration } from "./registration.ts";
import type { Requests } from "./requests.ts";
import { hasNamedParts, namedProcedure } from "./uri_pattern.ts";

/** Nothing comes for them that is older. */
const MOST_CUT_SHORT = 1_024;

export class Callee {
  readonly #link: Link;
  readonly #requests: Requests;
  readonly #registrations = new Map<number, Registration>();
  /** Invocations whose handler has not answered yet, by the dealer's request ID. */
  readonly #invocations = new Map<number, Invocation>();

  /** Calls in parts that were answered before their last part, which may still come. */
  readonly #cutShort = new Set<number>();

  constructor(link: Link, requests: Requests) {
    this.#link = link;
    this.#requests = requests;
  }

  has(registration: Registration): boolean {
    return this.#registrations.get(registration.id) === registration;
  }

  register(
    procedure: string,
    handler: CallHandler,
    options: RegisterOptions | undefined,
  ): Promise<Registration> {
    return new Promise((resolve, reject) => {
      if (hasNamedParts(procedure)) {
        const named = namedProcedure(procedure, handler, options);
        return resolve(this.register(named.uri, named.handler, named.options));
      }
      const request = this.#link.nextRequest;
      const wire = registerOptions(options);
      this.#link.ask({ type: Type.REGISTER, request, options: wire, procedure });
      const answered = (id: number) => {
        const registration = new Registration(id, procedure, handler, this);
        this.#registrations.set(id, registration);
        resolve(registration);
      };
      this.#requests.add(request, Type.REGISTER, `register "${procedure}"`, answered, reject);
    });
  }

  unregister(registration: Registration): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.has(registration)) return resolve();
      const { id, procedure } = registration;
      const request = this.#link.nextRequest;
      this.#link.ask({
        type: Type.UNREGISTER,
        request,
        registration: id,
        options: EMPTY_DICT,
      });
      const answered = () => {
        if (this.has(registration)) this.#registrations.delete(id);
        resolve();
      };
      this.#requests.add(request, Type.UNREGISTER, `unregister "${procedure}"`, answered, reject);
    });
  }

  invoke(message: InvocationMessage): void {
    const { request } = message;
    if (this.#invocations.has(request) || this.#cutShort.has(request)) return this.#go(message);
    const registration = this.#registrations.get(message.registration);
    if (registration === undefined) {
      const text = `Registration ${message.registration} has ended`;
      this.#answerError(request, new ApplicationError(NO_SUCH_PROCEDURE, [text]));
      return;
    }
    const { procedure } = registration;
    const invocation = new Invocation(request, procedure, message.details, this.#link);
    let result: unknown;
    try {
      const { args, kwargs } = readValues(message.payload);
      result = registration.handler(args, kwargs, invocation);
      if (isThenable(result)) return this.#await(invocation, result);
    } catch (error) {
      return this.#fail(invocation, error);
    }
    this.#yield(invocation, result);
  }

  /** Throws what a promise of the program's own making throws. */
  #await(invocation: Invocation, result: PromiseLike<unknown>): void {
    this.#invocations.set(invocation.request, invocation);
    result.then(
      (value) => invocation.isEnded || this.#yield(invocation, value),
      (error) => invocation.isEnded || this.#fail(invocation, error),
    );
  }

  /** Another part of a call. */
  #go(message: InvocationMessage): void {
    const { request, details } = message;
    const isLast = details["progress"] !== true;
    const invocation = this.#invocations.get(request);
    if (invocation === undefined) {
      // It has crossed the answer.
      if (isLast) this.#cutShort.delete(request);
      return;
    }
    if (!invocation.isPartial) {
      throw new ProtocolError(
        `Cannot accept INVOCATION: found request ${request} in progress, expected a new one`,
      );
    }
    try {
      if (invocation.take(readValues(message.payload), isLast)) return;
    } catch (error) {
      return this.#giveUp(invocation, error);
    }
    const text = "The callee does not keep up with the parts of the call";
    this.#giveUp(invocation, new ApplicationError(CANCELED, [text]));
  }

  #giveUp(invocation: Invocation, error: unknown): void {
    this.#fail(invocation, error);
    invocation.interrupt(error instanceof Error ? error : new Error(String(error)));
  }

  /** Ignored when the invocation has ended: YIELD may cross INTERRUPT on the wire. */
  interrupt(message: Interrupt): void {
    const invocation = this.#invocations.get(message.request);
    const reason = textIn(message.options, "reason") ?? CANCELED;
    invocation?.interrupt(new ApplicationError(reason, ["The call was canceled"]));
  }

  /** The dealer took a registration away: UNREGISTERED without a request. */
  revoked(details: Dict): void {
    const id = numberIn(details, "registration");
    const registration = id === undefined ? undefined : this.#registrations.get(id);
    if (registration === undefined) return;
    this.#registrations.delete(registration.id);
    const { procedure } = registration;
    const reason = details["reason"];
    this.#link.log.warn("Dealer revoked the registration of {procedure}", { procedure, reason });
  }

  /** The session is over: nobody waits for the answers. */
  close(details: CloseDetails): void {
    this.#registrations.clear();
    for (const invocation of this.#invocations.values()) {
      invocation.interrupt(
        new SessionClosedError(`answer a call of "${invocation.procedure}"`, details),
      );
    }
    this.#invocations.clear();
  }

  #yield(invocation: Invocation, value: unknown): void {
    const { request } = invocation;
    this.#end(invocation);
    try {
      const payload = writeResult(value);
      this.#link.tell({ type: Type.YIELD, request, options: EMPTY_DICT, payload });
    } catch (error) {
      this.#fail(invocation, error);
    }
  }

  #fail(invocation: Invocation, error: unknown): void {
    const { interruption, procedure, request } = invocation;
    this.#end(invocation);
    const meant = meantBy(error, this.#link.errors);
    if (meant !== undefined && isUri(meant.uri, "loose")) return this.#answerError(request, meant);
    if (interruption !== undefined) {
      const uri = isApplicationError(interruption) ? interruption.uri : CANCELED;
      return this.#answerError(request, new ApplicationError(uri, [textOf(error)]));
    }
    this.#link.log.error("Handler of procedure {procedure} failed", { procedure, error });
    this.#answerError(request, new ApplicationError(RUNTIME_ERROR, [textOf(error)]));
  }

  #end(invocation: Invocation): void {
    this.#invocations.delete(invocation.request);
    invocation.end();
    if (!invocation.isPartial) return;
    this.#cutShort.add(invocation.request);
    if (this.#cutShort.size > MOST_CUT_SHORT) {
      for (const oldest of this.#cutShort) return void this.#cutShort.delete(oldest);
    }
  }

  #answerError(request: number, error: ApplicationError): void {
    const head = {
      type: Type.ERROR,
      requestType: Type.INVOCATION,
      request,
      details: EMPTY_DICT,
    } as const;
    try {
      const payload = Payload.of(error.args, error.kwargs);
      this.#link.tell({ ...head, error: error.uri, payload });
    } catch (cause) {
      // The error's own arguments cannot be written: its URI still says what happened.
      this.#link.log.error("Arguments of error {uri} cannot be sent", { uri: error.uri, cause });
      this.#link.tell({ ...head, error: error.uri, payload: Payload.EMPTY });
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}

/** Undefined for an error that the program did not mean for the caller, or that fails when it is asked. */
function meantBy(
  error: unknown,
  defined: DefinedErrors | undefined,
): ApplicationError | undefined {
  try {
    return isApplicationError(error) ? error : asApplicationError(error, defined);
  } catch {
    return undefined;
  }
}

/** What the caller may know of an error that the program did not mean for it: never the stack. */
function textOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    // Not all that can be thrown has a text.
    return "The handler failed";
  }
}

/** REGISTER.Options */
function registerOptions(options: RegisterOptions | undefined): Dict {
  if (options === undefined) return EMPTY_DICT;
  const wire: Record<string, unknown> = {};
  if (options.match !== undefined && options.match !== "exact") wire["match"] = options.match;
  if (options.invoke !== undefined) wire["invoke"] = options.invoke;
  if (options.concurrency !== undefined) wire["concurrency"] = options.concurrency;
  if (options.forceReregister !== undefined) wire["force_reregister"] = options.forceReregister;
  if (options.nodeKey !== undefined) wire["nkey"] = options.nodeKey;
  if (options.discloseCaller !== undefined) wire["disclose_caller"] = options.discloseCaller;
  return wire;
}
