/** `realmway publish`: one event; with `--acknowledge` it waits for the broker, and prints the publication's ID. */
import type { PublishOptions } from "../../client/publisher.ts";
import type { ClientOptions } from "./client_options.ts";
import { withSession } from "./client_session.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { argumentsOf, type PayloadOptions } from "./payload_options.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage_error.ts";
import { valueText } from "./value_text.ts";

export interface PublishCommandOptions extends ClientOptions, PayloadOptions {
  readonly acknowledge?: true | undefined;
  readonly acknowledgeDelivery?: true | undefined;
  readonly deliveryTimeout?: number | undefined;
  readonly retain?: true | undefined;
  readonly discloseMe?: true | undefined;
  readonly exclude?: readonly number[] | undefined;
  readonly excludeAuthid?: readonly string[] | undefined;
  readonly excludeAuthrole?: readonly string[] | undefined;
  readonly eligible?: readonly number[] | undefined;
  readonly eligibleAuthid?: readonly string[] | undefined;
  readonly eligibleAuthrole?: readonly string[] | undefined;
  readonly resourceKey?: string | undefined;
}

export async function publish(
  topic: string,
  texts: readonly string[],
  options: PublishCommandOptions,
): Promise<number> {
  const { args, kwargs } = argumentsOf(texts, options);
  const { acknowledge, acknowledgeDelivery, deliveryTimeout, json } = options;
  if (deliveryTimeout !== undefined && !acknowledgeDelivery) {
    throw new UsageError("Cannot use --delivery-timeout: expected --acknowledge-delivery with it");
  }
  const wire = publishOptions(options);
  return await withSession(options, async (session) => {
    if (!acknowledge && !acknowledgeDelivery) {
      session.publish(topic, args, kwargs, { ...wire, acknowledge: false });
      return EXIT_OK;
    }
    const id = await session.publish(topic, args, kwargs, { ...wire, acknowledge: true });
    print(json ? valueText({ "publication": id }) : String(id));
    return EXIT_OK;
  });
}

function publishOptions(options: PublishCommandOptions): PublishOptions {
  const { exclude, excludeAuthid, excludeAuthrole } = options;
  const { eligible, eligibleAuthid, eligibleAuthrole } = options;
  const { retain, discloseMe, resourceKey, acknowledgeDelivery, deliveryTimeout } = options;
  return {
    ...(exclude && { exclude }),
    ...(excludeAuthid && { excludeAuthid }),
    ...(excludeAuthrole && { excludeAuthrole }),
    ...(eligible && { eligible }),
    ...(eligibleAuthid && { eligibleAuthid }),
    ...(eligibleAuthrole && { eligibleAuthrole }),
    ...(retain && { retain }),
    ...(discloseMe && { discloseMe }),
    ...(resourceKey !== undefined && { resourceKey }),
    ...(acknowledgeDelivery && { acknowledgeDelivery }),
    ...(deliveryTimeout !== undefined && { deliveryTimeoutMs: deliveryTimeout }),
  };
}
