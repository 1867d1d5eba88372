/**
 * Testees send back what they get, for compliance suites and for benchmarks of everything below WAMP: WebSocket messages, with all
 * the options of WebSocket and no subprotocol, or plain bytes. Crossbar.io's transports `websocket.testee` and `stream.testee`.
 */
import type { ByteStream } from "./byte_stream.ts";
import type { TransportHost, TransportStats } from "./host.ts";
import { Outbox } from "./outbox.ts";
import { refuseUpgrade, type Upgrade } from "./websocket.ts";
import { acceptBare } from "./websocket_bare.ts";
import { CloseCode } from "./websocket_endpoint.ts";
import { Opcode } from "./websocket_frame.ts";
import { refusalOf } from "./websocket_handshake.ts";
import type { WebSocketOptions } from "./websocket_options.ts";

export interface TesteeService {
  readonly host: TransportHost;
  readonly stats: TransportStats;
  readonly options: WebSocketOptions;
}

/** Answers a client's upgrade on `stream` and echoes from there on; a refusal ends the stream. */
export function serveTestee(stream: ByteStream, upgrade: Upgrade, service: TesteeService): void {
  const { host, stats, options } = service;
  const { request } = upgrade;
  const refused = refusalOf(request, options);
  if (refused !== undefined) return refuseUpgrade(stream, host, refused);
  const { outbox, wire, endpoint } = acceptBare(
    stream,
    upgrade,
    { protocol: undefined, headers: {} },
    service,
    {
      message: (isText, bytes, start, end) => {
        stats.receivedMessages++;
        stats.receivedBytes += end - start;
        if (outbox.waiting > host.slowConsumers.hardLimitBytes) {
          stats.closedSlowConsumers++;
          return endpoint.close(CloseCode.POLICY, "Cannot echo: the peer does not read");
        }
        const writer = outbox.writer();
        wire.open(writer, isText ? Opcode.TEXT : Opcode.BINARY, end - start);
        writer.range(bytes, start, end);
        wire.close(writer);
        stats.sentMessages++;
        stats.sentBytes += end - start;
      },
      violated: () => {},
      pingMissed: () => stats.missedPings++,
      closed: () => {},
    },
  );
  endpoint.start();
  endpoint.read(upgrade.first, upgrade.end);
}

/** More than this is not read ahead of what the peer has taken back. */
const ECHO_AHEAD_BYTES = 262_144;

/** Sends back all bytes of `stream`. A peer that does not read is not read from either. */
export function serveStreamTestee(stream: ByteStream, host: TransportHost): void {
  const outbox = new Outbox(stream, host.turnOf(stream), host.writers);
  const readOn = () => {
    if (outbox.waiting <= ECHO_AHEAD_BYTES) stream.resume();
  };
  stream.onData = (bytes) => {
    outbox.writer().range(bytes, 0, bytes.length);
    if (outbox.waiting <= ECHO_AHEAD_BYTES) return;
    stream.pause();
    // Behind the flush of this turn: the stream may take all of it, and then no onDrain comes.
    host.turnOf(stream).later(readOn);
  };
  stream.onDrain = () => {
    outbox.drained();
    readOn();
  };
  stream.onEnd = () => outbox.end();
  stream.onClose = () => outbox.discard();
}
