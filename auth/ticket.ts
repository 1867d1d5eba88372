/** The peer shows a ticket: a password, or a token that an authenticator knows how to judge. [WAMP ticketauth] */
import { EMPTY_DICT } from "../wamp/message.ts";
import type {
  Answer,
  AuthRequest,
  ClientMethod,
  ClientMethodOptions,
  RouterMethod,
  RouterMethodOptions,
  Step,
} from "./authmethod.ts";
import { denied, guarded, unusable } from "./authmethod.ts";
import { toHex } from "./bytes.ts";
import { isSameSecret } from "./crypto.ts";
import { admitted, decoys, find, findOrDecoy, requiredTextIn, unknown } from "./principals.ts";

const METHOD = "ticket";

/** Records have "ticket". */
export interface TicketRouterOptions extends RouterMethodOptions {
  /** `principals` themselves judge the query's ticket, as Crossbar.io's dynamic authenticators do: whoever they find is admitted.
   * Default: the ticket is compared with the record's. */
  readonly judgesTicket?: boolean;
}

export function ticketRouter(options: TicketRouterOptions): RouterMethod {
  const nobody = decoys({
    key: undefined,
    samples: options.principals.samples,
    isFit: (sample) => Object.hasOwn(sample, "ticket"),
    otherwise: { "role": "user" },
    disguise: async (sample, bytes) => ({ ...sample, "ticket": toHex(await bytes("ticket")) }),
  });

  async function check(request: AuthRequest, { signature: ticket }: Answer): Promise<Step> {
    const query = { authmethod: METHOD, request, authid: request.authid, ticket } as const;
    if (options.judgesTicket === true) {
      const record = await find(options, query);
      if (record !== undefined) {
        return admitted(record, request, { ...options, authmethod: METHOD });
      }
      return options.revealsUnknown === true
        ? unknown(query)
        : denied(METHOD, "refused the ticket");
    }
    const found = await findOrDecoy(options, query, nobody);
    if ("refusal" in found) return found;
    const isSame = await isSameSecret(ticket, requiredTextIn(found.record, "ticket"));
    if (!found.isKnown) return denied(METHOD, "no such principal");
    if (!isSame) return denied(METHOD, "a wrong ticket");
    return admitted(found.record, request, { ...options, authmethod: METHOD });
  }

  return guarded(METHOD, [METHOD], (request) => {
    if (request.authid === undefined) {
      return unusable(METHOD, "found no HELLO.Details.authid, expected one");
    }
    const answer = (answer: Answer) => check(request, answer);
    return { authmethod: METHOD, extra: EMPTY_DICT, answer };
  });
}

/** `authentication: { ticket: { authid, ticket } }`: a secret that is shown. */
export interface TicketClientOptions extends ClientMethodOptions {
  /** Goes over the wire as it is: use TLS. A function is asked anew in each handshake. */
  readonly ticket: string | (() => string | Promise<string>);
}

export function ticketClient(options: TicketClientOptions): ClientMethod {
  return bearerClient(METHOD, options.ticket, options);
}

/** The client of a method whose answer is a secret as it is: tickets and JSON Web Tokens. */
export function bearerClient(
  method: string,
  secret: string | (() => string | Promise<string>),
  options: ClientMethodOptions,
): ClientMethod {
  return {
    names: [method],
    authid: options.authid,
    authrole: options.authrole,
    begin: () => ({
      authextra: options.authextra ?? {},
      answer: async () => ({
        signature: typeof secret === "string" ? secret : await secret(),
        extra: EMPTY_DICT,
      }),
    }),
  };
}
