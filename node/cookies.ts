/**
 * Cookies of a WebSocket service: sets one in the handshake's answer, and remembers who authenticated with it. Kept are digests of cookies,
 * so that who reads the store cannot be anybody. Made by `services.ts`. [RFC 6265]
 */
import { createHash, randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Admission } from "../auth/authmethod.ts";
import type { Decision, Gate } from "../router/join.ts";
import type { Clock, Log, TransportDetails } from "../router/ports.ts";
import { isDict } from "../wamp/options.ts";
import type { CookieConfig } from "./config/schema_cookie.ts";
import { FileValues } from "./store/file_values.ts";
import { MemoryValues } from "./store/memory_values.ts";

/** Texts by key with an end of their life: `store/key_values.ts` and its like. */
export interface Values {
  get(key: string): string | undefined;
  set(key: string, value: string, expires: number): void;
  delete(key: string): void;
  close(limitMs: number): Promise<void>;
}

export interface JarSettings {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** One store for all services that name it. */
export class CookieJars {
  readonly #settings: JarSettings;
  readonly #stores = new Map<string, Promise<Values>>();

  constructor(settings: JarSettings) {
    this.#settings = settings;
  }

  async jar(config: CookieConfig): Promise<CookieJar> {
    const { type } = config.store;
    const name = type === "memory" ? type : `${type} ${config.store.filename}`;
    let store = this.#stores.get(name);
    if (store === undefined) this.#stores.set(name, store = this.#open(config.store));
    return new CookieJar(config, await store, this.#settings.clock);
  }

  /** Writes what waits, for at most `limitMs`. */
  async close(limitMs: number): Promise<void> {
    for (const store of this.#stores.values()) await (await store).close(limitMs);
  }

  async #open(store: CookieConfig["store"]): Promise<Values> {
    const { directory, clock, log } = this.#settings;
    if (store.type === "memory") return new MemoryValues(clock);
    const file = resolve(directory, store.filename);
    if (store.type === "file") return await FileValues.open({ file, clock, log });
    const { KeyValues } = await import("./store/key_values.ts");
    return await KeyValues.open({ file, clock, log });
  }
}

/** What a handshake's answer says, and by which name the connection goes on. */
export interface Handed {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookie: string;
}

export class CookieJar {
  readonly #config: CookieConfig;
  readonly #values: Values;
  readonly #clock: Clock;

  constructor(config: CookieConfig, values: Values, clock: Clock) {
    this.#config = config;
    this.#values = values;
    this.#clock = clock;
  }

  /** The cookie that a handshake brought, or a new one. @param header of the request: "a=1; b=2".
   * @param isSecure the peer came over TLS. Browsers take SameSite=None in no other way. */
  hand(header: string | undefined, isSecure: boolean): Handed {
    const { name, length, max_age: maxAge, same_site: sameSite } = this.#config;
    const given = valueIn(header, name);
    if (given !== undefined && given.length === length && /^[\w-]+$/.test(given)) {
      return { headers: {}, cookie: digest(given) };
    }
    const value = randomBytes(length).toString("base64url").slice(0, length);
    const attributes = [
      `${name}=${value}`,
      `Max-Age=${maxAge}`,
      "Path=/",
      "HttpOnly",
      `SameSite=${sameSite}`,
      ...(isSecure || sameSite === "None" ? ["Secure"] : []),
    ];
    return { headers: { "Set-Cookie": attributes.join("; ") }, cookie: digest(value) };
  }

  identityOf(cookie: string): Admission | undefined {
    const text = this.#values.get(cookie);
    return text === undefined ? undefined : readIdentity(text);
  }

  /** A gate that remembers by its cookie whom `gate` lets in, and forgets who logs out. */
  watching(gate: Gate): Gate {
    return {
      ...gate,
      admit: (hello, details, session) => {
        const { cookie } = details;
        const decision = gate.admit(hello, details, session);
        return cookie === undefined ? decision : this.#watch(decision, cookie);
      },
      loggedOut: ({ cookie }: TransportDetails) => {
        if (cookie !== undefined) this.#values.delete(cookie);
      },
    };
  }

  #watch(decision: Decision | Promise<Decision>, cookie: string): Decision | Promise<Decision> {
    if (decision instanceof Promise) return decision.then((one) => this.#watchOne(one, cookie));
    return this.#watchOne(decision, cookie);
  }

  #watchOne(decision: Decision, cookie: string): Decision {
    if ("refusal" in decision) return decision;
    if ("answer" in decision) {
      const { answer } = decision;
      return {
        ...decision,
        answer: async (given) => {
          const step = await answer(given);
          // A denial has no other fields than a refusal has.
          if (!("refusal" in step) && !("answer" in step)) this.#remember(step, cookie);
          return step;
        },
      };
    }
    this.#remember(decision, cookie);
    return decision;
  }

  #remember(admission: Admission, cookie: string): void {
    // Who has proved nothing is not known, and who came by the cookie is already.
    if (["anonymous", "cookie"].includes(admission.authmethod)) return;
    const expires = this.#clock.now() + this.#config.max_age * 1000;
    this.#values.set(cookie, JSON.stringify(admission), expires);
  }
}

function digest(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}

/** The first value of a name in a Cookie header. */
function valueIn(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** What an earlier version, or a broken disk, may have left is nobody. */
function readIdentity(text: string): Admission | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isDict(value)) return undefined;
  const { realm, authid, authrole, authmethod, authprovider, authextra } = value;
  const texts = { realm, authid, authrole, authmethod, authprovider };
  if (!areTexts(texts)) return undefined;
  return { ...texts, authextra: isDict(authextra) ? authextra : undefined };
}

function areTexts<K extends string>(
  record: Readonly<Record<K, unknown>>,
): record is Readonly<Record<K, string>> {
  return Object.values(record).every((value) => typeof value === "string");
}
