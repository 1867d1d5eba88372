/** From `rlinks` of a realm's configuration to running links: what they dial, and what they show. Used by `node.ts`; loaded only where there are any. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Authentication } from "../auth/authentication.ts";
import { embedded } from "../router/join.ts";
import type { Clock, Log } from "../router/ports.ts";
import type { Router } from "../router/router.ts";
import { dial } from "../transports/dial.ts";
import type { ClientEndpoint, ClientTlsOptions } from "../transports/endpoint.ts";
import type { TransportHost } from "../transports/host.ts";
import { codecs } from "../wamp/codec/codecs.ts";
import type {
  ConnectingEndpointConfig,
  ConnectingTransportConfig,
} from "./config/schema_connect.ts";
import type { LinkAuthenticationConfig, LinkConfig } from "./config/schema_link.ts";
import { attachInside } from "./inside.ts";
import { Link, type Open } from "./link/link.ts";
import { secretOf, type SecretSettings } from "./secrets.ts";

export interface LinksSettings extends SecretSettings {
  readonly router: Router;
  readonly host: TransportHost;
  readonly clock: Clock;
  readonly log: Log;
}

/** A link of `realm` that has not been started. Rejects with StartError when a file that it needs cannot be used. */
export async function linkOf(
  realm: string,
  id: string,
  config: LinkConfig,
  settings: LinksSettings,
): Promise<Link> {
  const { clock, log } = settings;
  const authentication = config.authentication &&
    await authenticationOf(config.authentication, settings);
  return new Link({
    id,
    realm,
    remoteRealm: config.realm,
    ...(authentication && { authentication }),
    excludedAuthids: config.exclude_authid,
    forwardsLocalEvents: config.forward_local_events,
    forwardsRemoteEvents: config.forward_remote_events,
    forwardsLocalInvocations: config.forward_local_invocations,
    forwardsRemoteInvocations: config.forward_remote_invocations,
    firstDelayMs: config.initial_retry_delay,
    longestDelayMs: config.max_retry_delay,
  }, {
    clock,
    log,
    jitter: Math.random,
    local: localOpen(id, settings),
    remote: await remoteOpen(config.transport, settings),
  });
}

function localOpen(id: string, { router, log }: LinksSettings): Open {
  const gate = embedded({ authid: `rlink-${id}` });
  const onFault = (error: unknown) => log.error("Fault in link {id}: {error}", { id, error });
  return (attach) => {
    attachInside(router, gate, onFault, attach);
    return Promise.resolve();
  };
}

/** Opens connections by a transport of the configuration. Rejects when files of TLS cannot be read. */
export async function remoteOpen(
  config: ConnectingTransportConfig,
  { host, directory }: Pick<LinksSettings, "host" | "directory">,
): Promise<Open> {
  const { endpoint } = config;
  const at = endpoint && await endpointOf(endpoint, directory);
  const isSecure = endpoint?.type === "tcp" && endpoint.tls !== undefined;
  // The endpoint says where; the URL only which protocol.
  const url = config.type === "websocket" ? config.url : `${isSecure ? "rss" : "rs"}://localhost`;
  const names: readonly string[] = config.type === "websocket"
    ? config.serializers
    : [config.serializer];
  const wanted = names.flatMap((name) => codecs.filter((codec) => codec.name === name));
  return (attach, signal) =>
    dial({
      url,
      codecs: wanted,
      signal,
      host,
      ...(at && { endpoint: at }),
      timeoutMs: (endpoint?.timeout ?? 10) * 1000,
    }, attach);
}

async function endpointOf(
  config: ConnectingEndpointConfig,
  directory: string,
): Promise<ClientEndpoint> {
  if (config.type === "unix") return { kind: "unix", path: resolve(directory, config.path) };
  const { host, port, version, tls } = config;
  return {
    kind: "tcp",
    host,
    port: Number(port),
    ...(version !== undefined && { version }),
    ...(tls && { tls: await tlsOf(tls, directory) }),
  };
}

async function tlsOf(
  config: NonNullable<Extract<ConnectingEndpointConfig, { type: "tcp" }>["tls"]>,
  directory: string,
): Promise<ClientTlsOptions> {
  const { hostname, ca_certificates: authorities, certificate, key } = config;
  const read = (file: string) => readFile(resolve(directory, file), "utf8");
  return {
    ...(hostname !== undefined && { serverName: hostname }),
    ...(authorities && { ca: await Promise.all(authorities.map(read)) }),
    ...(certificate !== undefined && { cert: await read(certificate) }),
    ...(key !== undefined && { key: await read(key) }),
  };
}

/** What the configuration says to show the router. */
export async function authenticationOf(
  { ticket, wampcra, scram, cryptosign, jwt }: LinkAuthenticationConfig,
  settings: SecretSettings,
): Promise<Authentication> {
  // A variable that is not set was found when the configuration was checked.
  const secret = async (value: unknown) => await secretOf(value, settings) ?? "";
  return {
    ...(ticket && {
      ticket: { authid: ticket.authid, ticket: await secret(ticket.ticket) },
    }),
    ...(wampcra && {
      wampcra: { authid: wampcra.authid, secret: await secret(wampcra.secret) },
    }),
    ...(scram && { scram: { authid: scram.authid, password: await secret(scram.password) } }),
    ...(cryptosign && {
      cryptosign: {
        privkey: await secret(cryptosign.privkey),
        ...(cryptosign.authid !== undefined && { authid: cryptosign.authid }),
      },
    }),
    ...(jwt && { jwt: { token: await secret(jwt.token) } }),
  };
}
