/** `realmway/protocols`: what programs see of connections, both sides ours, and the runtime's own WebSocket as a client. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../mod.ts";
import {
  type ConnectingRequest,
  ConnectionDeny,
  type ConnectionRequest,
  type ConnectionResponse,
  connectWS,
  type ListeningPort,
  listenWS,
  WampRawSocketClientFactory,
  WampRawSocketServerFactory,
  WampWebSocketClientFactory,
  WampWebSocketClientProtocol,
  WampWebSocketServerFactory,
  WebSocketClientFactory,
  type WebSocketClientFactoryOptions,
  WebSocketClientProtocol,
  WebSocketServerFactory,
  type WebSocketServerFactoryOptions,
  WebSocketServerProtocol,
} from "../../protocols/mod.ts";
import { DEFAULT_DEFLATE_OPTIONS } from "../../transports/websocket_options.ts";
import { credulous, Flow } from "../kit/flow_kit.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

/** Notes what happens, in order. */
class Client extends WebSocketClientProtocol {
  readonly seen: unknown[] = [];
  readonly #waiting: [(seen: unknown[]) => boolean, () => void][] = [];

  note(...what: unknown[]): void {
    this.seen.push(what.length === 1 ? what[0] : what);
    for (const [isEnough, resolve] of this.#waiting) if (isEnough(this.seen)) resolve();
  }

  until(isEnough: (seen: unknown[]) => boolean): Promise<void> {
    if (isEnough(this.seen)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push([isEnough, resolve]));
  }

  override onConnecting(): ConnectingRequest | void {
    this.note("connecting");
  }
  override onConnect({ protocol, headers }: ConnectionResponse): void {
    this.note("connect", protocol, headers["x-mine"]);
  }
  override onOpen(): void {
    this.note("open");
  }
  override onMessage(payload: Uint8Array, isBinary: boolean): void {
    this.note(isBinary ? payload : text(payload));
  }
  override onPong(payload: Uint8Array): void {
    this.note("pong", text(payload));
  }
  override onClose(wasClean: boolean, code: number, reason: string): void {
    this.note("close", wasClean, code, reason);
  }
}

class Echo extends WebSocketServerProtocol {
  override onMessage(payload: Uint8Array, isBinary: boolean): void {
    this.sendMessage(payload, { isBinary });
  }
}

async function together(
  Server: new () => WebSocketServerProtocol,
  use: (client: Client, listener: ListeningPort) => Promise<void>,
  options: WebSocketServerFactoryOptions = {},
  clientOptions: WebSocketClientFactoryOptions = {},
): Promise<void> {
  const listener = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0", Server, options));
  try {
    const factory = new WebSocketClientFactory(listener.url, Client, clientOptions);
    const client = await connectWS(factory);
    assert.ok(client instanceof Client);
    await use(client, listener);
    client.sendClose();
    await client.closed;
  } finally {
    await listener.close();
  }
}

test("Protocols: what happens on a connection comes in order", async () => {
  class Server extends Echo {
    override async onConnect(request: ConnectionRequest) {
      assert.equal(request.path, "/");
      assert.deepEqual(request.protocols, ["one", "two"]);
      assert.equal(request.headers["x-theirs"], "1");
      assert.equal(request.headers["user-agent"], "tester");
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { protocol: "two", headers: { "X-Mine": "2" } };
    }
    override onClose(wasClean: boolean, code: number, reason: string): void {
      closed.push([wasClean, code, reason]);
    }
  }
  const closed: unknown[] = [];
  const wishes = { protocols: ["one", "two"], headers: { "X-Theirs": "1" }, userAgent: "tester" };
  await together(
    Server,
    async (client) => {
      client.sendMessage("é");
      client.sendMessage(new Uint8Array([1, 2]));
      client.sendPing(bytes("hi"));
      await client.until((seen) => seen.length === 6);
      client.sendClose(3001, "enough");
      assert.equal(client.isOpen, false);
      client.sendMessage("too late");
      await client.closed;
      assert.deepEqual(client.seen, [
        "connecting",
        ["connect", "two", "2"],
        "open",
        "é",
        new Uint8Array([1, 2]),
        ["pong", "hi"],
        ["close", true, 1000, ""],
      ]);
    },
    {},
    wishes,
  );
  assert.deepEqual(closed, [[true, 3001, "enough"]]);
});

test("Protocols: messages are sent by frames and received whole", async () => {
  await together(Echo, async (client) => {
    client.beginMessage(false);
    client.sendMessageFrame(bytes("one "));
    client.beginMessageFrame(8);
    assert.equal(client.sendMessageFrameData(bytes("two ")), 4);
    // Control frames wait for the end of the frame
    client.sendPing(bytes("between"));
    assert.throws(() => client.sendMessage("x"), /found a frame begun/);
    assert.equal(client.sendMessageFrameData(bytes("three")), -1);
    client.endMessage();
    client.sendMessage("x".repeat(1000), { fragmentBytes: 300 });
    client.sendMessage("");
    client.sendMessage("", { fragmentBytes: 10 });
    await client.until((seen) => seen.length === 8);
    assert.deepEqual(client.seen.slice(3), [
      ["pong", "between"],
      "one two thre",
      "x".repeat(1000),
      "",
      "",
    ]);
  });
});

for (const isCompressed of [false, true]) {
  test(`Protocols: ${isCompressed ? "compressed " : ""}messages are received in pieces`, async () => {
    const seen: unknown[] = [];
    class Server extends WebSocketServerProtocol {
      override onMessageBegin(isBinary: boolean): void {
        seen.push(["begin", isBinary]);
      }
      override onMessageFrameBegin(length: number): void {
        seen.push(["frame", length]);
      }
      override onMessageFrame(payload: Uint8Array): void {
        seen.push(text(payload));
      }
      override onMessageEnd(): void {
        seen.push("end");
        this.sendMessage("done");
      }
      override onMessage(): void {
        seen.push("never");
      }
    }
    const deflate = isCompressed ? { deflate: DEFAULT_DEFLATE_OPTIONS } : {};
    await together(
      Server,
      async (client) => {
        client.sendMessage("one two", { fragmentBytes: 4 });
        client.sendMessage("three");
        client.sendMessage(new Uint8Array(0));
        await client.until(({ length }) => length === 6);
        assert.deepEqual(seen, [
          ["begin", false],
          ["frame", 4],
          "one ",
          ["frame", 3],
          "two",
          "end",
          ["begin", false],
          ["frame", 5],
          "three",
          "end",
          ["begin", true],
          ["frame", 0],
          "",
          "end",
        ]);
      },
      deflate,
      deflate,
    );
  });
}

test("Protocols: a frame's bytes are received as they arrive, before the frame ends", async () => {
  const pieces: string[] = [];
  class Server extends WebSocketServerProtocol {
    override onMessageFrameData(payload: Uint8Array): void {
      pieces.push(text(payload));
      this.sendPing(payload.subarray(0, 4));
    }
    override onMessageEnd(): void {
      this.sendMessage(pieces.join(""));
    }
  }
  class Pinged extends Client {
    override onPing(payload: Uint8Array): void {
      this.note("ping", text(payload));
    }
  }
  const listener = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0", Server));
  const client = await connectWS(new WebSocketClientFactory(listener.url, Pinged));
  assert.ok(client instanceof Pinged);
  client.beginMessage();
  client.beginMessageFrame(8);
  client.sendMessageFrameData(bytes("1234"));
  await client.until((seen) => seen.length === 4);
  client.sendMessageFrameData(bytes("5678"));
  client.endMessage();
  await client.until((seen) => seen.length === 6);
  assert.deepEqual(client.seen.slice(3), [["ping", "1234"], ["ping", "5678"], "12345678"]);
  client.sendClose();
  await client.closed;
  await listener.close();
});

test("Protocols: streamed text is checked, and limits hold for it", async () => {
  class Server extends WebSocketServerProtocol {
    override onMessageFrameData(): void {}
  }
  await together(Server, async (client) => {
    client.sendMessage(Uint8Array.of(0xc3, 0x28), { isBinary: false });
    assert.deepEqual(await client.closed, {
      wasClean: true,
      code: 1007,
      reason: "Cannot accept a message: found text that is not UTF-8",
    });
  });
  await together(Server, async (client) => {
    client.beginMessage();
    client.sendMessageFrame(new Uint8Array(60));
    client.sendMessageFrame(new Uint8Array(60));
    assert.equal((await client.closed).code, 1009);
  }, { maxMessageBytes: 100 });
});

test("Protocols: a server refuses clients, too many of them, and answers faults with 500", async () => {
  class Server extends WebSocketServerProtocol {
    override onConnect({ path }: ConnectionRequest): string | void {
      if (path === "/private") throw new ConnectionDeny(403, "Not for you");
      if (path === "/wrong") return "unasked";
    }
  }
  await together(Server, async (_client, { url }) => {
    const attempt = (path: string) => connectWS(new WebSocketClientFactory(url + path, Client));
    await assert.rejects(attempt("/private"), /403/);
    await assert.rejects(attempt("/wrong"), /500/);
    const second = await attempt("/");
    await assert.rejects(attempt("/"), /503/);
    second.sendClose();
    await second.closed;
  }, { maxConnections: 2 });
});

test("Protocols: a client hears why nothing came about, and onClose is called", async () => {
  const listener = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0"));
  await listener.close();
  await assert.rejects(connectWS(new WebSocketClientFactory(listener.url)), /nobody listens/);
  await assert.rejects(connectWS(new WebSocketClientFactory("rs://127.0.0.1:1")), /RawSocket/);
  const made: Client[] = [];
  class Unhappy extends Client {
    constructor() {
      super();
      made.push(this);
    }
    override onConnect(): void {
      throw new Error("not as expected");
    }
  }
  const other = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0"));
  await assert.rejects(
    connectWS(new WebSocketClientFactory(other.url, Unhappy)),
    /not as expected/,
  );
  assert.deepEqual(made[0]?.seen.at(-1), ["close", false, 1006, "not as expected"]);
  await other.close();
});

test("Protocols: an overridden method that throws closes the connection with 1011", async () => {
  const errors: unknown[] = [];
  class Server extends WebSocketServerProtocol {
    override onMessage(): void {
      throw new Error("broken");
    }
    override onUserError(error: unknown): void {
      errors.push(error);
    }
  }
  await together(Server, async (client) => {
    client.sendMessage("x");
    assert.equal((await client.closed).code, 1011);
    assert.match(String(errors), /broken/);
  });
});

test("Protocols: options are changed for connections to come, and go back to the defaults", () => {
  const factory = new WebSocketServerFactory("ws://127.0.0.1:0", Echo, { maxConnections: 1 });
  factory.setProtocolOptions({ autoPingIntervalMs: 5, failsByDrop: true });
  const { maxConnections, autoPingIntervalMs, failsByDrop } = factory.options;
  assert.deepEqual([maxConnections, autoPingIntervalMs, failsByDrop], [1, 5, true]);
  factory.resetProtocolOptions();
  assert.deepEqual([factory.options.maxConnections, factory.options.failsByDrop], [
    undefined,
    false,
  ]);
});

test("Protocols: the runtime's own WebSocket is a client like another", async () => {
  await together(Echo, async (_client, { url }) => {
    const socket = new WebSocket(url);
    const received = await new Promise((resolve) => {
      socket.onopen = () => socket.send("from elsewhere");
      socket.onmessage = ({ data }) => resolve(data);
    });
    assert.equal(received, "from elsewhere");
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    socket.close(1000);
    assert.equal((await closed).code, 1000);
  });
});

test("Protocols: WAMP factories carry sessions over WebSocket and RawSocket", async () => {
  const flow = new Flow();
  const seen: number[] = [];
  class Watched extends WampWebSocketServerFactory {
    override buildProtocol(transport: Parameters<WampWebSocketServerFactory["buildProtocol"]>[0]) {
      const protocol = super.buildProtocol(transport);
      const { receive } = protocol;
      protocol.receive = (message) => {
        seen.push(message.type);
        receive.call(protocol, message);
      };
      return protocol;
    }
  }
  const make = (transport: Parameters<WampWebSocketServerFactory["buildProtocol"]>[0]) =>
    flow.router.attach(transport, credulous);
  const listeners = [
    await listenWS(new Watched(make, "ws://127.0.0.1:0")),
    await new WampRawSocketServerFactory(make, "rs://127.0.0.1:0").listen(),
  ];
  const [ws = "", rs = ""] = listeners.map(({ url }) => url);
  const callee = await connect({
    url: ws,
    realm: "realm1",
    dial: new WampWebSocketClientFactory(undefined, ws, { serializers: ["msgpack"] }).dial,
  });
  await callee.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
  const caller = await connect({
    url: rs,
    realm: "realm1",
    dial: new WampRawSocketClientFactory(undefined, rs, { serializer: "cbor" }).dial,
  });
  assert.equal(await caller.call("com.example.add2", [2, 3]), 5);
  await Promise.all([caller.leave(), callee.leave()]);
  assert.deepEqual(seen, [1, 64, 70, 6]);

  const received: number[] = [];
  const factory = new WampWebSocketClientFactory(
    () => ({
      receive: (message) => void received.push(message.type),
      fail: () => {},
      closed: () => received.push(0),
    }),
    ws,
  );
  const protocol = await connectWS(factory);
  assert.ok(protocol instanceof WampWebSocketClientProtocol && protocol.isOpen);
  protocol.send({ type: 1, realm: "realm1", details: { "roles": { "caller": {} } } });
  while (received.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  protocol.close();
  while (received.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual([received, protocol.isOpen], [[2, 0], false]);
  await Promise.all(listeners.map((listener) => listener.close()));
});
