/** Listens in on what a client sends: a TCP proxy in front of the router that reads WebSocket frames with JSON in them. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { RouterUnderTest } from "./router_under_test.ts";

/** A WAMP message as the client sent it. */
export type Sent = readonly unknown[];

export interface Tap {
  /** The router, behind the tap. */
  readonly router: RouterUnderTest;
  /** All messages of all connections so far. */
  readonly sent: readonly Sent[];
  close(): void;
}

export async function startTap(router: RouterUnderTest): Promise<Tap> {
  const sent: Sent[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(router.port, router.host);
    const reader = new FrameReader((text) => sent.push(JSON.parse(text)));
    client.on("data", (chunk: Uint8Array) => {
      reader.add(chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => client.write(chunk));
    for (const [one, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(one);
      one.on("end", () => other.end());
      one.on("error", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    router: { ...router, host: "127.0.0.1", port },
    sent,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const TEXT = 1;
const MASK = 0x80;

/** Frames of a client, behind the upgrade request. None is fragmented: the messages are short. */
class FrameReader {
  readonly #onText: (text: string) => void;
  #bytes = new Uint8Array(0);
  #isUpgraded = false;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  add(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#bytes.length + chunk.length);
    bytes.set(this.#bytes);
    bytes.set(chunk, this.#bytes.length);
    this.#bytes = bytes;
    if (!this.#isUpgraded) {
      const end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#isUpgraded = true;
      this.#bytes = bytes.subarray(end + 4);
    }
    while (this.#frame());
  }

  /** Takes a whole frame; false when there is none yet. */
  #frame(): boolean {
    const bytes = this.#bytes;
    const [first = 0, second = 0] = bytes;
    if (bytes.length < 2) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const short = second & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    const head = 2 + extra + (second & MASK ? 4 : 0);
    if (bytes.length < head) return false;
    const length = extra === 2
      ? view.getUint16(2)
      : extra === 8
      ? Number(view.getBigUint64(2))
      : short;
    if (bytes.length < head + length) return false;
    const mask = bytes.subarray(head - 4, head);
    const payload = bytes.slice(head, head + length)
      .map((byte, at) => second & MASK ? byte ^ (mask[at & 3] ?? 0) : byte);
    this.#bytes = bytes.subarray(head + length);
    if ((first & 0x0f) === TEXT) this.#onText(new TextDecoder().decode(payload));
    return true;
  }
}
