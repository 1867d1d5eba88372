/**
 * The meta API of a realm: procedures that ask about it, and events that tell of changes. Owned by `realm.ts`.
 * One table of procedures; events cost nothing when nobody listens. [WAMP session-metapi]
 */
import { type Call, EMPTY_DICT, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import * as uris from "../../wamp/uris.ts";
import type { RegistrationObserver } from "../dealer.ts";
import type { SubscriptionObserver } from "../broker.ts";
import type { Realm } from "../realm.ts";
import type { Registration } from "../registration.ts";
import type { Session } from "../session.ts";
import type { Subscription } from "../subscription.ts";
import { authorizationProcedures } from "./authorization.ts";
import { eventHistoryProcedures } from "./event_history.ts";
import type { Definition, ReflectionObserver } from "../reflection.ts";
import { reflectionProcedures } from "./reflection.ts";
import { registrationDetails, registrationProcedures } from "./registration.ts";
import { sessionDetails, sessionProcedures } from "./session.ts";
import { subscriptionDetails, subscriptionProcedures } from "./subscription.ts";
import { Later, MetaError, type MetaProcedure } from "./procedure.ts";
import { testamentProcedures } from "./testament.ts";

const PROCEDURES: ReadonlyMap<string, MetaProcedure> = new Map([
  ...Object.entries(sessionProcedures),
  ...Object.entries(subscriptionProcedures),
  ...Object.entries(eventHistoryProcedures),
  ...Object.entries(registrationProcedures),
  ...Object.entries(testamentProcedures),
  ...Object.entries(reflectionProcedures),
  ...Object.entries(authorizationProcedures),
]);

export class MetaApi implements SubscriptionObserver, RegistrationObserver, ReflectionObserver {
  readonly #realm: Realm;

  constructor(realm: Realm) {
    this.#realm = realm;
  }

  /** Serves `call` if it names a meta procedure. */
  call(caller: Session, call: Call): boolean {
    const procedure = PROCEDURES.get(call.procedure);
    if (procedure === undefined) return false;
    const { request } = call;
    if (call.options["progress"] === true) {
      const text = `Cannot call "${call.procedure}" with progress: it takes its arguments at once`;
      caller.sendError(Type.CALL, request, uris.FEATURE_NOT_SUPPORTED, text);
      return true;
    }
    try {
      const values = call.payload.decode();
      const result = procedure(this.#realm, values.args, values.kwargs, caller);
      if (result instanceof Later) this.#answerLater(caller, request, result);
      else answer(caller, request, result);
    } catch (cause) {
      if (!(cause instanceof MetaError)) throw cause;
      caller.sendError(Type.CALL, request, cause.uri, cause.message);
    }
    return true;
  }

  /** Unless the caller has left by then. */
  #answerLater(caller: Session, request: number, later: Later): void {
    const { id } = caller;
    later.run((result) => {
      if (caller.id !== id) return;
      if (result instanceof MetaError) {
        caller.sendError(Type.CALL, request, result.uri, result.message);
      } else answer(caller, request, result);
    });
  }

  joined(session: Session): void {
    this.#announce(uris.SESSION_ON_JOIN, () => [sessionDetails(session)]);
  }

  left(session: Session): void {
    const { id, authid } = session;
    this.#announce(uris.SESSION_ON_LEAVE, () => [id, authid, session.role.name]);
  }

  defined({ uri, kind, description }: Definition): void {
    this.#announce(uris.REFLECT_ON_DEFINE, () => [uri, kind, description]);
  }

  undefined({ uri, kind }: Definition): void {
    this.#announce(uris.REFLECT_ON_UNDEFINE, () => [uri, kind]);
  }

  subscribed(session: Session, subscription: Subscription, isNew: boolean): void {
    if (isNew) {
      this.#announce(
        uris.SUBSCRIPTION_ON_CREATE,
        () => [session.id, subscriptionDetails(subscription)],
      );
    }
    this.#announce(uris.SUBSCRIPTION_ON_SUBSCRIBE, () => [session.id, subscription.id]);
  }

  unsubscribed(session: Session, subscription: Subscription, wasLast: boolean): void {
    this.#announce(uris.SUBSCRIPTION_ON_UNSUBSCRIBE, () => [session.id, subscription.id]);
    if (wasLast) {
      this.#announce(uris.SUBSCRIPTION_ON_DELETE, () => [session.id, subscription.id]);
    }
  }

  registered(session: Session, registration: Registration, isNew: boolean): void {
    if (isNew) {
      this.#announce(
        uris.REGISTRATION_ON_CREATE,
        () => [session.id, registrationDetails(registration)],
      );
    }
    this.#announce(uris.REGISTRATION_ON_REGISTER, () => [session.id, registration.id]);
  }

  unregistered(session: Session, registration: Registration, wasLast: boolean): void {
    this.#announce(uris.REGISTRATION_ON_UNREGISTER, () => [session.id, registration.id]);
    if (wasLast) {
      this.#announce(uris.REGISTRATION_ON_DELETE, () => [session.id, registration.id]);
    }
  }

  #announce(topic: string, args: () => readonly unknown[]): void {
    if (!this.#realm.hasMetaApi) return;
    this.#realm.broker.announce(topic, () => Payload.of(args()));
  }
}

function answer(caller: Session, request: number, result: unknown): void {
  const payload = result === undefined ? Payload.EMPTY : Payload.of([result]);
  caller.send({ type: Type.RESULT, request, details: EMPTY_DICT, payload });
}
