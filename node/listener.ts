/**
 * One configured transport at work: a listener, the services behind it and the connections that it has accepted.
 * Opened and closed by `node.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Log } from "../router/ports.ts";
import type { Address, ByteStream } from "../transports/byte_stream.ts";
import type { Endpoint, Listener } from "../transports/endpoint.ts";
import type { TransportHost } from "../transports/host.ts";
import type { TrustedProxies } from "../transports/forwarded.ts";
import { createHttpSeam, type HttpSeam } from "../transports/http_seam.ts";
import { listen } from "../transports/listen.ts";
import { peerName } from "../transports/peer_name.ts";
import { serveProxied } from "../transports/proxy_protocol.ts";
import { serveRawSocket } from "../transports/rawsocket.ts";
import { serveStream, type StreamRoutes } from "../transports/sniff.ts";
import { serveTestee } from "../transports/testee.ts";
import { serveWebSocket } from "../transports/websocket.ts";
import { OpenStreams } from "./open_streams.ts";
import type { TransportServices } from "./services.ts";

export interface ListenerParts {
  readonly endpoint: Endpoint;
  readonly services: TransportServices;
  readonly host: TransportHost;
  /** False: cut off what was accepted. */
  readonly accepts: () => boolean;
  /** Peers are balancers that say whom they speak for. */
  readonly speaksProxyProtocol: boolean;
  /** Whose headers are believed. */
  readonly proxies: TrustedProxies | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes the HTTP services' handler; asked for at the first request. */
  readonly loadHttp: () => Promise<HttpHandler>;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Where Crossbar.io has no limit, a connection that says nothing would stay for ever. */
const QUIET_MS = 10_000;
const HTTP_BODY_MS = 30_000;
/** Of transports without options for HTTP; else `client_timeout` tells. */
const HTTP_KEEP_ALIVE_S = 60;
const NEVER_MS = 365 * 86_400_000;
/** How long closing handshakes may take once all sessions have ended. */
const CLOSING_MS = 250;

export class OpenListener {
  readonly address: Address;
  readonly #listener: Listener;
  readonly #http: HttpSeam | undefined;
  readonly #streams: OpenStreams;

  private constructor(listener: Listener, http: HttpSeam | undefined, streams: OpenStreams) {
    this.address = listener.address;
    this.#listener = listener;
    this.#http = http;
    this.#streams = streams;
  }

  /** Rejects with a ListenError. */
  static async open(parts: ListenerParts): Promise<OpenListener> {
    const streams = new OpenStreams(parts.clock);
    const { paths, mayGrow } = parts.services.http;
    const hasHttp = mayGrow || Object.keys(paths).length > 0;
    const http = hasHttp ? seamOf(parts) : undefined;
    const routes = routesOf(parts, http, streams);
    const listener = await listen(parts.endpoint, (stream) => serve(stream, routes, parts));
    return new OpenListener(listener, http, streams);
  }

  /** Accepts nobody any more. */
  stopAccepting(): Promise<void> {
    return this.#listener.close();
  }

  /** Ends HTTP connections as soon as they have their answers, at most after `limitMs`. */
  async finishHttp(limitMs: number): Promise<void> {
    await this.#http?.close(limitMs);
  }

  /** Waits a moment for closing handshakes, then cuts off who is left. Call it when all sessions have ended. */
  end(): Promise<void> {
    return this.#streams.end(CLOSING_MS);
  }
}

/** At once, or behind the header of a proxy. */
function serve(stream: ByteStream, routes: StreamRoutes, parts: ListenerParts): void {
  if (!parts.accepts()) {
    stream.onClose = () => {};
    return stream.abort();
  }
  const { speaksProxyProtocol, proxies, host, log } = parts;
  if (!speaksProxyProtocol) return serveStream(stream, routes);
  const peer = peerName(stream.remote);
  const refused = (problem: string) =>
    log.warn("Closed the connection of {peer}: {problem}", { peer, problem });
  const { remote } = stream;
  if (proxies !== undefined && "host" in remote && !proxies.has(remote.host)) {
    stream.onClose = () => {};
    refused("it is no trusted proxy");
    return stream.abort();
  }
  const options = { wheel: host.deadlines, timeoutMs: QUIET_MS };
  serveProxied(stream, options, (behind) => serveStream(behind, routes), refused);
}

function routesOf(
  { services, host, proxies }: ListenerParts,
  http: HttpSeam | undefined,
  streams: OpenStreams,
): StreamRoutes {
  const { rawSocket, testee } = services;
  const quietMs = quietLimit(services);
  return {
    ...(rawSocket && {
      rawsocket: (stream, initial) => {
        const attach: typeof rawSocket.attach = (transport) => {
          streams.add(stream);
          return rawSocket.attach(transport);
        };
        serveRawSocket(stream, initial, { ...rawSocket, attach });
      },
    }),
    ...((services.webSocketPlaces.length > 0 || services.http.mayGrow) && {
      upgrade: (stream, request, rest) => {
        const upgrade = { request, first: rest, end: 0 };
        const behind = proxies?.peerBehind(stream.behind ?? stream.remote, request.headers);
        if (behind !== undefined) stream.behind = behind;
        const service = testee === undefined ? services.webSocket(request.path) : undefined;
        if (service !== undefined) serveWebSocket(stream, upgrade, service);
        else if (testee !== undefined) serveTestee(stream, upgrade, testee);
        else return false;
        streams.add(stream);
        return true;
      },
    }),
    ...(http && { http }),
    timeouts: { firstByteMs: quietMs, headMs: quietMs },
    wheel: host.deadlines,
  };
}

/** The longest `open_handshake_timeout` of the services, of which 0 is none. */
function quietLimit(services: TransportServices): number {
  const limits = services.openHandshakeTimeoutsMs;
  if (limits.includes(0)) return NEVER_MS;
  return limits.length === 0 ? QUIET_MS : Math.max(...limits);
}

function seamOf({ host, log, services, loadHttp }: ListenerParts): HttpSeam {
  let loading: Promise<HttpHandler> | undefined;
  const fault = (error: unknown) => log.error("Cannot answer an HTTP request: {error}", { error });
  const seconds = services.http.options?.client_timeout;
  return createHttpSeam({
    handler: (request, response) => {
      loading ??= loadHttp();
      loading.then((handler) => handler(request, response)).catch((error) => {
        fault(error);
        response.destroy();
      });
    },
    timeouts: {
      firstByteMs: QUIET_MS,
      headMs: QUIET_MS,
      bodyMs: HTTP_BODY_MS,
      keepAliveMs: seconds === null ? NEVER_MS : (seconds ?? HTTP_KEEP_ALIVE_S) * 1000,
    },
    wheel: host.deadlines,
    onError: fault,
  });
}
