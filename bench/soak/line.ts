/**
 * A line to the node that can be cut, as a program that crashes or a cable that is pulled would: a relay on loopback between one
 * client and the node. The library itself always closes in an orderly way.
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

export class Line {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>, port: number) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = port;
  }

  /** @param target the node's port. */
  static async lay(target: number): Promise<Line> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      for (const [one, other] of [[near, far], [far, near]] as const) {
        sockets.add(one);
        one.setNoDelay(true);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("Cannot lay a line");
    return new Line(server, sockets, address.port);
  }

  /** Both ends see their connection broken: no GOODBYE, no close frame. */
  cut(): void {
    this.#server.close();
    for (const socket of [...this.#sockets]) socket.destroy();
  }
}
