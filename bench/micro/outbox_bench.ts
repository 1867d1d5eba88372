/**
 * What an outbox costs: nanoseconds a message, best of several rounds, no sockets; and one EVENT to a thousand subscribers.
 * `deno run -A bench/micro/outbox_bench.ts [word...]` or `bun run bench/micro/outbox_bench.ts [word...]`: only rows with these words.
 */
import { newStats } from "../../transports/host.ts";
import { Outbox } from "../../transports/outbox.ts";
import { startRawSocket } from "../../transports/rawsocket.ts";
import { startWebSocket } from "../../transports/websocket_link.ts";
import {
  DEFAULT_RAWSOCKET_OPTIONS,
  DEFAULT_WEBSOCKET_OPTIONS,
} from "../../transports/websocket_options.ts";
import type { Transport } from "../../router/ports.ts";
import { json } from "../../wamp/codec/json.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Outgoing } from "../../wamp/outgoing.ts";
import { Payload } from "../../wamp/payload.ts";
import { endTurn, host, NullStream, row } from "./framing_kit.ts";

const PEERS = 1000;
const bytes = new Uint8Array(128);

{
  const stream = new NullStream();
  const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
  for (const count of [1, 64]) {
    row(`outbox append 128 B, ${count} a turn`, count, () => {
      for (let i = 0; i < count; i++) outbox.writer().range(bytes, 0, bytes.length);
      endTurn();
    });
    row(`outbox share 128 B, ${count} a turn`, count, () => {
      for (let i = 0; i < count; i++) outbox.share(bytes);
      endTurn();
    });
  }
}

const handler = { receive: () => {}, fail: () => {}, closed: () => {} };

function webSocketPeer(isBatched: boolean, autoFragmentBytes: number): Transport {
  const stream = new NullStream();
  return startWebSocket(stream, {
    role: "server",
    host,
    stats: newStats(),
    options: { ...DEFAULT_WEBSOCKET_OPTIONS, autoPingIntervalMs: 0, autoFragmentBytes },
    subprotocol: { name: "", codec: json, isBatched },
    deflate: undefined,
    outbox: new Outbox(stream, host.turnOf(stream), host.writers),
    details: { kind: "websocket", serializer: "", peer: "", isSecure: false },
    attach: () => handler,
  }).transport;
}

function rawSocketPeer(): Transport {
  const stream = new NullStream();
  return startRawSocket(stream, {
    host,
    stats: newStats(),
    options: { ...DEFAULT_RAWSOCKET_OPTIONS, autoPingIntervalMs: 0 },
    codec: msgpack,
    maxSendBytes: 1 << 24,
    outbox: new Outbox(stream, host.turnOf(stream), host.writers),
    details: { kind: "rawsocket", serializer: "", peer: "", isSecure: false },
    attach: () => handler,
  }).transport;
}

const event: Message = {
  type: Type.EVENT,
  subscription: 5512315355,
  publication: 4429313566,
  details: EMPTY_DICT,
  payload: Payload.of(["x".repeat(100)]),
};

for (
  const [name, make] of [
    ["websocket", () => webSocketPeer(false, 0)],
    ["websocket.batched", () => webSocketPeer(true, 0)],
    ["websocket, own frames", () => webSocketPeer(false, 100_000)],
    ["rawsocket", rawSocketPeer],
  ] as const
) {
  const peers = Array.from({ length: PEERS }, make);
  for (const count of [1, 16]) {
    row(`fan-out to ${PEERS} by ${name}, ${count} a turn`, PEERS * count, () => {
      for (let i = 0; i < count; i++) {
        const outgoing = new Outgoing(event);
        for (const peer of peers) peer.deliver(outgoing);
      }
      endTurn();
    });
  }
}
