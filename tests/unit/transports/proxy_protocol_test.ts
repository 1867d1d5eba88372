import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProxyHeader } from "../../../transports/proxy_protocol.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10];

function parsed(bytes: Uint8Array) {
  return parseProxyHeader(bytes, bytes.length);
}

test("PROXY: version 1 tells the address, version 4 and 6", () => {
  const four = ascii("PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\nGET /");
  assert.deepEqual(parsed(four), {
    kind: "header",
    end: four.length - 5,
    remote: { host: "192.0.2.1", port: 50000 },
  });
  const six = ascii("PROXY TCP6 2001:DB8::1 2001:db8::2 50000 443\r\n");
  assert.deepEqual(parsed(six), {
    kind: "header",
    end: six.length,
    remote: { host: "2001:db8::1", port: 50000 },
  });
  const unknown = ascii("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n");
  assert.deepEqual(parsed(unknown), { kind: "header", end: unknown.length, remote: undefined });
});

test("PROXY: version 2 tells the address, version 4 and 6, and skips what it adds", () => {
  const four = Uint8Array.from([
    ...SIGNATURE,
    0x21,
    0x11,
    0,
    16,
    ...[192, 0, 2, 1, 198, 51, 100, 2, 0xc3, 0x50, 1, 187],
    ...[4, 0, 1, 0],
    0x7f,
  ]);
  assert.deepEqual(parsed(four), {
    kind: "header",
    end: four.length - 1,
    remote: { host: "192.0.2.1", port: 50000 },
  });
  const source = [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 1];
  const six = Uint8Array.from([
    ...SIGNATURE,
    0x21,
    0x21,
    0,
    36,
    ...source,
    ...source,
    0,
    80,
    0,
    81,
  ]);
  assert.deepEqual(parsed(six), {
    kind: "header",
    end: six.length,
    remote: { host: "2001:db8:0:0:0:0:0:1", port: 80 },
  });
  const local = Uint8Array.from([...SIGNATURE, 0x20, 0, 0, 0]);
  assert.deepEqual(parsed(local), { kind: "header", end: 16, remote: undefined });
});

test("PROXY: a header may come byte by byte", () => {
  const all = [
    ascii("PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\n"),
    Uint8Array.from([...SIGNATURE, 0x21, 0x11, 0, 12, 192, 0, 2, 1, 1, 1, 1, 1, 0, 1, 0, 2]),
  ];
  for (const bytes of all) {
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(parseProxyHeader(bytes, length).kind, "incomplete");
    }
    assert.equal(parsed(bytes).kind, "header");
  }
});

test("PROXY: anything else is refused, and so is what lies", () => {
  const wrong = [
    ascii("GET / HTTP/1.1\r\n"),
    Uint8Array.of(0x7f, 0xf1, 0, 0),
    ascii("PROXY TCP4 999.0.2.1 198.51.100.2 50000 443\r\n"),
    ascii("PROXY TCP4 192.0.2.1 198.51.100.2 70000 443\r\n"),
    ascii("PROXY TCP6 192.0.2.1 198.51.100.2 5000 443\r\n"),
    ascii(`PROXY TCP4 ${"1".repeat(200)}`),
    Uint8Array.from([...SIGNATURE, 0x11, 0x11, 0, 12]),
    Uint8Array.from([...SIGNATURE, 0x21, 0x11, 0xff, 0xff]),
    Uint8Array.from([...SIGNATURE, 0x21, 0x11, 0, 4, 1, 2, 3, 4]),
  ];
  for (const bytes of wrong) assert.equal(parsed(bytes).kind, "bad");
});
