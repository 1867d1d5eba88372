/** Events of the near realm for subscribers of the far one: subscribes at the near, publishes at the far. Used by `link.ts`. */
import { type Event, Type } from "../../wamp/message.ts";
import * as uris from "../../wamp/uris.ts";
import { crossing, onward, originOf, staysAtHome, wayOf } from "./forwarding.ts";
import { Mirror, type MirrorOptions, type Wanted } from "./mirror.ts";

/** Publications remembered: one that matches several subscriptions arrives several times, and crosses once. */
const REMEMBERED = 4096;

const URIS = {
  list: uris.SUBSCRIPTION_LIST,
  get: uris.SUBSCRIPTION_GET,
  members: uris.SUBSCRIPTION_LIST_SUBSCRIBERS,
  sessionGet: uris.SESSION_GET,
  changes: [
    uris.SUBSCRIPTION_ON_CREATE,
    uris.SUBSCRIPTION_ON_SUBSCRIBE,
    uris.SUBSCRIPTION_ON_UNSUBSCRIBE,
    uris.SUBSCRIPTION_ON_DELETE,
  ],
};

export function eventMirror(options: MirrorOptions): Mirror {
  const { near, far } = options;
  const crossed = new Set<number>();

  const forward = (topic: string, event: Event) => {
    const { details, publication } = event;
    if (staysAtHome(topic) || crossed.has(publication)) return;
    crossed.add(publication);
    if (crossed.size > REMEMBERED) { for (const oldest of crossed) return forget(oldest); }
    const way = wayOf(details);
    if (way.some(({ session }) => session === far.id)) return;
    far.publish((request) => ({
      type: Type.PUBLISH,
      request,
      options: {
        ...crossing(details),
        "forward_for": onward(way, near, originOf(details, "publisher")),
      },
      topic,
      payload: event.payload,
    }));
  };
  const forget = (publication: number) => {
    crossed.delete(publication);
  };

  return new Mirror({
    what: "subscription",
    uris: URIS,
    establish: ({ uri, match, way }: Wanted) => {
      const topicOf = ({ details }: Event) => {
        const { topic } = details;
        return typeof topic === "string" ? topic : uri;
      };
      return near.subscribe(
        uri,
        { "match": match, "forward_for": onward(way, far) },
        (event) => forward(match === "exact" ? uri : topicOf(event), event),
      );
    },
    withdraw: (id) => near.unsubscribe(id),
  }, options);
}
