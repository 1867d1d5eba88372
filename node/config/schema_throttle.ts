/** How guessing of credentials is slowed down. Part of `schema.ts`. */
import { flag, section, whole } from "./fields.ts";

export const throttle = section(
  "What happens after failed attempts to authenticate, in all transports together",
  () => ({
    "address_failures": whole(
      { min: 1, max: 1_000_000 },
      "Failures from one address in a period; further attempts from it are refused",
    ).default(50),
    "authid_failures": whole(
      { min: 1, max: 1_000_000 },
      "Failures at one authid in a period; further attempts at it wait, 0.1 s at first and 4 s at most",
    ).default(10),
    "period": whole({ min: 1, max: 86_400, unit: "s" }, "After which failures are forgotten")
      .default(
        60,
      ),
    "loopback": flag(
      false,
      "Count peers on this machine and on unix sockets, too, which may be a proxy for many",
    ),
  }),
);
