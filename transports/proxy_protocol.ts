/**
 * The PROXY protocol, versions 1 and 2: the first bytes by which a balancer says whose connection it passes on. Read before anything else of
 * the stream. Called by listeners that expect it. Specification: haproxy's doc/proxy-protocol.txt.
 */
import type { Address, ByteStream } from "./byte_stream.ts";
import type { DeadlineWheel } from "./deadline.ts";

export type ProxyHeader =
  | { readonly kind: "incomplete" }
  | { readonly kind: "bad"; readonly problem: string }
  /** `remote` is undefined where the balancer speaks for itself, or of an unknown family. */
  | { readonly kind: "header"; readonly end: number; readonly remote: Address | undefined };

const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10);
const V1 = "PROXY ";
/** Of a header of version 1, its end of line included. */
const V1_BYTES = 107;
/** Of what follows the 16 bytes of version 2; more than any address and extension takes. */
const V2_BYTES = 2048;
const V2_HEAD = 16;
const LATIN1 = new TextDecoder("latin1");
const INCOMPLETE: ProxyHeader = { kind: "incomplete" };

/** @param bytes the beginning of a stream, as far as it has come: `bytes[0..length)`. */
export function parseProxyHeader(bytes: Uint8Array, length: number): ProxyHeader {
  if (length === 0) return INCOMPLETE;
  if (bytes[0] === SIGNATURE[0]) return parseV2(bytes, length);
  return parseV1(bytes, length);
}

function parseV1(bytes: Uint8Array, length: number): ProxyHeader {
  const text = LATIN1.decode(bytes.subarray(0, Math.min(length, V1_BYTES)));
  const given = Math.min(text.length, V1.length);
  if (text.slice(0, given) !== V1.slice(0, given)) return bad("no PROXY header");
  const end = text.indexOf("\r\n");
  if (end < 0) return text.length < V1_BYTES ? INCOMPLETE : bad("a header without end");
  const [family = "", source = "", , port = ""] = text.slice(V1.length, end).split(" ");
  const rest = end + 2;
  if (family === "UNKNOWN") return { kind: "header", end: rest, remote: undefined };
  const isAddress = family === "TCP4"
    ? isIPv4(source)
    : family === "TCP6" && /^[0-9a-fA-F:.]+$/.test(source) && source.includes(":");
  if (!isAddress || !/^\d{1,5}$/.test(port) || Number(port) > 65535) return bad("no address");
  return { kind: "header", end: rest, remote: { host: source.toLowerCase(), port: Number(port) } };
}

function parseV2(bytes: Uint8Array, length: number): ProxyHeader {
  for (let i = 0; i < Math.min(length, SIGNATURE.length); i++) {
    if (bytes[i] !== SIGNATURE[i]) return bad("no PROXY header");
  }
  if (length < V2_HEAD) return INCOMPLETE;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const command = view.getUint8(12);
  const family = view.getUint8(13);
  const size = view.getUint16(14);
  if (command >> 4 !== 2 || (command & 15) > 1) return bad("another version or command");
  if (size > V2_BYTES) return bad("a header that is too long");
  const end = V2_HEAD + size;
  if (length < end) return INCOMPLETE;
  if ((command & 15) === 0) return { kind: "header", end, remote: undefined };
  switch (family) {
    case 0x11: {
      if (size < 12) return bad("too short an address");
      const host = [...bytes.subarray(V2_HEAD, V2_HEAD + 4)].join(".");
      return { kind: "header", end, remote: { host, port: view.getUint16(V2_HEAD + 8) } };
    }
    case 0x21: {
      if (size < 36) return bad("too short an address");
      const host = ipv6(view, V2_HEAD);
      return { kind: "header", end, remote: { host, port: view.getUint16(V2_HEAD + 32) } };
    }
    default:
      return { kind: "header", end, remote: undefined };
  }
}

function bad(found: string): ProxyHeader {
  return { kind: "bad", problem: `found ${found}, expected a header of the PROXY protocol` };
}

function isIPv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

/** Without compression, which nobody needs who compares it. */
function ipv6(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i).toString(16));
  return groups.join(":");
}

/** Reads the header, takes its address for the stream's, and hands the stream on. One without header is closed.
 * @param refused told why. */
export function serveProxied(
  stream: ByteStream,
  options: { readonly wheel: DeadlineWheel; readonly timeoutMs: number },
  serve: (stream: ByteStream) => void,
  refused: (problem: string) => void,
): void {
  let head: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  const close = (problem: string) => {
    deadline.clear();
    refused(problem);
    stream.close();
  };
  const deadline = options.wheel.deadline(() =>
    close("found no header of the PROXY protocol in time")
  );
  deadline.set(options.timeoutMs);
  stream.onDrain = () => {};
  stream.onEnd = () => {
    deadline.clear();
    stream.close();
  };
  stream.onClose = () => deadline.clear();
  stream.onData = (bytes) => {
    const all = head.length === 0 ? bytes : joined(head, bytes);
    const header = parseProxyHeader(all, all.length);
    if (header.kind === "incomplete") {
      // The read buffer is used again.
      head = all.slice();
      return;
    }
    if (header.kind === "bad") return close(header.problem);
    deadline.clear();
    if (header.remote !== undefined) stream.behind = header.remote;
    serve(stream);
    const rest = all.subarray(header.end);
    if (rest.length > 0) stream.onData(rest);
  };
}

function joined(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
