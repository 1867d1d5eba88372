/**
 * The control of the fan-out to 1,000: as little as can stand between a publisher and its subscribers. WebSocket and JSON over the project's
 * ByteStream, no sessions, no router, no checks: a publication is framed once, and its bytes go to every subscriber, gathered while a
 * write is under way. Speaks just enough WAMP for the load generator. Run as `deno run -A bench/load/fan_out_control.ts PORT` (or bun).
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { setImmediate } from "node:timers";
import type { ByteStream } from "../../transports/byte_stream.ts";
import { nativeRuntime, runtimeName } from "../../transports/runtime/runtime.ts";
import { headerBytes, writeHeader } from "../../transports/websocket_frame.ts";
import { parseUpgrade, upgradeAnswer } from "../../transports/websocket_handshake.ts";

const TEXT = 0x81;
const peers = new Set<Peer>();
const subscribers: Peer[] = [];
const touched: Peer[] = [];
const ENCODER = new TextEncoder();
let publications = 0;

function frame(text: string): Uint8Array<ArrayBuffer> {
  const length = Buffer.byteLength(text);
  const size = headerBytes(length);
  const bytes = new Uint8Array(size + length);
  writeHeader(bytes, 0, TEXT, length, undefined);
  ENCODER.encodeInto(text, bytes.subarray(size));
  return bytes;
}

function flushAll(): void {
  for (const peer of touched) peer.flush();
  touched.length = 0;
}

class Peer {
  readonly #stream: ByteStream;
  #isOpen = false;
  /** What waits, and the buffer that the stream holds until it drains. */
  #filling = new Uint8Array(4096);
  #flying = new Uint8Array(4096);
  #length = 0;
  #isWriting = false;
  /** A frame that has not come whole. */
  #cut = Buffer.alloc(0);

  constructor(stream: ByteStream) {
    this.#stream = stream;
    peers.add(this);
    stream.onData = (bytes) => this.#received(bytes);
    stream.onDrain = () => {
      this.#isWriting = false;
      this.flush();
    };
    stream.onEnd = () => stream.close();
    stream.onClose = () => {
      peers.delete(this);
      const at = subscribers.indexOf(this);
      if (at >= 0) subscribers.splice(at, 1);
    };
  }

  send(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#filling.length) {
      const larger = new Uint8Array(2 * (this.#length + bytes.length));
      larger.set(this.#filling.subarray(0, this.#length));
      this.#filling = larger;
    }
    if (this.#length === 0 && !this.#isWriting && touched.push(this) === 1) {
      if (runtimeName === "deno") queueMicrotask(flushAll);
      else setImmediate(flushAll);
    }
    this.#filling.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  flush(): void {
    if (this.#isWriting || this.#length === 0) return;
    const full = this.#filling;
    this.#isWriting = !this.#stream.write(full.subarray(0, this.#length));
    this.#length = 0;
    if (!this.#isWriting) return;
    this.#filling = this.#flying;
    this.#flying = full;
  }

  #received(bytes: Uint8Array<ArrayBuffer>): void {
    let rest = Buffer.concat([this.#cut, bytes]);
    if (!this.#isOpen) {
      const parsed = parseUpgrade(rest, rest.length);
      if (parsed.kind === "upgrade") {
        this.#isOpen = true;
        this.send(ENCODER.encode(upgradeAnswer(parsed.request, "wamp.2.json", undefined, {})));
        rest = rest.subarray(parsed.end);
      }
    }
    // The generator's masks are zero.
    while (this.#isOpen && rest.length >= 8) {
      const short = (rest[1] ?? 0) & 0x7f;
      const start = short < 126 ? 6 : 8;
      const end = start + (short < 126 ? short : rest.readUInt16BE(2));
      if (rest.length < end) break;
      this.#message(rest.toString("latin1", start, end));
      rest = rest.subarray(end);
    }
    this.#cut = Buffer.from(rest);
  }

  #message(text: string): void {
    if (text.startsWith("[16,")) {
      const event = frame(`[36,1,${++publications},{},${text.slice(text.indexOf('",[') + 2)}`);
      for (const subscriber of subscribers) subscriber.send(event);
    } else if (text.startsWith("[1,")) {
      this.send(frame(`[2,${peers.size},{"roles":{"broker":{},"dealer":{}}}]`));
    } else if (text.startsWith("[32,")) {
      subscribers.push(this);
      this.send(frame(`[33,${text.slice(4, text.indexOf(",", 4))},1]`));
    } else if (text.startsWith("[6,")) {
      this.send(frame('[6,{},"wamp.close.goodbye_and_out"]'));
    }
  }
}

const runtime = await nativeRuntime();
await runtime.listen(
  { kind: "tcp", host: "127.0.0.1", port: Number(process.argv[2] ?? "0"), backlog: 4096 },
  (stream) => void new Peer(stream),
);
