/**
 * A client's authmethods as a program writes them down: `{ ticket: { authid: "joe", ticket: "secret" } }`, several of them in order of
 * preference. The names are Autobahn's. Called by `client/`.
 */
import { isDict } from "../wamp/options.ts";
import { anonymousClient } from "./anonymous.ts";
import {
  type Authmethod,
  AUTHMETHODS,
  type ClientMethod,
  type ClientMethodOptions,
  HandshakeError,
} from "./authmethod.ts";
import { cookieClient } from "./cookie.ts";
import { cryptosignClient, type CryptosignClientOptions } from "./cryptosign.ts";
import { jwtClient, type JwtClientOptions } from "./jwt.ts";
import { scramClient, type ScramClientOptions } from "./scram.ts";
import { ticketClient, type TicketClientOptions } from "./ticket.ts";
import { tlsClient } from "./tls.ts";
import { type CraClientOptions, wampcraClient } from "./wampcra.ts";

/** Methods that a client offers, each with what it needs. The router chooses. */
export interface Authentication {
  readonly anonymous?: ClientMethodOptions;
  readonly ticket?: TicketClientOptions;
  readonly wampcra?: CraClientOptions;
  readonly cryptosign?: CryptosignClientOptions;
  readonly scram?: ScramClientOptions;
  /** The certificate itself is given to the transport. */
  readonly tls?: ClientMethodOptions;
  readonly jwt?: JwtClientOptions;
  /** Known by the browser's cookie from an earlier session. Offer another method beside it. */
  readonly cookie?: ClientMethodOptions;
}

type Known<O> = Readonly<Record<keyof O, "required" | "optional">>;

const COMMON: Known<ClientMethodOptions> = {
  authid: "optional",
  authrole: "optional",
  authextra: "optional",
};

/** For programs without a compiler: which options there are, and which must be given. */
const OPTIONS: { readonly [M in Authmethod]: Known<NonNullable<Authentication[M]>> } = {
  anonymous: COMMON,
  ticket: { ...COMMON, ticket: "required" },
  wampcra: { ...COMMON, authid: "required", secret: "required" },
  cryptosign: {
    ...COMMON,
    privkey: "required",
    channelBinding: "optional",
    routerKeys: "optional",
  },
  scram: { ...COMMON, authid: "required", password: "required", channelBinding: "optional" },
  tls: COMMON,
  jwt: { ...COMMON, token: "required" },
  cookie: COMMON,
};

type Make = (authentication: Authentication) => ClientMethod | undefined;

const MAKERS: Readonly<Record<Authmethod, Make>> = {
  anonymous: ({ anonymous }) => anonymous && anonymousClient(anonymous),
  ticket: ({ ticket }) => ticket && ticketClient(ticket),
  wampcra: ({ wampcra }) => wampcra && wampcraClient(wampcra),
  cryptosign: ({ cryptosign }) => cryptosign && cryptosignClient(cryptosign),
  scram: ({ scram }) => scram && scramClient(scram),
  tls: ({ tls }) => tls && tlsClient(tls),
  jwt: ({ jwt }) => jwt && jwtClient(jwt),
  cookie: ({ cookie }) => cookie && cookieClient(cookie),
};

/** The methods, in the order in which they are written. Throws `HandshakeError` for methods and options that there are not, and for
 * options that are missing. */
export function clientMethods(authentication: Authentication): readonly ClientMethod[] {
  return Object.entries(authentication).flatMap(([name, options]) => {
    const authmethod = AUTHMETHODS.find((known) => known === name);
    if (authmethod === undefined) throw refusal("", JSON.stringify(name), AUTHMETHODS.join(", "));
    checkOptions(authmethod, options);
    return MAKERS[authmethod](authentication) ?? [];
  });
}

function checkOptions(authmethod: Authmethod, options: unknown): void {
  if (!isDict(options)) throw refusal(`.${authmethod}`, "something else", "a dictionary");
  const known = Object.entries(OPTIONS[authmethod]);
  const unknown = Object.keys(options).find((key) => !known.some(([name]) => name === key));
  if (unknown !== undefined) {
    const expected = known.map(([name]) => name).join(", ");
    throw refusal(`.${authmethod}`, JSON.stringify(unknown), expected);
  }
  const missing = known.find(([name, need]) => need === "required" && !isSet(options[name]));
  if (missing !== undefined) throw refusal(`.${authmethod}.${missing[0]}`, "nothing", "a value");
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function refusal(place: string, found: string, expected: string): HandshakeError {
  return new HandshakeError(
    `Cannot use authentication${place}: found ${found}, expected ${expected}`,
  );
}
