/** From the configuration's names and units to those of `router/` and `transports/`. One function a section, one line a key. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Permission, RoleOptions } from "../router/permission.ts";
import type { RoleLimits } from "../router/limits.ts";
import type { RealmOptions } from "../router/realm.ts";
import type { ResumptionOptions } from "../router/resumption.ts";
import type { SlowConsumerOptions } from "../router/slow_transport.ts";
import type { Endpoint, TlsOptions } from "../transports/endpoint.ts";
import {
  DEFAULT_WEBSOCKET_OPTIONS,
  type DeflateOptions,
  type RawSocketOptions,
  type WebSocketOptions,
} from "../transports/websocket_options.ts";
import type { Authorization } from "./authorization.ts";
import type { CapacityOptions } from "./capacity.ts";
import { portNumber } from "./config/endpoint_checks.ts";
import type { Environment } from "./config/environment.ts";
import type { EndpointConfig, TlsConfig } from "./config/schema_endpoint.ts";
import type { NodeLimitsConfig } from "./config/schema_limits.ts";
import type {
  LimitsConfig,
  PermissionConfig,
  RealmConfig,
  RoleConfig,
} from "./config/schema_realm.ts";
import type { RawSocketConfig, WebSocketConfig } from "./config/schema_websocket.ts";
import type { RoleSlowConsumersConfig } from "./config/schema_slow_consumers.ts";
import { overruled, starred } from "./config/starred.ts";
import { memoryLimit } from "./memory_limit.ts";
import { inheritedSocket } from "./inherited_sockets.ts";
import { StartError } from "./start_error.ts";
import { storeOptions } from "./stores.ts";

/** @param authorization of a realm that has authorizers or schemas. */
export function realmOptions(config: RealmConfig, authorization?: Authorization): RealmOptions {
  return {
    name: config.name,
    roles: config.roles.map((role) => roleOptions(role, authorization)),
    uriRule: config.options.uri_check,
    requestIds: config.options.request_ids,
    hasMetaApi: config.options.enable_meta_api,
    ...(config.store && storeOptions(config.store)),
    ...(config.resumption && { resumption: resumptionOptions(config.resumption) }),
  };
}

export function roleOptions(role: RoleConfig, authorization?: Authorization): RoleOptions {
  const authorizer = authorization?.authorizer(role.name);
  const before = overruled(role.permissions);
  return {
    name: role.name,
    allowByDefault: role["allow-by-default"],
    ...(role.slow_consumers && { slowConsumers: slowConsumers(role.slow_consumers) }),
    ...(role.trustlevel !== undefined && { trustlevel: role.trustlevel }),
    permissions: role.permissions.filter((one) => !before.has(one)).map((one) => {
      const validate = authorization?.checks(one.validate);
      return { ...permission(one), ...(validate && { validate }) };
    }),
    ...(authorizer && { authorizer }),
    ...(role.limits && { limits: roleLimits(role.limits) }),
  };
}

function resumptionOptions(config: NonNullable<RealmConfig["resumption"]>): ResumptionOptions {
  return {
    timeoutMs: config.timeout,
    maxDetached: config.max_detached,
    maxBytes: config.max_bytes,
    maxAgeMs: config.max_age,
  };
}

function roleLimits(config: LimitsConfig): RoleLimits {
  const { message_rate: rate } = config;
  return {
    sessions: config.sessions,
    sessionsPerAuthid: config.sessions_per_authid,
    beyondPerAuthid: config.sessions_per_authid_policy,
    subscriptions: config.subscriptions,
    registrations: config.registrations,
    calls: config.calls,
    messageRate: rate &&
      { perSecond: rate.rate, ...(rate.burst !== undefined && { burst: rate.burst }) },
    messageBytes: config.message_size,
  };
}

function slowConsumers(config: RoleSlowConsumersConfig): SlowConsumerOptions {
  return {
    policy: config.policy,
    limitBytes: config.limit,
    hardLimitBytes: config.hard_limit,
    pauseMs: config.pause,
  };
}

function permission(config: PermissionConfig): Permission {
  const rule = starred(config.uri, config.match);
  if (rule === undefined) {
    throw new Error(`Cannot read the pattern "${config.uri}": it was checked`);
  }
  return {
    ...rule,
    allow: config.allow,
    disclose: {
      caller: disclosure(config.disclose.caller),
      publisher: disclosure(config.disclose.publisher),
    },
    ...(config.trustlevel !== undefined && { trustlevel: config.trustlevel }),
  };
}

/** True: always; undefined: when the peer asks; false: asking is refused. */
function disclosure(value: boolean | "never"): boolean | undefined {
  if (value === "never") return false;
  return value ? true : undefined;
}

export function webSocketOptions(config: WebSocketConfig): WebSocketOptions {
  return {
    // What only clients have.
    ...DEFAULT_WEBSOCKET_OPTIONS,
    allowedOrigins: config.allowed_origins,
    allowsNullOrigin: config.allow_null_origin,
    externalPort: config.external_port ?? undefined,
    versions: [...(config.enable_rfc6455 ? [13] : []), ...(config.enable_hybi10 ? [8] : [])],
    hasStatusPage: config.enable_webstatus,
    showsServerVersion: config.show_server_version,
    requiresSubprotocol: config.require_websocket_subprotocol,
    validatesUtf8: config.validate_utf8,
    masksServerFrames: config.mask_server_frames,
    requiresMaskedClientFrames: config.require_masked_client_frames,
    appliesMask: config.apply_mask,
    maxFrameBytes: config.max_frame_size,
    maxMessageBytes: config.max_message_size,
    autoFragmentBytes: config.auto_fragment_size,
    failsByDrop: config.fail_by_drop,
    echoesCloseCodeReason: config.echo_close_codereason,
    openHandshakeTimeoutMs: config.open_handshake_timeout,
    closeHandshakeTimeoutMs: config.close_handshake_timeout,
    hasTcpNoDelay: config.tcp_nodelay,
    autoPingIntervalMs: config.auto_ping_interval,
    autoPingTimeoutMs: config.auto_ping_timeout,
    autoPingBytes: config.auto_ping_size,
    autoPingRestartsOnAnyTraffic: config.auto_ping_restart_on_any_traffic,
    deflate: deflateOptions(config.compression?.deflate),
  };
}

type DeflateConfig = NonNullable<WebSocketConfig["compression"]>["deflate"];

function deflateOptions(config: DeflateConfig): DeflateOptions | undefined {
  return config && {
    requestsNoContextTakeover: config.request_no_context_takeover,
    requestedWindowBits: config.request_max_window_bits,
    hasNoContextTakeover: config.no_context_takeover,
    windowBits: config.max_window_bits,
    memoryLevel: config.memory_level,
  };
}

/** @param maxMessageSize the key beside "options", which Crossbar.io's pages show. */
export function rawSocketOptions(
  config: RawSocketConfig,
  maxMessageSize: number | undefined,
): RawSocketOptions {
  return {
    maxMessageBytes: maxMessageSize ?? config.max_message_size,
    openHandshakeTimeoutMs: config.open_handshake_timeout,
    closeTimeoutMs: config.close_handshake_timeout,
    autoPingIntervalMs: config.auto_ping_interval,
    autoPingTimeoutMs: config.auto_ping_timeout,
  };
}

/** Of the memory that the process may have: what is left lets sessions that there are go on. */
const MEMORY_SHARE = 0.85;

/** @param config undefined: of a node without a router, where nobody comes in. */
export function capacityOptions(config: NodeLimitsConfig | undefined): CapacityOptions {
  const memory = config?.memory ?? Math.floor(memoryLimit() * MEMORY_SHARE);
  const rate = config?.handshakes ?? 0;
  return {
    memoryBytes: memory === 0 ? Infinity : memory,
    handshakes: rate === 0
      ? undefined
      : { perSecond: rate, burst: config?.handshakes_burst ?? rate },
    sessionsPerAddress: config?.sessions_per_address ?? Infinity,
    countsLoopback: config?.loopback ?? false,
    spareDescriptors: config?.spare_descriptors ?? 0,
  };
}

export interface EndpointSettings {
  /** The node directory. */
  readonly directory: string;
  readonly env: Environment;
  /** `tcp_nodelay` of what the endpoint carries. */
  readonly hasNoDelay: boolean;
}

/** Where to listen, by preference: of a range of ports each. Rejects with StartError. */
export async function listeningEndpoints(
  config: EndpointConfig,
  { directory, env, hasNoDelay }: EndpointSettings,
): Promise<Endpoint[]> {
  if (config.type === "inherited") {
    const tls = config.tls && await tlsOptions(config.tls, directory);
    return [{ kind: "fd", fd: inheritedSocket(config, env), ...(tls && { tls }) }];
  }
  const backlog = config.backlog === undefined ? {} : { backlog: config.backlog };
  if (config.type === "unix") {
    return [{ kind: "unix", path: resolve(directory, config.path), ...backlog }];
  }
  const { portrange: [first = config.port, last] = [] } = config;
  const port = portNumber(first, env);
  if (typeof port !== "number") {
    throw new StartError(`Cannot listen: ${port ?? "no port is given"}`);
  }
  const tls = config.tls && await tlsOptions(config.tls, directory);
  return Array.from({ length: (last ?? port) - port + 1 }, (_, i) => ({
    kind: "tcp",
    host: config.interface ?? (config.version === 6 ? "::" : "0.0.0.0"),
    port: port + i,
    noDelay: hasNoDelay,
    reusePort: config.shared,
    ...backlog,
    ...(config.version === undefined ? {} : { version: config.version }),
    ...(tls && { tls }),
  }));
}

async function tlsOptions(config: TlsConfig, directory: string): Promise<TlsOptions> {
  const read = (file: string) => readFile(resolve(directory, file), "utf8");
  const chain = [config.certificate, ...config.chain_certificates ?? []];
  const [key, certificates, authorities] = await Promise.all([
    read(config.key),
    Promise.all(chain.map(read)),
    Promise.all((config.ca_certificates ?? []).map(read)),
  ]);
  const ciphers = await ciphersOf(config);
  return {
    key,
    cert: certificates.join("\n"),
    minVersion: `TLSv${config.min_version}`,
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(authorities.length === 0 ? {} : { ca: authorities, clientCertificate: "require" }),
  };
}

/** Loaded only where there are some. */
async function ciphersOf({ ciphers }: TlsConfig): Promise<string | undefined> {
  if (ciphers === undefined) return undefined;
  const { runtimeCiphers } = await import("./ciphers.ts");
  const found = runtimeCiphers(ciphers);
  if (found !== undefined) return found;
  throw new StartError(`Cannot listen: found no cipher of this runtime in "${ciphers}"`);
}
