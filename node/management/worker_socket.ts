/**
 * The way of workers in processes of their own to the management realm: RawSocket on a unix socket in a folder that only the node's own user can
 * enter. Who comes by it has the role "trusted", as the node has itself.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embedded } from "../../router/join.ts";
import type { Clock, Transport } from "../../router/ports.ts";
import type { Router } from "../../router/router.ts";
import type { Listener } from "../../transports/endpoint.ts";
import { newStats, type TransportHost } from "../../transports/host.ts";
import { listen } from "../../transports/listen.ts";
import { serveRawSocket } from "../../transports/rawsocket.ts";
import { serveStream } from "../../transports/sniff.ts";
import { DEFAULT_RAWSOCKET_OPTIONS } from "../../transports/websocket_options.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { OpenStreams } from "../open_streams.ts";

export interface WorkerSocketParts {
  readonly host: TransportHost;
  readonly clock: Clock;
}

/** How long closing may take once all sessions have ended. */
const CLOSING_MS = 250;
const QUIET_MS = 10_000;

export class WorkerSocket {
  readonly path: string;
  readonly #folder: string;
  readonly #listener: Listener;
  readonly #streams: OpenStreams;

  private constructor(folder: string, path: string, listener: Listener, streams: OpenStreams) {
    this.#folder = folder;
    this.path = path;
    this.#listener = listener;
    this.#streams = streams;
  }

  /** Rejects with a ListenError. */
  static async open(router: Router, { host, clock }: WorkerSocketParts): Promise<WorkerSocket> {
    // Nobody else may enter it.
    const folder = await mkdtemp(join(tmpdir(), "realmway-node-"));
    await chmod(folder, 0o700);
    const path = join(folder, "workers.sock");
    const gate = embedded({ authid: router.random.authid() });
    const streams = new OpenStreams(clock);
    const stats = newStats();
    const listener = await listen({ kind: "unix", path, mode: 0o600 }, (stream) => {
      serveStream(stream, {
        rawsocket: (opened, initial) => {
          const attach = (transport: Transport) => {
            streams.add(opened);
            return router.attach(transport, gate);
          };
          const options = DEFAULT_RAWSOCKET_OPTIONS;
          serveRawSocket(opened, initial, { host, stats, options, codecs, attach });
        },
        timeouts: { firstByteMs: QUIET_MS, headMs: QUIET_MS },
        wheel: host.deadlines,
      });
    });
    return new WorkerSocket(folder, path, listener, streams);
  }

  stopAccepting(): Promise<void> {
    return this.#listener.close();
  }

  /** Cuts off who is left, and takes the folder away. */
  async end(): Promise<void> {
    await this.#streams.end(CLOSING_MS);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
