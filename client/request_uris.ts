/**
 * Under which URI what arrives was called, published or registered, as messages that answer or deliver name only IDs; and what the router
 * announced. Kept by `sealing.ts`, which sees every message of its session.
 */
import { type Dict, type Message, Type } from "../wamp/message.ts";
import { isDict, textIn } from "./details.ts";

export class RequestUris {
  /** Procedures by CALL request, and what SUBSCRIBE, REGISTER, UNSUBSCRIBE and UNREGISTER ask about. */
  readonly #calls = new Map<number, string>();
  readonly #asked = new Map<number, string>();
  readonly #ending = new Map<number, number>();
  readonly #subscriptions = new Map<number, string>();
  readonly #registrations = new Map<number, string>();
  #roles: Dict = {};

  sent(message: Message): void {
    switch (message.type) {
      case Type.CALL:
        this.#calls.set(message.request, message.procedure);
        break;
      case Type.SUBSCRIBE:
        this.#asked.set(message.request, message.topic);
        break;
      case Type.REGISTER:
        this.#asked.set(message.request, message.procedure);
        break;
      case Type.UNSUBSCRIBE:
        this.#ending.set(message.request, message.subscription);
        break;
      case Type.UNREGISTER:
        this.#ending.set(message.request, message.registration);
        break;
    }
  }

  received(message: Message): void {
    switch (message.type) {
      case Type.WELCOME:
        if (isDict(message.details["roles"])) this.#roles = message.details["roles"];
        break;
      case Type.SUBSCRIBED:
        this.#subscriptions.set(message.subscription, this.#asked.get(message.request) ?? "");
        this.#asked.delete(message.request);
        break;
      case Type.REGISTERED:
        this.#registrations.set(message.registration, this.#asked.get(message.request) ?? "");
        this.#asked.delete(message.request);
        break;
      case Type.UNSUBSCRIBED:
        this.#subscriptions.delete(this.#ending.get(message.request) ?? 0);
        this.#ending.delete(message.request);
        break;
      case Type.UNREGISTERED:
        this.#registrations.delete(this.#ending.get(message.request) ?? 0);
        this.#ending.delete(message.request);
        break;
      case Type.RESULT:
        if (message.details["progress"] !== true) this.#calls.delete(message.request);
        break;
      case Type.ERROR:
        if (message.requestType === Type.CALL) this.#calls.delete(message.request);
        this.#asked.delete(message.request);
        this.#ending.delete(message.request);
        break;
    }
  }

  /** Undefined for messages of nothing that was asked for. */
  of(message: Message): string | undefined {
    switch (message.type) {
      case Type.INVOCATION:
        return textIn(message.details, "procedure") ??
          this.#registrations.get(message.registration);
      case Type.EVENT:
        return textIn(message.details, "topic") ?? this.#subscriptions.get(message.subscription);
      case Type.RESULT:
      case Type.ERROR:
        return this.#calls.get(message.request);
      default:
        return undefined;
    }
  }

  /** True when the router announced `feature` for its role. */
  offers(role: "broker" | "dealer", feature: string): boolean {
    const announced = this.#roles[role];
    const features = isDict(announced) ? announced["features"] : undefined;
    return isDict(features) && features[feature] === true;
  }
}
