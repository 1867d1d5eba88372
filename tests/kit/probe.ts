/** A ByteStream under observation: collects what comes, overwrites the read buffer afterwards, and turns callbacks into promises. */
import assert from "node:assert/strict";
import type { ByteStream, StreamEnd } from "../../transports/byte_stream.ts";

export class Probe {
  readonly stream: ByteStream;
  /** "data" once for any number of chunks in a row, "drain", "end", "close:how". */
  readonly events: string[] = [];
  readonly closed: Promise<StreamEnd>;
  /** Called with each chunk before it is overwritten; default: keep a copy. */
  onChunk: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => this.#chunks.push(bytes.slice());
  receivedBytes = 0;
  #chunks: Uint8Array[] = [];
  #owedDrains = 0;
  #waiting: { until: () => boolean; resolve: () => void }[] = [];

  constructor(stream: ByteStream) {
    this.stream = stream;
    let settle: (how: StreamEnd) => void;
    this.closed = new Promise((resolve) => settle = resolve);
    stream.onData = (bytes) => {
      assert.ok(!this.events.some((one) => one.startsWith("close")), "data after close");
      this.#note("data");
      this.receivedBytes += bytes.length;
      this.onChunk(bytes);
      bytes.fill(0xdd);
      this.#check();
    };
    stream.onDrain = () => {
      assert.equal(--this.#owedDrains, 0, "one drain for one write that was kept");
      this.events.push("drain");
      this.#check();
    };
    stream.onEnd = () => {
      assert.ok(!this.events.includes("end"), "ended twice");
      this.events.push("end");
      this.#check();
    };
    stream.onClose = (how) => {
      assert.ok(!this.events.some((one) => one.startsWith("close")), "closed twice");
      this.events.push(`close:${how}`);
      settle(how);
      this.#check();
    };
  }

  /** Resolves once `bytes` are taken and the buffer is ours again; then overwrites it. */
  async send(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const drains = this.count("drain");
    if (!this.stream.write(bytes)) {
      this.#owedDrains++;
      assert.equal(this.count("drain"), drains, "drain inside write");
      await this.until(() => this.count("drain") > drains || this.isClosed);
    }
    bytes.fill(0xee);
  }

  sendText(text: string): Promise<void> {
    return this.send(new TextEncoder().encode(text));
  }

  get isClosed(): boolean {
    return this.events.at(-1)?.startsWith("close") ?? false;
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#chunks.reduce((sum, one) => sum + one.length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }

  /** Resolves after the callback that makes `condition` true. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ until: condition, resolve }));
  }

  received(bytes: number): Promise<void> {
    return this.until(() => this.receivedBytes >= bytes || this.isClosed);
  }

  #note(event: string): void {
    if (this.events.at(-1) !== event) this.events.push(event);
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ until, resolve }) => {
      if (!until()) return true;
      resolve();
      return false;
    });
  }
}
