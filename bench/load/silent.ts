/**
 * Publications that nobody listens to, which the load generator has no scenario for: `silent.ts PORT PID SECONDS` publishes to a router
 * over RawSocket with MessagePack, in pieces that each end with an acknowledged publication, whose answer is waited for; prints figures
 * as the generator does.
 */
import { connect } from "node:net";
import process from "node:process";
import { ByteWriter } from "../../wamp/byte_writer.ts";
import { msgpack } from "../../wamp/codec/msgpack.ts";
import { EMPTY_DICT, type Message, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { serialize } from "../../wamp/serialize.ts";
import { cpuOf, residentOf } from "./process_usage.ts";

const PIECE = 2000;
const [port, pid, seconds] = process.argv.slice(2).map(Number);
if (port === undefined || pid === undefined || seconds === undefined) {
  throw new Error("Cannot publish: expected PORT PID SECONDS");
}

function append(writer: ByteWriter, message: Message): void {
  const start = writer.length;
  writer.uint32(0);
  serialize(writer, msgpack, message);
  const end = writer.length;
  writer.length = start;
  writer.uint32(end - start - 4);
  writer.length = end;
}

let request = 0;
const payload = Payload.of(["x".repeat(100)]);
const writer = new ByteWriter(300_000);

function piece(): Uint8Array {
  writer.length = 0;
  for (let i = 0; i < PIECE; i++) {
    const options = i === PIECE - 1 ? { "acknowledge": true } : EMPTY_DICT;
    const topic = `com.bench.silent${i % 10}`;
    append(writer, { type: Type.PUBLISH, request: ++request, options, topic, payload });
  }
  return writer.bytes.subarray(0, writer.length);
}

const socket = connect(port, "127.0.0.1");
let answered: () => void = () => {};
socket.on("data", () => answered());
/** Every answer is one frame, and small: it comes in one piece. */
function answer(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    answered = resolve;
    socket.write(bytes);
  });
}

await answer(Uint8Array.of(0x7f, 0xf2, 0, 0));
append(writer, { type: Type.HELLO, realm: "realm1", details: { "roles": { "publisher": {} } } });
await answer(writer.bytes.slice(0, writer.length));
const end = (from: number) => performance.now() > from + seconds * 1000;
for (const start = performance.now() - 500 * seconds; !end(start);) await answer(piece());
const cpu = cpuOf(pid);
const start = performance.now();
let count = 0;
for (; !end(start); count += PIECE) await answer(piece());
const elapsed = performance.now() - start;
process.stdout.write(JSON.stringify({
  "router_cpu_us_per_publication": (cpuOf(pid) - cpu) / count,
  "publications_per_s": count / elapsed * 1000,
  "router_rss_after_kb": residentOf(pid),
}));
socket.destroy();
