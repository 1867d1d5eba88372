/**
 * From the `authorizer`, `validate` and `schemas` of a realm's configuration to the router's roles. Made by `node.ts` for each
 * realm that has any, and loaded only then.
 */
import type { Session } from "../client/session.ts";
import type { Authorize, AuthorizerOptions } from "../router/authorizer.ts";
import type { PayloadCheck, PayloadChecks } from "../router/payload_check.ts";
import { PAYLOADS } from "../router/payload_check.ts";
import type { Log } from "../router/ports.ts";
import type { Router } from "../router/router.ts";
import { schemaFile } from "./config/schema_checks.ts";
import type { AuthorizerConfig, PermissionConfig, RealmConfig } from "./config/schema_realm.ts";
import { joinInside } from "./inside.ts";
import { StartError } from "./start_error.ts";
import { userFunction } from "./user_module.ts";

export interface AuthorizationSettings {
  readonly router: Router;
  /** The node directory. */
  readonly directory: string;
  readonly log: Log;
}

/** What the roles of one realm need that is not in their configuration. */
export class Authorization {
  readonly #realm: RealmConfig;
  readonly #settings: AuthorizationSettings;
  readonly #schemas = new Map<string, PayloadCheck>();
  readonly #authorizers = new Map<string, AuthorizerOptions>();
  #makeCheck: ((schema: unknown) => PayloadCheck) | undefined = undefined;
  /** Calls the authorizers that are procedures. */
  #session: Promise<Session> | undefined = undefined;

  private constructor(realm: RealmConfig, settings: AuthorizationSettings) {
    this.#realm = realm;
    this.#settings = settings;
  }

  /** Rejects with StartError. */
  static async of(realm: RealmConfig, settings: AuthorizationSettings): Promise<Authorization> {
    const authorization = new Authorization(realm, settings);
    await authorization.#load();
    return authorization;
  }

  authorizer(role: string): AuthorizerOptions | undefined {
    return this.#authorizers.get(role);
  }

  checks(validate: PermissionConfig["validate"]): PayloadChecks | undefined {
    if (validate === undefined) return undefined;
    const checks: Partial<Record<keyof PayloadChecks, PayloadCheck>> = {};
    for (const payload of PAYLOADS) {
      const schema = validate[payload];
      if (schema === undefined) continue;
      const check = typeof schema === "string"
        ? this.#schemas.get(schema)
        : this.#makeCheck?.(schema);
      if (check === undefined) throw new Error(`Cannot find schema "${schema}": it was checked`);
      checks[payload] = check;
    }
    return checks;
  }

  /** Once the realm is there, and before anybody joins it. */
  async begin(): Promise<void> {
    const asks = this.#realm.roles.some(({ authorizer }) => authorizer?.type === "dynamic");
    if (asks) await this.#join();
  }

  /** Nobody asks it any more. */
  async end(): Promise<void> {
    await (await this.#session)?.leave();
  }

  async #load(): Promise<void> {
    const { roles, schemas } = this.#realm;
    const hasSchemas = Object.keys(schemas).length > 0 ||
      roles.some(({ permissions }) => permissions.some(({ validate }) => validate !== undefined));
    if (hasSchemas) this.#makeCheck = (await import("./json_schema.ts")).payloadCheck;
    for (const [name, schema] of Object.entries(schemas)) {
      const check = this.#makeCheck?.(await this.#schema(schema));
      if (check !== undefined) this.#schemas.set(name, check);
    }
    for (const { name, authorizer } of roles) {
      if (authorizer === undefined) continue;
      const authorize = authorizer.type === "dynamic"
        ? this.#procedure(authorizer.authorizer, authorizer.timeout)
        : await this.#function(authorizer);
      const { timeout: timeoutMs } = authorizer;
      this.#authorizers.set(name, { authorize, timeoutMs, schemas: this.#schemas });
    }
  }

  async #schema(schema: RealmConfig["schemas"][string]): Promise<unknown> {
    if (typeof schema !== "string") return schema;
    const read = await schemaFile(schema, this.#settings.directory);
    if ("schema" in read) return read.schema;
    throw new StartError(`Cannot read a schema: ${read.problem}`);
  }

  #procedure(uri: string, timeoutMs: number): Authorize {
    return async (...question) => {
      const session = await this.#join();
      return await session.call(uri, question, {}, { timeoutMs });
    };
  }

  #join(): Promise<Session> {
    const { router, log } = this.#settings;
    const realm = this.#realm.name;
    return this.#session ??= joinInside({ router, realm, authid: "authorizer", log });
  }

  async #function({ create, config }: AuthorizerConfig & { type: "function" }): Promise<Authorize> {
    const make = await userFunction(create, this.#settings.directory);
    let made: unknown;
    try {
      made = await make(config);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(`Cannot make the authorizer "${create}": ${why}`, { cause });
    }
    if (typeof made === "function") {
      return (...question) => Reflect.apply(made, undefined, question);
    }
    throw new StartError(
      `Cannot make the authorizer "${create}": found ${made === null ? "null" : typeof made}, ` +
        "expected it to return a function",
    );
  }
}
