/**
 * What a configured transport speaks, as the services that `transports/` runs: RawSocket, WebSocket by path, HTTP.
 * Called by `node.ts` once a transport.
 */
import { anonymous, type Gate } from "../router/join.ts";
import type { Router } from "../router/router.ts";
import type { TransportHost, TransportStats } from "../transports/host.ts";
import type { RawSocketService } from "../transports/rawsocket.ts";
import type { TesteeService } from "../transports/testee.ts";
import type { WebSocketService } from "../transports/websocket.ts";
import type { Codec } from "../wamp/codec/codec.ts";
import { codecs } from "../wamp/codec/codecs.ts";
import { VERSION } from "../wamp/version.ts";
import type { TransportConfig } from "./config/schema.ts";
import type { Environment } from "./config/environment.ts";
import type { AuthConfig } from "./config/schema_auth.ts";
import type {
  WebOptionsConfig,
  WebPathsConfig,
  WebServiceConfig,
  WebSocketConnectionConfig,
} from "./config/schema_web.ts";
import type { Door } from "./capacity.ts";
import type { CookieJar, CookieJars } from "./cookies.ts";
import type { InsideSessions } from "./inside_sessions.ts";
import { rawSocketOptions, webSocketOptions } from "./options.ts";
import type { AuthStats, Throttle } from "./throttle.ts";
import { everyService, findService } from "./web/find.ts";
import { type ServiceGate, serviceGate } from "./service_gate.ts";
import { parseWebPath } from "./web/web_path.ts";

export interface TransportServices {
  readonly rawSocket: RawSocketService | undefined;
  /** The service for the path of an upgrade request. */
  webSocket(path: string): WebSocketService | undefined;
  readonly testee: TesteeService | undefined;
  readonly http: HttpServices;
  /** A service below a path that has none. */
  addPath(path: string, config: WebServiceConfig): Promise<void>;
  removePath(path: string): void;
  readonly hasTcpNoDelay: boolean;
  /** Of all services; 0 is no limit. */
  readonly openHandshakeTimeoutsMs: readonly number[];
  /** Who may join, by place: "rawsocket", or the path of a WebSocket service. */
  readonly gates: ReadonlyMap<string, ServiceGate>;
  /** Of its WebSocket services: "/ws", or the configured `url`. For logs. */
  readonly webSocketPlaces: readonly string[];
}

export interface HttpServices {
  readonly paths: WebPathsConfig;
  readonly options: WebOptionsConfig | undefined;
  /** Paths may be added while it runs. */
  readonly mayGrow: boolean;
}

export interface ServiceParts {
  readonly id: string;
  readonly router: Router;
  readonly host: TransportHost;
  readonly stats: TransportStats;
  /** The node directory. */
  readonly directory: string;
  readonly env: Environment;
  readonly jars: CookieJars;
  readonly throttle: Throttle;
  readonly authStats: AuthStats;
  /** Undefined: everybody finds room. */
  readonly door: Door | undefined;
  readonly authenticators: InsideSessions;
}

/** Rejects with StartError when principals cannot be used. */
export async function transportServices(
  config: TransportConfig,
  parts: ServiceParts,
): Promise<TransportServices> {
  switch (config.type) {
    case "rawsocket":
      return await services(parts, { rawSocket: config });
    case "websocket":
      return await services(parts, { paths: { "/": { ...config, type: "websocket" } } });
    case "web":
      return await services(parts, { paths: config.paths, options: config.options });
    case "universal": {
      const webSockets: WebPathsConfig = Object.fromEntries(
        Object.entries(config.websocket ?? {}).map(([path, service]) =>
          [path, { ...service, type: "websocket" }] as const
        ),
      );
      return await services(parts, {
        rawSocket: config.rawsocket,
        paths: { ...webSockets, ...config.web?.paths },
        upgradePaths: { ...config.web?.paths, ...webSockets },
        options: config.web?.options,
      });
    }
    case "websocket.testee": {
      const { host, stats } = parts;
      const options = webSocketOptions(config.options);
      return {
        ...await services(parts, { paths: { "/": { ...config, type: "websocket" } } }),
        testee: { host, stats, options },
      };
    }
    default:
      return config satisfies never;
  }
}

type RawSocketPart = Omit<
  Extract<TransportConfig, { type: "rawsocket" }>,
  "endpoint" | "type" | "id"
>;

interface Spoken {
  readonly rawSocket?: RawSocketPart | undefined;
  readonly paths?: WebPathsConfig;
  /** Where upgrades are looked up, when that differs. */
  readonly upgradePaths?: WebPathsConfig;
  readonly options?: WebOptionsConfig | undefined;
}

async function services(parts: ServiceParts, spoken: Spoken): Promise<TransportServices> {
  const { rawSocket, options } = spoken;
  // Copies, as paths may come and go.
  const paths = { ...spoken.paths };
  const upgradePaths = { ...spoken.upgradePaths ?? paths };
  const webSockets = new Map<object, WebSocketService>();
  const gates = new Map<string, ServiceGate>();
  const webSocketPlaces: string[] = [];
  for (const { config, names } of everyService(upgradePaths)) {
    if (config.type !== "websocket") continue;
    const path = `/${names.join("/")}`;
    webSockets.set(config, await webSocketService(config, path, parts, gates));
    webSocketPlaces.push(config.url ?? path);
  }
  const rawSocketPart = rawSocket && await rawSocketService(rawSocket, parts, gates);
  const all = [...webSockets.values(), ...(rawSocketPart === undefined ? [] : [rawSocketPart])];
  return {
    rawSocket: rawSocketPart,
    webSocket: (path) => {
      const parsed = parseWebPath(`ws://host${path}`);
      const found = parsed && findService(upgradePaths, parsed);
      return found && webSockets.get(found.config);
    },
    testee: undefined,
    http: { paths, options, mayGrow: options !== undefined },
    addPath: async (path, config) => {
      for (const { config: service, names } of everyService({ [path]: config })) {
        if (service.type !== "websocket") continue;
        const place = `/${names.join("/")}`;
        webSockets.set(service, await webSocketService(service, place, parts, gates));
      }
      paths[path] = config;
      upgradePaths[path] ??= config;
    },
    removePath: (path) => {
      const config = paths[path];
      delete paths[path];
      if (upgradePaths[path] === config) delete upgradePaths[path];
    },
    hasTcpNoDelay: [...webSockets.values()].every((service) => service.options.hasTcpNoDelay),
    openHandshakeTimeoutsMs: all.map((service) => service.options.openHandshakeTimeoutMs),
    gates,
    webSocketPlaces,
  };
}

type Gates = Map<string, ServiceGate>;

function gateAt(place: string, gate: Gate, gates: Gates): Gate {
  const kept = serviceGate(gate);
  gates.set(place, kept);
  return kept;
}

async function webSocketService(
  config: WebSocketConnectionConfig,
  path: string,
  parts: ServiceParts,
  gates: Gates,
): Promise<WebSocketService> {
  const { router, host, stats, id, jars, door } = parts;
  const jar = config.cookie && await jars.jar(config.cookie);
  const gate = await gateFor(config.auth, parts, jar);
  const kept = gateAt(
    path,
    jar !== undefined && config.auth?.cookie !== undefined ? jar.watching(gate) : gate,
    gates,
  );
  const guarded = door?.guard(kept) ?? kept;
  return {
    host,
    stats,
    options: webSocketOptions(config.options),
    codecs: codecsOf(config.serializers),
    listener: id,
    serverName: `Realmway/${VERSION}`,
    onUpgrade: ({ headers }, { tls }) => {
      if (door?.hasRoom() === false) return { refusal: NO_ROOM };
      // What a peer says falsely harms its own cookie alone.
      return jar?.hand(
        headers["cookie"],
        tls !== undefined || isHttps(headers["x-forwarded-proto"]),
      ) ?? { headers: {} };
    },
    attach: (transport) => router.attach(transport, guarded),
  };
}

const NO_ROOM = {
  status: 503,
  text: "Cannot upgrade to WebSocket: found too many connections, try again later",
};

/** Whether the outermost proxy was reached over TLS: each proxy appends what it was reached by. */
function isHttps(forwardedProto: string | string[] | undefined): boolean {
  return `${forwardedProto}`.split(",", 1)[0]?.trim().toLowerCase() === "https";
}

async function rawSocketService(
  config: RawSocketPart,
  parts: ServiceParts,
  gates: Gates,
): Promise<RawSocketService> {
  const { router, host, stats, id, door } = parts;
  const gate = gateAt("rawsocket", await gateFor(config.auth, parts), gates);
  const guarded = door?.guard(gate) ?? gate;
  const { serializer, serializers = serializer === undefined ? undefined : [serializer] } = config;
  return {
    host,
    stats,
    options: rawSocketOptions(config.options, config.max_message_size),
    codecs: codecsOf(serializers),
    listener: id,
    ...(door && { hasRoom: () => door.hasRoom() }),
    attach: (transport) => router.attach(transport, guarded),
  };
}

/** All that are configured, in the configured order; all there are when none is. */
function codecsOf(names: readonly Codec["name"][] = codecs.map(({ name }) => name)): Codec[] {
  return names.flatMap((name) => codecs.filter((codec) => codec.name === name));
}

/** Who may join. Without `auth` everyone may, as Crossbar.io has it. */
async function gateFor(
  auth: AuthConfig | undefined,
  parts: ServiceParts,
  jar?: CookieJar,
): Promise<Gate> {
  const { router, directory, env } = parts;
  const { random, clock, log } = router;
  if (auth === undefined) return anonymous("anonymous", random);
  const { gateOf } = await import("./auth.ts");
  const identityOf = jar && ((cookie: string) => jar.identityOf(cookie));
  const { authenticators: sessions } = parts;
  const gate = await gateOf(auth, {
    directory,
    env,
    router,
    sessions,
    random,
    clock,
    log,
    identityOf,
  });
  return parts.throttle.guard(gate, parts.authStats);
}
