/**
 * The HTTP bridge: POST requests that publish (`publisher`), call (`caller`), or whose headers and bodies become events (`webhook`). Each
 * service has a session of its own, under the role that the configuration names. Requests and answers are those of Crossbar.io. Called by
 * `services.ts`.
 */
import { CallResult } from "../../client/call_result.ts";
import { isApplicationError } from "../../client/errors.ts";
import type { PublishOptions } from "../../client/publisher.ts";
import type { Session } from "../../client/session.ts";
import type { Clock, Log } from "../../router/ports.ts";
import { isDict } from "../../wamp/options.ts";
import { RUNTIME_ERROR } from "../../wamp/uris.ts";
import type { Dict } from "../../wamp/message.ts";
import type {
  BridgeConfig,
  CallerConfig,
  PublisherConfig,
  WebhookConfig,
} from "../config/schema_bridge.ts";
import { jsonOf } from "../json_value.ts";
import { preflight, withOrigin } from "./cross_origin.ts";
import { addressCheck, bodyOf, isSignedByGitHub, Refusal, SignatureCheck } from "./bridge_guard.ts";

/** Whom a request comes from. */
export interface WebPeer {
  /** Undefined on unix sockets. */
  readonly host: string | undefined;
  /** As session details and logs have it: "tcp4:127.0.0.1:50122". */
  readonly name: string;
  readonly isSecure: boolean;
}

export interface BridgeParts {
  /** Joins a realm under a role, inside this process. */
  readonly join: (realm: string, role: string) => Promise<Session>;
  /** Reads a secret of the configuration. */
  readonly secret: (value: unknown) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Log;
}

type Act = (request: Request, body: Uint8Array, session: Session) => Promise<Response>;

/** What answers a service's requests. */
export function bridge(
  config: BridgeConfig,
  parts: BridgeParts,
): (request: Request, peer: WebPeer) => Promise<Response> {
  const session = seat(config, parts);
  const guard = config.type === "webhook" ? gitHubGuard(config, parts) : signedGuard(config, parts);
  const act = actOf(config, parts);
  return async (request, peer) => {
    if (request.method === "OPTIONS") return preflight(request);
    if (request.method !== "POST" && request.method !== "PUT") {
      const response = refused(new Refusal(405, "Only POST and PUT work here"));
      response.headers.set("allow", "POST, PUT, OPTIONS");
      return withOrigin(request, response);
    }
    const body = await bodyOf(request, config.options.post_body_limit);
    const refusal = body instanceof Refusal ? body : await guard(request, body, peer);
    if (refusal !== undefined || body instanceof Refusal) {
      return withOrigin(request, refused(refusal ?? new Refusal(400, "The body cannot be read")));
    }
    return withOrigin(request, await act(request, body, await session()));
  };
}

/** The service's session, joined at the first request, and again when it has ended. */
function seat({ realm, role }: BridgeConfig, { join }: BridgeParts): () => Promise<Session> {
  let joining: Promise<Session> | undefined;
  const joined = () => {
    const attempt = join(realm, role);
    joining = attempt;
    attempt.then((session) => session.closed).catch(() => {}).finally(() => {
      if (joining === attempt) joining = undefined;
    });
    return attempt;
  };
  return async () => {
    const session = await (joining ?? joined());
    return session.isOpen ? session : await joined();
  };
}

type Guard = (request: Request, body: Uint8Array, peer: WebPeer) => Promise<Refusal | undefined>;

function signedGuard({ options }: PublisherConfig | CallerConfig, parts: BridgeParts): Guard {
  const isAllowed = options.require_ip && addressCheck(options.require_ip);
  let checking: Promise<SignatureCheck> | undefined;
  const makeCheck = async (key: string): Promise<SignatureCheck> => {
    const secret = await parts.secret(options.secret);
    if (!secret) throw new Error('Cannot check signatures: found no "secret" of the service');
    const deltaSeconds = options.timestamp_delta_limit;
    return new SignatureCheck({ key, secret, deltaSeconds }, parts.clock);
  };
  return async (request, body, peer) => {
    if (isAllowed?.(peer.host) === false) return new Refusal(400, "Your address is not allowed");
    if (options.require_tls && !peer.isSecure) return new Refusal(400, "Only TLS is allowed");
    const type = request.headers.get("content-type")?.toLowerCase();
    if (type !== undefined && !/^application\/json *(; *charset="?utf-?8"? *)?$/.test(type)) {
      return new Refusal(400, "The content type must be application/json, in UTF-8");
    }
    if (options.key === undefined) return undefined;
    const check = await (checking ??= makeCheck(options.key));
    return check.refusalOf(new URL(request.url).searchParams, body);
  };
}

function gitHubGuard({ options }: WebhookConfig, parts: BridgeParts): Guard {
  return async ({ headers }, body) => {
    if (options.github_secret === undefined) return undefined;
    const secret = await parts.secret(options.github_secret);
    if (secret && isSignedByGitHub(headers, body, secret)) return undefined;
    return new Refusal(400, "The request is not signed by GitHub");
  };
}

function actOf(config: BridgeConfig, { log }: BridgeParts): Act {
  if (config.type === "webhook") return webhook(config, log);
  const perform = config.type === "publisher" ? publish : call;
  return async (_request, body, session) => {
    const wish = objectIn(body);
    if (wish instanceof Refusal) return refused(wish);
    try {
      const answer = await perform(wish, session);
      return answer instanceof Refusal ? refused(answer) : json(200, answer);
    } catch (error) {
      if (isApplicationError(error)) {
        return json(200, { "error": error.uri, "args": error.args, "kwargs": error.kwargs });
      }
      log.error("Cannot answer a request to the {type}: {error}", { "type": config.type, error });
      const args = ["The router could not do that"];
      return json(500, { "error": RUNTIME_ERROR, args, "kwargs": {} });
    }
  };
}

async function publish(wish: Dict, session: Session): Promise<unknown> {
  const { topic, args, kwargs, options } = wish;
  if (typeof topic !== "string") return new Refusal(400, 'The body must have a "topic"');
  const arguments_ = argumentsOf(args, kwargs);
  if (arguments_ instanceof Refusal) return arguments_;
  const how = publishOptions(options ?? {});
  if (how instanceof Refusal) return how;
  const id = await session.publish(topic, ...arguments_, { ...how, acknowledge: true });
  return { id };
}

async function call(wish: Dict, session: Session): Promise<unknown> {
  const { procedure, args, kwargs } = wish;
  if (typeof procedure !== "string") return new Refusal(400, 'The body must have a "procedure"');
  const arguments_ = argumentsOf(args, kwargs);
  if (arguments_ instanceof Refusal) return arguments_;
  const result = await session.call(procedure, ...arguments_);
  if (!(result instanceof CallResult)) return { "args": result === undefined ? [null] : [result] };
  const hasKwargs = Object.keys(result.kwargs).length > 0;
  return {
    ...(result.args.length > 0 && { "args": result.args }),
    ...(hasKwargs && { "kwargs": result.kwargs }),
  };
}

/** `null` and what is left out are empty. */
function argumentsOf(args: unknown, kwargs: unknown): [readonly unknown[], Dict] | Refusal {
  const list = args ?? [];
  const named = kwargs ?? {};
  if (Array.isArray(list) && isDict(named)) return [list, named];
  return new Refusal(400, '"args" must be a list, "kwargs" an object');
}

const LISTS = [
  ["exclude", "exclude", isNumber, "number"],
  ["exclude_authid", "excludeAuthid", isText, "string"],
  ["exclude_authrole", "excludeAuthrole", isText, "string"],
  ["eligible", "eligible", isNumber, "number"],
  ["eligible_authid", "eligibleAuthid", isText, "string"],
  ["eligible_authrole", "eligibleAuthrole", isText, "string"],
] as const;

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function publishOptions(options: unknown): PublishOptions | Refusal {
  if (!isDict(options)) return new Refusal(400, '"options" must be an object');
  const how: Record<string, unknown> = {};
  for (const [name, own, is, type] of LISTS) {
    const given = options[name] ?? undefined;
    if (given === undefined) continue;
    const list = Array.isArray(given) ? given : [given];
    if (!list.every(is)) {
      return new Refusal(400, `"${name}" of "options" must be a list, each a ${type}`);
    }
    how[own] = list;
  }
  for (const [name, own] of [["retain", "retain"], ["disclose_me", "discloseMe"]] as const) {
    const given = options[name] ?? undefined;
    if (given !== undefined && typeof given !== "boolean") {
      return new Refusal(400, `"${name}" of "options" must be true or false`);
    }
    if (given !== undefined) how[own] = given;
  }
  return how;
}

function webhook({ options }: WebhookConfig, log: Log): Act {
  return async (request, body, session) => {
    const headers: Record<string, string[]> = {};
    for (const [name, value] of request.headers) (headers[title(name)] ??= []).push(value);
    try {
      const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
      const event = { headers, "body": text };
      await session.publish(options.topic, [event], {}, { acknowledge: true });
      return new Response(options.success_response, { status: 202, headers: PLAIN });
    } catch (error) {
      if (error instanceof TypeError) return refused(new Refusal(400, "The body must be UTF-8"));
      log.error("Cannot publish a webhook to {topic}: {error}", { "topic": options.topic, error });
      return new Response(options.error_response, { status: 500, headers: PLAIN });
    }
  };
}

/** As people write them, and Crossbar.io passes them on: "X-Github-Event". */
function title(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

function objectIn(body: Uint8Array): Dict | Refusal {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const value: unknown = JSON.parse(text);
    return isDict(value) ? value : new Refusal(400, "The body must be a JSON object");
  } catch {
    return new Refusal(400, "The body must be JSON in UTF-8");
  }
}

const PLAIN = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

function refused({ status, text }: Refusal): Response {
  return json(status, { "error": text, "args": [], "kwargs": {} });
}

function json(status: number, value: unknown): Response {
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
  };
  return new Response(JSON.stringify(jsonOf(value)), { status, headers });
}
