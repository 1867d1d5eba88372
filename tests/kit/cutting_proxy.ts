/** A TCP proxy whose connections break after some bytes, in the middle of whatever passes. */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { FakeRandom } from "./fake_random.ts";

export class CuttingProxy {
  /** Connections that were cut. */
  cuts = 0;
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #lasting: () => number;
  readonly #leavesHalf: () => boolean;

  /** @param lasting bytes, of both directions, that a new connection lasts. @param leavesHalf whether the router's end of one that breaks
   * stays open for a while, as when a machine goes away. */
  private constructor(port: number, lasting: () => number, leavesHalf: () => boolean) {
    this.#lasting = lasting;
    this.#leavesHalf = leavesHalf;
    this.#server = createServer((near) => this.#serve(near, createConnection(port, "127.0.0.1")));
  }

  static async open(
    port: number,
    random: FakeRandom,
    meanBytes: number,
  ): Promise<CuttingProxy> {
    const lasting = () => 1 + random.index(2 * meanBytes);
    const proxy = new CuttingProxy(port, lasting, () => random.oneIn(3));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts all connections that there are. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(near: Socket, far: Socket): void {
    this.connections++;
    let left = this.#lasting();
    let isCut = false;
    const cut = () => {
      if (isCut) return;
      isCut = true;
      this.cuts++;
      near.destroy();
      // Still there for the router, but nothing comes any more.
      if (this.#leavesHalf()) setTimeout(() => far.destroy(), 300);
      else far.destroy();
    };
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.#sockets.add(from);
      from.on("data", (bytes: Uint8Array) => {
        if (isCut) return;
        if (bytes.length < left) {
          left -= bytes.length;
          to.write(bytes);
        } else {
          // What has passed until here arrives.
          to.write(bytes.subarray(0, left), cut);
          left = Infinity;
        }
      });
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        if (!isCut) to.end();
      });
    }
  }
}
