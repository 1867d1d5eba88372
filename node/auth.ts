/**
 * From `auth` of the configuration to the gate that peers pass. Loaded when a transport has an `auth`: nodes without start without
 * `auth/`. Called by `services.ts`.
 */
import { anonymousRouter } from "../auth/anonymous.ts";
import { type Authmethod, AUTHMETHODS, type RouterMethod } from "../auth/authmethod.ts";
import { cryptosignRouter } from "../auth/cryptosign.ts";
import { PrincipalError, staticPrincipals } from "../auth/principals.ts";
import { scramRouter } from "../auth/scram.ts";
import { storedKeys } from "../auth/scram_keys.ts";
import { ticketRouter } from "../auth/ticket.ts";
import { certifiedPrincipals, tlsRouter } from "../auth/tls.ts";
import { wampcraRouter } from "../auth/wampcra.ts";
import { authenticated } from "../router/authenticated.ts";
import type { Gate } from "../router/join.ts";
import type { Clock, Log, Random } from "../router/ports.ts";
import type { Dict } from "../wamp/message.ts";
import { type Environment, variableIn } from "./config/environment.ts";
import { type AuthConfig, SECRET_KEYS } from "./config/schema_auth.ts";
import { decoyKey } from "./decoy_key.ts";
import { StartError } from "./start_error.ts";

export interface AuthSettings {
  /** The node directory. */
  readonly directory: string;
  /** Where secrets are looked up that are written as `"$VARIABLE"`. */
  readonly env: Environment;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
}

/** @param auth checked, its methods in the order that decides. Rejects with StartError when principals cannot be used. */
export async function gateOf(auth: AuthConfig, settings: AuthSettings): Promise<Gate> {
  const methods: RouterMethod[] = [];
  for (const name of Object.keys(auth)) {
    const authmethod = AUTHMETHODS.find((known) => known === name);
    const method = authmethod && await methodOf(authmethod, auth, settings);
    if (method !== undefined) methods.push(method);
  }
  return authenticated(methods);
}

async function methodOf(
  name: Authmethod,
  auth: AuthConfig,
  settings: AuthSettings,
): Promise<RouterMethod | undefined> {
  try {
    return await MAKERS[name](auth, settings);
  } catch (cause) {
    if (!(cause instanceof PrincipalError)) throw cause;
    throw new StartError(`Cannot authenticate by ${name}: ${cause.message}`);
  }
}

type Make = (
  auth: AuthConfig,
  settings: AuthSettings,
) => RouterMethod | undefined | Promise<RouterMethod>;

const MAKERS: Readonly<Record<Authmethod, Make>> = {
  anonymous: ({ anonymous }, { random }) => {
    if (anonymous === undefined) return undefined;
    const { role, realm, authid } = anonymous;
    return anonymousRouter({
      role,
      ...(realm !== undefined && { realm }),
      ...(authid !== undefined && { authid }),
      newAuthid: () => random.authid(),
    });
  },
  ticket: ({ ticket }, { env }) => ticket && ticketRouter(known(ticket, ticket.principals, env)),
  wampcra: ({ wampcra }, settings) => wampcra && wampcraOf(wampcra, settings),
  cryptosign: ({ cryptosign }, { env }) =>
    cryptosign && cryptosignRouter(known(cryptosign, cryptosign.principals, env)),
  scram: ({ scram }, settings) => scram && scramOf(scram, settings),
  tls: ({ tls }, { env }) =>
    tls && tlsRouter({
      ...known(tls, {}, env),
      principals: certifiedPrincipals(resolved(tls.principals, env)),
    }),
  // Not to be configured yet.
  jwt: () => undefined,
};

async function wampcraOf(
  config: NonNullable<AuthConfig["wampcra"]>,
  settings: AuthSettings,
): Promise<RouterMethod> {
  const principals = config.principals ?? config.users ?? {};
  const isSalted = Object.values(principals).some(({ salt }) => salt !== undefined);
  return wampcraRouter({
    ...known(config, principals, settings.env),
    ...(isSalted && { decoyKey: await decoyKey(settings.directory, settings.log) }),
    now: () => settings.clock.now(),
  });
}

async function scramOf(
  config: NonNullable<AuthConfig["scram"]>,
  settings: AuthSettings,
): Promise<RouterMethod> {
  // What a variable held was not checked with the configuration.
  for (const record of Object.values(resolved(config.principals, settings.env))) storedKeys(record);
  return scramRouter({
    ...known(config, config.principals, settings.env),
    decoyKey: await decoyKey(settings.directory, settings.log),
  });
}

type Records = Readonly<Record<string, Dict>>;

/** What all methods with principals are told. */
function known(
  { "default-role": defaultRole }: { readonly "default-role"?: string | undefined },
  principals: Records,
  env: Environment,
) {
  return {
    principals: staticPrincipals(resolved(principals, env)),
    ...(defaultRole !== undefined && { defaultRole }),
  };
}

/** The principals, with their secrets from the environment. */
function resolved(principals: Records, env: Environment): Records {
  return Object.fromEntries(
    Object.entries(principals).map(([authid, record]) => {
      const secrets = SECRET_KEYS.flatMap((key) => {
        const text = record[key];
        const variable = typeof text === "string" ? variableIn(text) : undefined;
        return variable === undefined ? [] : [[key, env[variable]] as const];
      });
      return [authid, { ...record, ...Object.fromEntries(secrets) }];
    }),
  );
}
