/** The types that schemas of procedures and topics give to a session: see `typed`. What is sent has a schema's input type, what is received its
 * output type, as both sides may hold the same schemas. */
import type { Dict } from "../wamp/message.ts";
import type { ApplicationSession } from "./application_session.ts";
import type { CallOptions } from "./caller.ts";
import type { StandardSchema } from "./checked.ts";
import type { CallDetails } from "./invocation.ts";
import type { PublishOptions } from "./publisher.ts";
import type { RegisterOptions, Registration } from "./registration.ts";
import type { Session } from "./session.ts";
import type { EventDetails, SubscribeOptions, Subscription } from "./subscription.ts";

/** What types can be given to: a `Session` or an `ApplicationSession`. */
export interface AnySession
  extends
    Pick<Session, "call" | "register" | "subscribe" | "isOpen" | "closed">,
    Pick<ApplicationSession, "publish"> {
  leave(reason?: string, message?: string): Promise<unknown>;
}

/** Schemas of a topic's events; what has none is not checked. */
export interface TopicSchemas {
  /** Of the list of positional arguments. */
  readonly args?: StandardSchema<readonly unknown[]>;
  readonly kwargs?: StandardSchema<object>;
}

/** Schemas of a procedure; what has none is not checked. */
export interface ProcedureSchemas extends TopicSchemas {
  /** Of what the procedure returns. */
  readonly result?: StandardSchema<unknown>;
}

/** Schemas of what a realm offers, by URI. */
export interface ApiSchemas {
  readonly procedures?: Readonly<Record<string, ProcedureSchemas>>;
  readonly topics?: Readonly<Record<string, TopicSchemas>>;
}

type ProceduresOf<S extends ApiSchemas> = NonNullable<S["procedures"]>;
type TopicsOf<S extends ApiSchemas> = NonNullable<S["topics"]>;
type UriOf<Offered> = keyof Offered & string;

type TypesOf<Schema> = Schema extends StandardSchema<unknown>
  ? NonNullable<Schema["~standard"]["types"]>
  : never;
type Sent<Entry, Key extends string, Otherwise> = Entry extends
  { readonly [K in Key]: infer Schema } ? TypesOf<Schema>["input"] : Otherwise;
type Received<Entry, Key extends string, Otherwise> = Entry extends
  { readonly [K in Key]: infer Schema } ? TypesOf<Schema>["output"] : Otherwise;

type Nothing = Record<never, never>;

/** Arguments to be sent: those may be left out that may be empty. */
type Sending<Entry, Options> = Nothing extends Sent<Entry, "kwargs", Dict>
  ? [] extends Sent<Entry, "args", readonly unknown[]> ? [
      args?: Sent<Entry, "args", readonly unknown[]>,
      kwargs?: Sent<Entry, "kwargs", Dict>,
      options?: Options,
    ]
  : [
    args: Sent<Entry, "args", readonly unknown[]>,
    kwargs?: Sent<Entry, "kwargs", Dict>,
    options?: Options,
  ]
  : [
    args: Sent<Entry, "args", readonly unknown[]>,
    kwargs: Sent<Entry, "kwargs", Dict>,
    options?: Options,
  ];

type Handler<Entry, Details, Result> = (
  args: Received<Entry, "args", readonly unknown[]>,
  kwargs: Received<Entry, "kwargs", Dict>,
  details: Details,
) => Result;

/** A session with the types of schemas, which checks by them what it sends and what it receives. The methods are those of `Session`.
 *
 * What is sent must fit, and is sent as it was given; otherwise the promise rejects with a TypeError that names the place, and nothing is
 * sent. A receiver gets what its schema makes of it: a call with wrong arguments is answered with `wamp.error.invalid_argument`, an
 * event with wrong ones is logged, and a call with a wrong result rejects with a TypeError. */
export interface CheckedSession<S extends ApiSchemas> {
  readonly session: AnySession;
  call<P extends UriOf<ProceduresOf<S>>>(
    procedure: P,
    ...given: Sending<ProceduresOf<S>[P], CallOptions>
  ): Promise<Received<ProceduresOf<S>[P], "result", unknown>>;
  register<P extends UriOf<ProceduresOf<S>>>(
    procedure: P,
    handler: Handler<
      ProceduresOf<S>[P],
      CallDetails,
      | Sent<ProceduresOf<S>[P], "result", unknown>
      | Promise<Sent<ProceduresOf<S>[P], "result", unknown>>
    >,
    options?: RegisterOptions,
  ): Promise<Registration>;
  subscribe<T extends UriOf<TopicsOf<S>>>(
    topic: T,
    handler: Handler<TopicsOf<S>[T], EventDetails, unknown>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /** Resolves when the event is sent or, with `acknowledge`, to the publication's ID. */
  publish<T extends UriOf<TopicsOf<S>>>(
    topic: T,
    ...given: Sending<TopicsOf<S>[T], PublishOptions>
  ): Promise<number | void>;
}
