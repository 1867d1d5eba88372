/** The publisher of a session. [WAMP pubsub] [WAMP pubsub_publisher_exclusion] [WAMP pubsub_subscriber_blackwhite_listing] */
import { type Dict, EMPTY_DICT, Type } from "../wamp/message.ts";
import { Payload } from "../wamp/payload.ts";
import type { Passthru } from "./keyring.ts";
import type { Link } from "./link.ts";
import type { Requests } from "./requests.ts";
import { orEmpty, type WireNames, wireOptions } from "./wire_options.ts";

/** How an event is published. All are optional. */
export interface PublishOptions {
  /** Asks the broker to confirm: `publish` then returns a promise of the publication's ID. That subscribers got the event is not meant. */
  readonly acknowledge?: boolean;
  /** False: this session receives the event too, if it subscribes. Default true. */
  readonly excludeMe?: boolean;
  /** Sessions, authids and authroles that do not receive the event. */
  readonly exclude?: readonly number[];
  readonly excludeAuthid?: readonly string[];
  readonly excludeAuthrole?: readonly string[];
  /** Only these sessions, authids and authroles receive the event. */
  readonly eligible?: readonly number[];
  readonly eligibleAuthid?: readonly string[];
  readonly eligibleAuthrole?: readonly string[];
  /** Asks the router to tell the subscribers who publishes; it may refuse. */
  readonly discloseMe?: boolean;
  /** Keeps the event for later subscribers, at a broker that offers `event_retention`. */
  readonly retain?: boolean;
  /** Beside `acknowledge`: asks Realmway's broker to confirm once the subscribers that can have handled the event; the promise rejects
   * with `wamp.error.timeout` if some have not. See docs/extensions.md, "Acknowledged delivery". */
  readonly acknowledgeDelivery?: boolean;
  /** Milliseconds that they may take. Default 10,000. */
  readonly deliveryTimeoutMs?: number;
  /** What the event is about: of subscribers that share their work by `nodeKey`, those of one node receive it. */
  readonly resourceKey?: string;
  /** Passes the payload through the router as it says, whatever the key ring has for the topic. Needs `keyring` of `connect`. */
  readonly passthru?: Passthru;
}

/** PUBLISH.Options */
const WIRE_NAMES: WireNames<PublishOptions> = {
  acknowledge: "acknowledge",
  excludeMe: "exclude_me",
  exclude: "exclude",
  excludeAuthid: "exclude_authid",
  excludeAuthrole: "exclude_authrole",
  eligible: "eligible",
  eligibleAuthid: "eligible_authid",
  eligibleAuthrole: "eligible_authrole",
  discloseMe: "disclose_me",
  retain: "retain",
  acknowledgeDelivery: "x_acknowledged_delivery",
  deliveryTimeoutMs: "x_delivery_timeout_ms",
  resourceKey: "rkey",
};

export class Publisher {
  readonly #link: Link;
  readonly #requests: Requests;

  constructor(link: Link, requests: Requests) {
    this.#link = link;
    this.#requests = requests;
  }

  publish(
    topic: string,
    args: readonly unknown[],
    kwargs: Dict,
    options: PublishOptions | undefined,
  ): void {
    const request = this.#link.nextRequest;
    const payload = Payload.of(args, kwargs);
    const wire = options === undefined
      ? EMPTY_DICT
      : orEmpty(wireOptions(options, WIRE_NAMES, this.#link));
    this.#link.ask({ type: Type.PUBLISH, request, options: wire, topic, payload });
  }

  publishAcknowledged(
    topic: string,
    args: readonly unknown[],
    kwargs: Dict,
    options: PublishOptions,
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = this.#link.nextRequest;
      this.publish(topic, args, kwargs, options);
      this.#requests.add(request, Type.PUBLISH, `publish to "${topic}"`, resolve, reject);
    });
  }
}
