/** `realmway subscribe`: prints events, one a line, until SIGINT, or until there were `--count` of them. */
import type { EventHandler, SubscribeOptions } from "../../client/subscription.ts";
import type { Session } from "../../client/session.ts";
import type { Match } from "../../wamp/uri.ts";
import type { ClientOptions } from "./client_options.ts";
import { untilEnded, withSession } from "./client_session.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { complain, print, styled } from "./output.ts";
import { valuesText, valueText } from "./value_text.ts";

export interface SubscribeCommandOptions extends ClientOptions {
  readonly match?: Match | undefined;
  readonly getRetained?: true | undefined;
  readonly nodeKey?: string | undefined;
  readonly count?: number | undefined;
}

export async function subscribe(
  topics: readonly string[],
  options: SubscribeCommandOptions,
): Promise<number> {
  const { count = Infinity, json } = options;
  return await withSession(options, async (session, stop) => {
    let seen = 0;
    const enough = Promise.withResolvers<number>();
    const handler: EventHandler = (args, kwargs, { topic, publication, wire }) => {
      // What comes while the session leaves is not counted.
      if (seen >= count) return;
      const values = valuesText(args, kwargs);
      if (json) print(valueText({ topic, publication, args, kwargs, "details": wire }));
      else print(values === "" ? topic : `${styled("cyan", topic)} ${values}`);
      if (++seen >= count) enough.resolve(EXIT_OK);
    };
    await subscribeAll(session, topics, handler, options);
    return await Promise.race([untilEnded(session, stop), enough.promise]);
  });
}

async function subscribeAll(
  session: Session,
  topics: readonly string[],
  handler: EventHandler,
  { match, getRetained, nodeKey }: SubscribeCommandOptions,
): Promise<void> {
  const wanted: SubscribeOptions = {
    ...(match && { match }),
    ...(getRetained && { getRetained }),
    ...(nodeKey !== undefined && { nodeKey }),
  };
  for (const topic of topics) {
    await session.subscribe(topic, handler, wanted);
    complain(`Subscribed to ${topic}`);
  }
}
