/**
 * A bare echo over ByteStream, the control of all other figures: what a connection costs before any framing or routing.
 * Run it as `deno run -A bench/micro/byte_stream_echo.ts [port] [native|node]` (or with bun) and point `wampload --scenario raw-echo`
 * at tcp://127.0.0.1:<the port it prints>.
 */
import process from "node:process";
import type { ByteStream } from "../../transports/byte_stream.ts";
import { nativeRuntime, nodeRuntime } from "../../transports/runtime/runtime.ts";

/** What was read is sent at the end of each read; what comes while a write is kept waits for it, in the other buffer. */
class Echo {
  readonly #stream: ByteStream;
  #filling = new Uint8Array(1024);
  #kept = new Uint8Array(1024);
  #length = 0;
  #isKept = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    stream.onData = (bytes) => this.#received(bytes);
    stream.onDrain = () => {
      this.#isKept = false;
      this.#flush();
    };
    stream.onEnd = () => stream.close();
    stream.onClose = () => {};
  }

  #received(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#filling.length) {
      const grown = new Uint8Array(length * 2);
      grown.set(this.#filling.subarray(0, this.#length));
      this.#filling = grown;
    }
    this.#filling.set(bytes, this.#length);
    this.#length = length;
    if (!this.#isKept) this.#flush();
  }

  #flush(): void {
    if (this.#length === 0) return;
    const full = this.#filling;
    const isTaken = this.#stream.write(full.subarray(0, this.#length));
    this.#length = 0;
    if (isTaken) return;
    this.#isKept = true;
    this.#filling = this.#kept;
    this.#kept = full;
  }
}

const [port = "0", kind = "native"] = process.argv.slice(2);
const runtime = await (kind === "native" ? nativeRuntime() : nodeRuntime());
const listener = await runtime.listen(
  { kind: "tcp", host: "127.0.0.1", port: Number(port) },
  (stream) => void new Echo(stream),
);
if ("port" in listener.address) process.stdout.write(`${listener.address.port}\n`);
