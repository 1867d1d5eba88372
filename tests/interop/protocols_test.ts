/** `realmway/protocols` with the WebSockets of Autobahn|Python, as a client and as a server, by messages, frames and pieces of frames. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  connectWS,
  listenWS,
  WebSocketClientFactory,
  WebSocketClientProtocol,
  WebSocketServerFactory,
  WebSocketServerProtocol,
} from "../../protocols/mod.ts";
import { DEFAULT_DEFLATE_OPTIONS } from "../../transports/websocket_options.ts";

const python = process.env["REALMWAY_PYTHON"];
const program = fileURLToPath(new URL("python/websocket_peer.py", import.meta.url).href);
const skip = python === undefined ? "REALMWAY_PYTHON is not set: see CONTRIBUTING.md" : false;
const run = promisify(execFile);

/** Sends each message back by frames. */
class Echo extends WebSocketServerProtocol {
  override onMessage(payload: Uint8Array, isBinary: boolean): void {
    this.sendMessage(payload, { isBinary, fragmentBytes: 999 });
  }
}

/** Sends pieces of frames back as they come. */
class StreamingEcho extends WebSocketServerProtocol {
  override onMessageBegin(isBinary: boolean): void {
    this.beginMessage(isBinary);
  }
  override onMessageFrameBegin(length: number): void {
    this.beginMessageFrame(length);
  }
  override onMessageFrameData(payload: Uint8Array): void {
    this.sendMessageFrameData(payload);
  }
  override onMessageEnd(): void {
    this.endMessage();
  }
}

for (const Protocol of [Echo, StreamingEcho]) {
  for (const isCompressed of [false, true]) {
    const how = `${Protocol.name}${isCompressed ? ", compressed" : ""}`;
    test(`Autobahn|Python as a client of our server: ${how}`, { skip }, async () => {
      const options = isCompressed ? { deflate: DEFAULT_DEFLATE_OPTIONS } : {};
      const factory = new WebSocketServerFactory("ws://127.0.0.1:0", Protocol, options);
      const listener = await listenWS(factory);
      try {
        const args = [program, "connect", listener.url, ...(isCompressed ? ["deflate"] : [])];
        const { stdout } = await run(python ?? "", args, { timeout: 30_000 });
        assert.equal(stdout.trim(), "as expected True 1000");
      } finally {
        await listener.close();
      }
    });
  }
}

class Client extends WebSocketClientProtocol {
  readonly messages: [Uint8Array, boolean][] = [];
  override onMessage(payload: Uint8Array, isBinary: boolean): void {
    this.messages.push([payload, isBinary]);
    if (this.messages.length === 3) this.sendClose();
  }
}

for (const isCompressed of [false, true]) {
  const how = isCompressed ? "compressed" : "plain";
  test(`Autobahn|Python as the server of our client: ${how}`, { skip }, async () => {
    const child = spawn(python ?? "", [program, "serve"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const lines = createInterface({ input: child.stdout });
      const [port] = await once(lines, "line");
      const options = isCompressed ? { deflate: DEFAULT_DEFLATE_OPTIONS } : {};
      const factory = new WebSocketClientFactory(`ws://127.0.0.1:${port}`, Client, {
        ...options,
        protocols: ["chat"],
      });
      const client = await connectWS(factory);
      assert.ok(client instanceof Client);
      const large = new Uint8Array(70_000).map((_, i) => i);
      client.sendMessage("é");
      client.sendMessage(large, { fragmentBytes: 10_000 });
      client.beginMessage(false);
      client.beginMessageFrame(6);
      client.sendMessageFrameData(new TextEncoder().encode("one"));
      client.sendMessageFrameData(new TextEncoder().encode("two"));
      client.endMessage();
      assert.equal((await client.closed).wasClean, true);
      assert.deepEqual(client.messages, [
        [new TextEncoder().encode("é"), false],
        [large, true],
        [new TextEncoder().encode("onetwo"), false],
      ]);
    } finally {
      child.kill();
    }
  });
}
