/**
 * From `auth` of the configuration to the gate that peers pass. Loaded when a transport has an `auth`: nodes without start without
 * `auth/`. Called by `services.ts`.
 */
import { anonymousRouter } from "../auth/anonymous.ts";
import {
  type Admission,
  type Authmethod,
  AUTHMETHODS,
  type RouterMethod,
} from "../auth/authmethod.ts";
import { cookieRouter } from "../auth/cookie.ts";
import { cryptosignRouter } from "../auth/cryptosign.ts";
import { PrincipalError, type Principals, staticPrincipals } from "../auth/principals.ts";
import { scramRouter } from "../auth/scram.ts";
import { storedKeys } from "../auth/scram_keys.ts";
import { ticketRouter } from "../auth/ticket.ts";
import { certifiedPrincipals, tlsRouter } from "../auth/tls.ts";
import { wampcraRouter } from "../auth/wampcra.ts";
import { authenticated } from "../router/authenticated.ts";
import type { Gate } from "../router/join.ts";
import type { Clock, Log, Random } from "../router/ports.ts";
import type { Router } from "../router/router.ts";
import type { Dict } from "../wamp/message.ts";
import { functionPrincipals, procedurePrincipals } from "./authenticators.ts";
import type { Environment } from "./config/environment.ts";
import { type AuthConfig, SECRET_KEYS } from "./config/schema_auth.ts";
import { decoyKey } from "./decoy_key.ts";
import type { InsideSessions } from "./inside_sessions.ts";
import { secretOf } from "./secrets.ts";
import { StartError } from "./start_error.ts";

export interface AuthSettings {
  /** The node directory. */
  readonly directory: string;
  /** Where secrets are looked up that are written as `"$VARIABLE"`. */
  readonly env: Environment;
  /** Where dynamic authenticators are called. */
  readonly router: Router;
  readonly sessions: InsideSessions;
  /** Who authenticated with a cookie. */
  readonly identityOf?: ((cookie: string) => Admission | undefined) | undefined;
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
) => RouterMethod | undefined | Promise<RouterMethod | undefined>;

const MAKERS: Readonly<Record<Authmethod, Make>> = {
  anonymous: ({ anonymous }, settings) => anonymous && anonymousOf(anonymous, settings),
  ticket: async ({ ticket }, settings) =>
    ticket && ticketRouter({
      ...await known(ticket, settings, staticPrincipals),
      judgesTicket: ticket.type !== "static",
    }),
  wampcra: ({ wampcra }, settings) => wampcra && wampcraOf(wampcra, settings),
  cryptosign: async ({ cryptosign }, settings) =>
    cryptosign &&
    cryptosignRouter(
      await known(cryptosign, settings, async (records) => {
        const listed = staticPrincipals(records);
        const trustroots = cryptosign.type === "static" ? cryptosign.trustroots : undefined;
        return trustroots === undefined ? listed : await vouched(listed, trustroots);
      }),
    ),
  scram: ({ scram }, settings) => scram && scramOf(scram, settings),
  tls: async ({ tls }, settings) =>
    tls && tlsRouter(await known(tls, settings, certifiedPrincipals)),
  cookie: ({ cookie }, { identityOf }) => cookie && identityOf && cookieRouter({ identityOf }),
  jwt: async ({ jwt }, settings) => {
    if (jwt === undefined) return undefined;
    const { jwtMethod } = await import("./jwt.ts");
    const { directory, clock } = settings;
    const secret = await secretOf(jwt.secret, settings);
    const authenticator = jwt.type === "static" ? undefined : await asked(jwt, settings);
    return await jwtMethod(jwt, { directory, clock, secret, asked: authenticator });
  },
};

async function anonymousOf(
  config: NonNullable<AuthConfig["anonymous"]>,
  settings: AuthSettings,
): Promise<RouterMethod> {
  const newAuthid = () => settings.random.authid();
  if (config.type !== "static") {
    const { principals, authprovider, defaultRole } = await asked(config, settings);
    return anonymousRouter({
      newAuthid,
      principals,
      authprovider,
      ...(defaultRole !== undefined && { role: defaultRole }),
    });
  }
  const { role, realm, authid } = config;
  return anonymousRouter({
    role,
    newAuthid,
    ...(realm !== undefined && { realm }),
    ...(authid !== undefined && { authid }),
  });
}

async function wampcraOf(
  config: NonNullable<AuthConfig["wampcra"]>,
  settings: AuthSettings,
): Promise<RouterMethod> {
  const { directory, log, clock } = settings;
  const records = config.type === "static" ? config.principals ?? config.users ?? {} : undefined;
  const isSalted = records === undefined ||
    Object.values(records).some(({ salt }) => salt !== undefined);
  return wampcraRouter({
    ...await known(config, settings, staticPrincipals),
    ...(isSalted && { decoyKey: await decoyKey(directory, log) }),
    now: () => clock.now(),
  });
}

async function scramOf(
  config: NonNullable<AuthConfig["scram"]>,
  settings: AuthSettings,
): Promise<RouterMethod> {
  return scramRouter({
    ...await known(config, settings, (records) => {
      // What a variable held was not checked with the configuration.
      for (const record of Object.values(records)) storedKeys(record);
      return staticPrincipals(records);
    }),
    decoyKey: await decoyKey(settings.directory, settings.log),
  });
}

type Trustroots = NonNullable<
  Extract<NonNullable<AuthConfig["cryptosign"]>, { readonly type: "static" }>["trustroots"]
>;

/** Keys that are listed, and those that certificates vouch for. */
async function vouched(listed: Principals, trustroots: Trustroots): Promise<Principals> {
  const { trustrootPrincipals } = await import("../auth/certificates.ts");
  const certified = trustrootPrincipals(
    Object.fromEntries(
      Object.entries(trustroots).map(([realm, root]) => [realm, {
        trustroot: root.certificate,
        role: root.role,
        ...(root.realm_address !== undefined && { realm: root.realm_address }),
        ...(root.verifying_contract !== undefined &&
          { verifyingContract: root.verifying_contract }),
        ...(root.chain_id !== undefined && { chainId: root.chain_id }),
      }]),
    ),
  );
  return {
    ...listed,
    find: async (query) => await listed.find(query) ?? await certified.find(query),
  };
}

type Records = Readonly<Record<string, Dict>>;

/** Of a method with principals, who knows them. */
interface Asking {
  readonly "default-role"?: string | undefined;
  readonly "unknown-principals": "hide" | "tell";
}
interface StaticMethod extends Asking {
  readonly type: "static";
  readonly principals?: Records | undefined;
  readonly users?: Records | undefined;
}
interface DynamicMethod extends Asking {
  readonly type: "dynamic";
  readonly authenticator: string;
  readonly "authenticator-realm"?: string | undefined;
  readonly timeout: number;
}
interface FunctionMethod extends Asking {
  readonly type: "function";
  readonly create: string;
  readonly config?: unknown;
  readonly timeout: number;
}

/** What all methods with principals are told. @param listed makes a port of those in the configuration, their secrets resolved. */
async function known(
  config: StaticMethod | DynamicMethod | FunctionMethod,
  settings: AuthSettings,
  listed: (records: Records) => Principals | Promise<Principals>,
) {
  if (config.type !== "static") return await asked(config, settings);
  const records = await resolved({ ...config.principals, ...config.users }, settings);
  return { ...rulesOf(config), authprovider: "static", principals: await listed(records) };
}

async function asked(config: DynamicMethod | FunctionMethod, settings: AuthSettings) {
  const { router, sessions, directory, clock } = settings;
  const timeoutMs = config.timeout;
  const principals = config.type === "dynamic"
    ? procedurePrincipals({
      router,
      sessions,
      procedure: config.authenticator,
      realm: config["authenticator-realm"],
      timeoutMs,
    })
    : await functionPrincipals({
      create: config.create,
      config: config.config,
      directory,
      timeoutMs,
      clock,
    });
  return { ...rulesOf(config), authprovider: config.type, principals };
}

function rulesOf(config: Asking) {
  const { "default-role": defaultRole } = config;
  return {
    revealsUnknown: config["unknown-principals"] === "tell",
    ...(defaultRole !== undefined && { defaultRole }),
  };
}

/** The principals, with their secrets from the environment and from files. */
async function resolved(principals: Records, settings: AuthSettings): Promise<Records> {
  const records: Record<string, Dict> = {};
  for (const [authid, record] of Object.entries(principals)) {
    const secrets: Record<string, string> = {};
    for (const key of SECRET_KEYS) {
      const secret = await secretOf(record[key], settings);
      if (secret !== undefined) secrets[key] = secret;
    }
    records[authid] = { ...record, ...secrets };
  }
  return records;
}
