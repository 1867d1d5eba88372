/**
 * One configured transport at work: a listener, the services behind it and the connections that it has accepted.
 * Opened, changed and closed by `worker/router_transport.ts`.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Log } from "../router/ports.ts";
import type { Address, ByteStream } from "../transports/byte_stream.ts";
import type { Endpoint, Listener, TlsOptions } from "../transports/endpoint.ts";
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
import type { UpgradeRequest } from "../transports/websocket_handshake.ts";
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
  readonly #streams: OpenStreams;
  readonly #seams: { readonly seam: HttpSeam; readonly keepAlive: unknown }[] = [];
  #parts: ListenerParts;
  #routes: StreamRoutes;
  #listener: Listener | undefined = undefined;
  /** Of the present services; undefined until the first request. */
  #loading: Promise<HttpHandler> | undefined = undefined;

  private constructor(parts: ListenerParts) {
    this.#streams = new OpenStreams(parts.clock);
    this.#parts = parts;
    this.#routes = this.#newRoutes();
  }

  /** Rejects with a ListenError. */
  static async open(parts: ListenerParts): Promise<OpenListener> {
    const open = new OpenListener(parts);
    open.#listener = await listen(
      parts.endpoint,
      (stream) => serve(stream, open.#routes, open.#parts),
    );
    return open;
  }

  get address(): Address {
    if (this.#listener === undefined) throw new Error("Cannot tell the address: nothing is open");
    return this.#listener.address;
  }

  /** Who connects from now on, and each request from now on, gets these services. Connections go on as they are. The endpoint stays. */
  change(parts: ListenerParts): void {
    this.#parts = parts;
    this.#loading = undefined;
    this.#routes = this.#newRoutes();
  }

  /** Throws a ListenError when they cannot be used; then all is as before. */
  setSecureContext(tls: TlsOptions): void {
    this.#listener?.setSecureContext(tls);
  }

  /** Accepts nobody any more. */
  async stopAccepting(): Promise<void> {
    await this.#listener?.close();
  }

  /** Ends HTTP connections as soon as they have their answers, at most after `limitMs`. */
  async finishHttp(limitMs: number): Promise<void> {
    await Promise.all(this.#seams.map(({ seam }) => seam.close(limitMs)));
  }

  /** Waits a moment for closing handshakes, then cuts off who is left. Call it when all sessions have ended. */
  end(): Promise<void> {
    return this.#streams.end(CLOSING_MS);
  }

  #newRoutes(): StreamRoutes {
    const { rawSocket, webSocketPlaces, http: { paths, mayGrow } } = this.#parts.services;
    const { host: { deadlines: wheel }, services } = this.#parts;
    const quietMs = quietLimit(services);
    return {
      ...(rawSocket && {
        rawsocket: (stream, initial) => {
          const attach: typeof rawSocket.attach = (transport) => {
            this.#streams.add(stream);
            return rawSocket.attach(transport);
          };
          serveRawSocket(stream, initial, { ...rawSocket, attach });
        },
      }),
      ...((webSocketPlaces.length > 0 || mayGrow) && {
        upgrade: (stream, request, rest) => this.#upgrade(stream, request, rest),
      }),
      ...((mayGrow || Object.keys(paths).length > 0) && { http: this.#seam() }),
      timeouts: { firstByteMs: quietMs, headMs: quietMs },
      wheel,
    };
  }

  /** Connections that were kept alive come here, too, perhaps with services that there were not when they were made. */
  #upgrade(
    stream: ByteStream,
    request: UpgradeRequest,
    rest: Uint8Array<ArrayBuffer>,
  ): boolean {
    const { services, proxies } = this.#parts;
    const { testee } = services;
    const upgrade = { request, first: rest, end: 0 };
    const behind = proxies?.peerBehind(stream.behind ?? stream.remote, request.headers);
    if (behind !== undefined) stream.behind = behind;
    const service = testee === undefined ? services.webSocket(request.path) : undefined;
    if (service !== undefined) serveWebSocket(stream, upgrade, service);
    else if (testee !== undefined) serveTestee(stream, upgrade, testee);
    else return false;
    this.#streams.add(stream);
    return true;
  }

  /** Another one only where connections are to be kept for another time. */
  #seam(): HttpSeam {
    const keepAlive = this.#parts.services.http.options?.client_timeout;
    const last = this.#seams.at(-1);
    if (last?.keepAlive === keepAlive && last !== undefined) return last.seam;
    const seam = seamOf(this.#parts, keepAlive, (request, response) => {
      this.#answer(request, response);
    });
    this.#seams.push({ seam, keepAlive });
    return seam;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#loading ??= this.#parts.loadHttp();
    this.#loading.then((handler) => handler(request, response)).catch((error) => {
      this.#parts.log.error(FAULT, { error });
      response.destroy();
    });
  }
}

const FAULT = "Cannot answer an HTTP request: {error}";

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

/** The longest `open_handshake_timeout` of the services, of which 0 is none. */
function quietLimit(services: TransportServices): number {
  const limits = services.openHandshakeTimeoutsMs;
  if (limits.includes(0)) return NEVER_MS;
  return limits.length === 0 ? QUIET_MS : Math.max(...limits);
}

function seamOf(
  { host, log }: ListenerParts,
  seconds: number | null | undefined,
  handler: HttpHandler,
): HttpSeam {
  return createHttpSeam({
    handler,
    timeouts: {
      firstByteMs: QUIET_MS,
      headMs: QUIET_MS,
      bodyMs: HTTP_BODY_MS,
      keepAliveMs: seconds === null ? NEVER_MS : (seconds ?? HTTP_KEEP_ALIVE_S) * 1000,
    },
    wheel: host.deadlines,
    onError: (error) => log.error(FAULT, { error }),
  });
}
