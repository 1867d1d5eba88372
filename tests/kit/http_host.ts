/** A listener that sniffs and serves HTTP, on a clock that the test moves; and a raw client that reads answers. */
import net from "node:net";
import type { IncomingMessage, ServerResponse } from "node:http";
import { DeadlineWheel } from "../../transports/deadline.ts";
import type { Endpoint, Listener } from "../../transports/endpoint.ts";
import { createHttpSeam, type HttpSeam, type HttpTimeouts } from "../../transports/http_seam.ts";
import { listen } from "../../transports/listen.ts";
import { serveStream, type StreamRoutes } from "../../transports/sniff.ts";
import { FakeClock } from "./fake_clock.ts";

export const TIMEOUTS: HttpTimeouts = {
  firstByteMs: 1000,
  headMs: 2000,
  bodyMs: 3000,
  keepAliveMs: 4000,
};

export interface HttpHost {
  readonly clock: FakeClock;
  readonly seam: HttpSeam;
  readonly listener: Listener;
  readonly port: number;
  readonly errors: unknown[];
  client(): Promise<RawClient>;
  close(): Promise<void>;
}

export async function httpHost(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  routes: Partial<StreamRoutes> = {},
  endpoint: Endpoint = { kind: "tcp", host: "127.0.0.1", port: 0 },
): Promise<HttpHost> {
  const clock = new FakeClock();
  const wheel = new DeadlineWheel(clock, 100);
  const errors: unknown[] = [];
  const seam = createHttpSeam({
    handler,
    timeouts: TIMEOUTS,
    wheel,
    onError: (error) => errors.push(error),
  });
  const all: StreamRoutes = { http: seam, timeouts: TIMEOUTS, wheel, ...routes };
  const listener = await listen(endpoint, (stream) => serveStream(stream, all));
  const { address } = listener;
  const port = "port" in address ? address.port : 0;
  const clients: RawClient[] = [];
  return {
    clock,
    seam,
    listener,
    port,
    errors,
    client: async () => {
      const client = await RawClient.connect(port);
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.socket.destroy();
      await listener.close();
      const closed = seam.close(0);
      clock.advance(1000);
      await closed;
    },
  };
}

/** A TCP client that sends what it is told to, and waits for texts. */
export class RawClient {
  readonly socket: net.Socket;
  text = "";
  receivedBytes = 0;
  hasEnded = false;
  isClosed = false;
  /** False: only counts. */
  keeps = true;
  #waiting: { until: () => boolean; resolve: () => void }[] = [];

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => {
      this.receivedBytes += bytes.length;
      if (this.keeps) this.text += new TextDecoder("latin1").decode(bytes);
      this.#check();
    });
    socket.on("end", () => {
      this.hasEnded = true;
      this.#check();
    });
    socket.on("close", () => {
      this.isClosed = true;
      this.#check();
    });
  }

  static connect(port: number): Promise<RawClient> {
    const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    const client = new RawClient(socket);
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(client));
      socket.once("error", reject);
    });
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: condition, resolve }));
  }

  /** Until the text ends with `end`, or the connection is over. */
  async answer(end: string): Promise<string> {
    await this.until(() => this.text.endsWith(end) || this.hasEnded || this.isClosed);
    const { text } = this;
    this.text = "";
    return text;
  }

  ended(): Promise<void> {
    return this.until(() => this.hasEnded || this.isClosed);
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ until, resolve }) => {
      if (!until()) return true;
      resolve();
      return false;
    });
  }
}
