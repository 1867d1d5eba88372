/**
 * HTTP on our own connections: a `node:http` server that never listens, fed with Duplex streams over ByteStream.
 * `sniff.ts` hands over connections that speak neither RawSocket nor WebSocket; the handler is a Hono application, or any other.
 * Time-outs are ours: those of node:http never fire on connections that it did not accept itself.
 */
import { Buffer } from "node:buffer";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import process from "node:process";
import type { ByteStream } from "./byte_stream.ts";
import type { DeadlineWheel } from "./deadline.ts";
import { HttpDuplex, type HttpTimeouts } from "./http_duplex.ts";
import { parseUpgrade, type UpgradeRequest } from "./websocket_handshake.ts";

export type { HttpTimeouts };

export interface HttpSeamOptions {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly timeouts: HttpTimeouts;
  readonly wheel: DeadlineWheel;
  /** What the handler threw; the client gets 500. */
  readonly onError: (error: unknown) => void;
}

/** As `StreamRoutes.upgrade`. */
export type TakeUpgrade = (
  stream: ByteStream,
  request: UpgradeRequest,
  rest: Uint8Array<ArrayBuffer>,
) => boolean;

export interface HttpSeam {
  /** Takes over `stream`; `initial` is copied. `upgrade` is asked when a connection that was kept alive is to become a WebSocket. */
  accept(stream: ByteStream, initial: Uint8Array, upgrade?: TakeUpgrade): void;
  /** Idle connections end at once, busy ones after their answers, all of them after `limitMs`. Takes no new ones. */
  close(limitMs?: number): Promise<void>;
}

const CLOSE_LIMIT_MS = 5000;

export function createHttpSeam(options: HttpSeamOptions): HttpSeam {
  const { timeouts, wheel } = options;
  const connections = new Set<HttpDuplex>();
  const upgrades = new WeakMap<HttpDuplex, TakeUpgrade>();
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    request.on("error", nothing);
    response.on("error", nothing);
    const duplex: unknown = request.socket;
    if (!(duplex instanceof HttpDuplex)) return;
    duplex.began(response);
    if (request.headers.host === undefined && request.httpVersion === "1.1") {
      // Bun lets it pass.
      return void response.writeHead(400, { "Connection": "close" }).end("No Host header\n");
    }
    if (request.headers.upgrade !== undefined) {
      if (isWebSocket(request) && duplex.isBehind(response)) {
        // Frames would follow answers that are still to come.
        const text = "Cannot upgrade to WebSocket: found an earlier request without its answer\n";
        return void response.writeHead(400, { "Connection": "close" }).end(text);
      }
      if (isWebSocket(request) && upgraded(duplex, request, response)) return;
      // Its parser drops what comes behind such a request.
      if (!duplex.isLast(response)) duplex.closeWhenIdle();
    }
    handle(options, duplex, request, response);
  };
  let server: Server | undefined;
  let closed: (() => void) | undefined;

  /** True when `upgrade` has taken the connection, or the request was refused. */
  function upgraded(
    duplex: HttpDuplex,
    request: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    const upgrade = upgrades.get(duplex);
    if (upgrade === undefined || !duplex.isLast(response)) return false;
    const head = headOf(request);
    const parsed = parseUpgrade(head, head.length);
    if (parsed.kind === "bad") {
      response.writeHead(parsed.status, { "Connection": "close" }).end(`${parsed.text}\n`);
      return true;
    }
    if (parsed.kind !== "upgrade") return false;
    if (!upgrade(duplex.stream, parsed.request, new Uint8Array(0))) return false;
    duplex.release();
    return true;
  }

  return {
    accept(stream, initial, upgrade) {
      if (closed !== undefined) return refuse(stream);
      const duplex = new HttpDuplex(stream, timeouts, wheel);
      if (upgrade !== undefined) upgrades.set(duplex, upgrade);
      connections.add(duplex);
      duplex.once("close", () => {
        connections.delete(duplex);
        if (connections.size === 0) closed?.();
      });
      server ??= createFedServer(answer);
      server.emit("connection", duplex);
      if (initial.length > 0) duplex.feed(initial);
    },
    close(limitMs = CLOSE_LIMIT_MS) {
      return new Promise((resolve) => {
        const limit = wheel.deadline(() => {
          for (const one of connections) one.destroy();
        });
        closed = () => {
          limit.clear();
          resolve();
        };
        if (connections.size === 0) return closed();
        limit.set(limitMs);
        for (const one of connections) one.closeWhenIdle();
      });
    },
  };
}

/** A server that takes what is emitted to it and closes nothing on its own account. */
function createFedServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  // Loaded by the first connection that speaks HTTP: it is a tenth of what a start loads.
  const { createServer } = process.getBuiltinModule("node:http");
  const server = createServer({ keepAlive: true }, listener);
  // Deno ends the connection after each response of a server that does not listen (denoland/deno#35609).
  Object.defineProperty(server, "listening", { value: true });
  server.timeout = 0;
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.on("clientError", (error, socket) => {
    if (socket instanceof HttpDuplex) socket.refuse(isOverflow(error) ? 431 : 400);
  });
  return server;
}

function handle(
  options: HttpSeamOptions,
  duplex: HttpDuplex,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  try {
    options.handler(request, response);
  } catch (error) {
    options.onError(error);
    if (response.headersSent) duplex.destroy();
    else response.writeHead(500, { "Connection": "close" }).end();
  }
}

function isWebSocket(request: IncomingMessage): boolean {
  return /\bwebsocket\b/i.test(request.headers.upgrade ?? "");
}

/** What node:http read, as it came: for the strict parser, which alone decides about upgrades. */
function headOf(request: IncomingMessage): Uint8Array {
  let text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    text += `${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}\r\n`;
  }
  return Buffer.from(`${text}\r\n`, "latin1");
}

function isOverflow(error: Error): boolean {
  return "code" in error && error.code === "HPE_HEADER_OVERFLOW";
}

function refuse(stream: ByteStream): void {
  stream.onData =
    stream.onDrain =
    stream.onEnd =
    stream.onClose =
      nothing;
  stream.close();
}

/** Faults of a connection end it, which "close" tells. */
function nothing(): void {}
