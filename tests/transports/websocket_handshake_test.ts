/** The opening handshake, both sides: what upgrades, what is left to HTTP, what is refused; and random damage to all of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acceptOf,
  isAllowedOrigin,
  parseUpgrade,
  refusalAnswer,
  refusalOf,
  upgradeAnswer,
  type UpgradeRequest,
} from "../../transports/websocket_handshake.ts";
import { DEFAULT_WEBSOCKET_OPTIONS } from "../../transports/websocket_options.ts";
import {
  newKey,
  parseAnswer,
  type UpgradeAsk,
  upgradeRequest,
} from "../../transports/websocket_request.ts";
import { ascii, KEY, upgradeText } from "../kit/websocket_peer.ts";

function parse(head: string): ReturnType<typeof parseUpgrade> {
  const bytes = ascii(head);
  return parseUpgrade(bytes, bytes.length);
}

function request(
  headers: Parameters<typeof upgradeText>[0] = {},
  startLine?: string,
): UpgradeRequest {
  const parsed = parse(upgradeText(headers, startLine));
  if (parsed.kind !== "upgrade") throw new Error(`not an upgrade: ${JSON.stringify(parsed)}`);
  return parsed.request;
}

function kindOf(headers: Parameters<typeof upgradeText>[0] = {}, startLine?: string): string {
  const parsed = parse(upgradeText(headers, startLine));
  return parsed.kind === "bad" ? `bad ${parsed.status}` : parsed.kind;
}

test("Handshake: a plain upgrade request is read in full", () => {
  const found = request({
    "Sec-WebSocket-Protocol": "wamp.2.json, wamp.2.msgpack",
    "Sec-WebSocket-Extensions":
      `permessage-deflate; client_max_window_bits; server_max_window_bits="10", foo`,
    "Origin": "https://example.com",
    "Cookie": "a=b",
    "X-Two": ["1", "2"],
  }, "GET /ws?token=a%20b&x HTTP/1.1");
  assert.equal(found.path, "/ws");
  assert.equal(found.query, "token=a%20b&x");
  assert.deepEqual(found.protocols, ["wamp.2.json", "wamp.2.msgpack"]);
  assert.deepEqual(found.extensions, [
    {
      name: "permessage-deflate",
      parameters: [["client_max_window_bits", undefined], ["server_max_window_bits", "10"]],
    },
    { name: "foo", parameters: [] },
  ]);
  assert.equal(found.origin, "https://example.com");
  assert.equal(found.headers["cookie"], "a=b");
  assert.equal(found.headers["x-two"], "1, 2");
  assert.equal(found.key, KEY);
});

test("Handshake: frames behind the request are not touched", () => {
  const head = upgradeText();
  const parsed = parse(`${head}\x81\x80abcd`);
  assert.equal(parsed.kind === "upgrade" && parsed.end, head.length);
});

test("Handshake: every beginning of a request is incomplete", () => {
  const bytes = ascii(upgradeText());
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(parseUpgrade(bytes, length).kind, "incomplete");
  }
  assert.equal(parseUpgrade(bytes, bytes.length).kind, "upgrade");
});

test("Handshake: the target may be a path, a query or a whole URL", () => {
  assert.equal(request({}, "GET / HTTP/1.1").path, "/");
  const whole = request({}, "GET http://example.com:8080/ws?a=b HTTP/1.1");
  assert.deepEqual([whole.path, whole.query], ["/ws", "a=b"]);
  assert.equal(request({}, "GET http://example.com HTTP/1.1").path, "/");
  assert.equal(kindOf({}, "GET ws HTTP/1.1"), "bad 400");
  assert.equal(kindOf({}, "GET * HTTP/1.1"), "bad 400");
  assert.equal(kindOf({}, "GET /a#b HTTP/1.1"), "bad 400");
});

test("Handshake: names and tokens are compared without case, lists are lists", () => {
  request({ "Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade" });
  request({ "Upgrade": "foo, websocket", "Connection": ["keep-alive", "upgrade"] });
  const parsed = parse(upgradeText().replace("Upgrade:", "uPGRADE:").replace("Host: ", "host:\t "));
  assert.equal(parsed.kind, "upgrade");
});

test("Handshake: what does not ask for WebSocket is HTTP's", () => {
  assert.equal(kindOf({ "Upgrade": "" }), "http");
  assert.equal(kindOf({ "Upgrade": "h2c" }), "http");
  assert.equal(kindOf({ "Upgrade": "websocket2" }), "http");
  assert.equal(kindOf({ "Connection": "keep-alive" }), "http");
  assert.equal(kindOf({}, "GET /ws HTTP/1.0"), "http");
  assert.equal(kindOf({}, "GET /ws HTTP/1.1 "), "http");
  assert.equal(kindOf({}, "GET  /ws HTTP/1.1"), "http");
  assert.equal(kindOf({}, "get /ws HTTP/1.1"), "http");
  assert.equal(kindOf({}, "POST /ws HTTP/1.1"), "http");
  assert.equal(parse("P").kind, "http");
  assert.equal(parse("GEX").kind, "http");
  assert.equal(parse(`GET /${"a".repeat(8300)}`).kind, "http");
});

test("Handshake: malformed heads are HTTP's, whose parser refuses them", () => {
  const head = upgradeText({ "X-Odd": "value" });
  for (
    const [from, to] of [
      ["X-Odd: ", "X-Odd : "],
      ["X-Odd: value", "X-Odd: value\r\n folded"],
      ["X-Odd: value", "X-Odd: value\n"],
      ["X-Odd: value", "X-Odd: va\0lue"],
      ["X-Odd: value", "X-Odd: va\rlue"],
      ["X-Odd: value", "X-Odd"],
      ["X-Odd: value", ": value"],
      ["X-Odd: value", "X Odd: value"],
      ["GET ", "GET \0"],
    ] as const
  ) {
    assert.equal(parse(head.replace(from, to)).kind, "http", JSON.stringify(to));
  }
});

test("Handshake: an upgrade that breaks a rule is refused", () => {
  assert.equal(kindOf({ "Host": "" }), "bad 400");
  assert.equal(kindOf({ "Host": ["a", "b"] }), "bad 400");
  assert.equal(kindOf({ "Origin": ["http://a", "http://b"] }), "bad 400");
  assert.equal(kindOf({ "Content-Length": "5" }), "bad 400");
  assert.equal(kindOf({ "Content-Length": ["0", "0"] }), "bad 400");
  assert.equal(kindOf({ "Content-Length": "0" }), "upgrade");
  assert.equal(kindOf({ "Transfer-Encoding": "chunked" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Version": "12" }), "bad 426");
  assert.equal(kindOf({ "Sec-WebSocket-Version": "" }), "bad 426");
  assert.equal(kindOf({ "Sec-WebSocket-Version": "013" }), "bad 426");
  assert.equal(kindOf({ "Sec-WebSocket-Version": "1.3e1" }), "bad 426");
  assert.equal(kindOf({ "Host": "a b" }), "bad 400");
  assert.equal(kindOf({ "Host": "a/b" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Version": ["13", "13"] }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Key": "" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Key": [KEY, KEY] }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZR==" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZTE=" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Protocol": "a b" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Protocol": "a, a" }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Extensions": `x; y="a,b"` }), "bad 400");
  assert.equal(kindOf({ "Sec-WebSocket-Extensions": "x; =1" }), "bad 400");
});

test("Handshake: options decide on versions, ports and origins", () => {
  const options = DEFAULT_WEBSOCKET_OPTIONS;
  const old = request({
    "Sec-WebSocket-Version": "8",
    "Sec-WebSocket-Origin": "http://evil.example",
  });
  const refusal = refusalOf(old, options);
  assert.equal(refusal?.status, 426);
  assert.equal(refusal?.headers?.["Sec-WebSocket-Version"], "13");
  const versions = [13, 8];
  assert.equal(refusalOf(old, { ...options, versions }), undefined);
  assert.equal(refusalOf(old, { ...options, versions, allowedOrigins: [] })?.status, 403);
  assert.equal(refusalOf(request(), { ...options, externalPort: 9000 })?.status, 400);
  assert.equal(
    refusalOf(request({ "Host": "a:9000" }), { ...options, externalPort: 9000 }),
    undefined,
  );
  assert.equal(refusalOf(request({ "Host": "a" }), { ...options, externalPort: 9000 }), undefined);
});

test("Handshake: allowed_origins are patterns with ports", () => {
  const allows = (pattern: string, origin: string) =>
    isAllowedOrigin(origin, { allowedOrigins: [pattern], allowsNullOrigin: true });
  assert.ok(allows("*", "http://anything.example:1234"));
  assert.ok(allows("https://*.example.com", "https://a.example.com"));
  assert.ok(allows("https://*.example.com:443", "https://a.b.example.com"));
  assert.ok(allows("https://*.example.com:*", "https://a.example.com:8443"));
  assert.ok(allows("http://localhost:8080", "http://localhost:8080"));
  assert.ok(allows("http://LOCALHOST", "http://localhost:80"));
  assert.ok(allows("*://localhost:*", "http://localhost:8080"));
  assert.ok(allows("http://*", "http://localhost:9000"));
  assert.ok(allows("http://127.0.0.1*", "http://127.0.0.1:8080"));
  assert.ok(!allows("https://*.example.com", "https://a.example.com:8443"));
  assert.ok(!allows("https://*.example.com", "http://a.example.com"));
  assert.ok(!allows("https://*.example.com", "https://example.com"));
  assert.ok(!allows("https://*.example.com", "https://a.example.com.evil.org"));
  assert.ok(!allows("http://localhost:8080", "http://localhost:80800"));
  assert.ok(!allows("http://a.example", "http://abexample"));
  // A pattern cannot be made to backtrack.
  assert.ok(!allows(`${"*a".repeat(50)}b`, "a".repeat(2000)));
});

test("Handshake: null origins are allowed by allow_null_origin alone", () => {
  for (const origin of ["null", "file://", "file:///home/x.html"]) {
    assert.ok(isAllowedOrigin(origin, { allowedOrigins: [], allowsNullOrigin: true }));
    assert.ok(!isAllowedOrigin(origin, { allowedOrigins: ["*"], allowsNullOrigin: false }));
  }
});

test("Handshake: the answer of the RFC's example", () => {
  assert.equal(acceptOf(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  assert.equal(
    upgradeAnswer(request(), "wamp.2.json", undefined, { "Set-Cookie": "a=b" }),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: wamp.2.json\r\n" +
      "Set-Cookie: a=b\r\n\r\n",
  );
});

test("Handshake: nothing that we write can break out of its line", () => {
  assert.throws(
    () => upgradeAnswer(request(), undefined, undefined, { "X": "a\r\nEvil: 1" }),
    TypeError,
  );
  const answer = refusalAnswer({ status: 400, text: 'found "\r\n\r\n<b>\u00e9"' }, {});
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
  assert.equal(answer.split("\r\n\r\n").length, 2);
});

test("Handshake: client and server understand each other", () => {
  const ask: UpgradeAsk = {
    host: "example.com:8080",
    target: "/ws?x=1",
    key: newKey(),
    protocols: ["wamp.2.cbor", "wamp.2.json"],
    extensions: "permessage-deflate",
    headers: { "Origin": "http://example.com", "Authorization": "Bearer x" },
  };
  const parsed = parse(upgradeRequest(ask));
  assert.equal(parsed.kind, "upgrade");
  if (parsed.kind !== "upgrade") return;
  assert.deepEqual(parsed.request.protocols, ask.protocols);
  const answer = ascii(upgradeAnswer(parsed.request, "wamp.2.json", "permessage-deflate", {}));
  for (let length = 0; length < answer.length; length++) {
    assert.equal(parseAnswer(answer, length, ask).kind, "incomplete");
  }
  const accepted = parseAnswer(answer, answer.length, ask);
  assert.equal(accepted.kind === "accepted" && accepted.protocol, "wamp.2.json");
});

test("Handshake: a client refuses answers that are none", () => {
  const ask: UpgradeAsk = {
    host: "a",
    target: "/",
    key: KEY,
    protocols: ["wamp.2.json"],
    extensions: undefined,
    headers: {},
  };
  const good = upgradeAnswer(request(), "wamp.2.json", undefined, {});
  const refusal = (answer: string) => {
    const bytes = ascii(answer);
    const parsed = parseAnswer(bytes, bytes.length, ask);
    return parsed.kind === "refused" ? parsed.text : parsed.kind;
  };
  assert.equal(refusal(good), "accepted");
  assert.match(refusal(good.replace("101 Switching", "200 Switching")), /found HTTP\/1\.1 200/);
  assert.match(refusal(good.replace("websocket", "h2c")), /Upgrade "h2c"/);
  assert.match(
    refusal(good.replace("Connection: Upgrade", "Connection: close")),
    /Connection "close"/,
  );
  assert.match(refusal(good.replace("s3pP", "s3pQ")), /wrong Sec-WebSocket-Accept/);
  assert.match(refusal(good.replace("wamp.2.json", "wamp.2.cbor")), /subprotocol "wamp.2.cbor"/);
  assert.match(refusal("SSH-2.0-OpenSSH_9.6\r\n\r\n"), /"SSH-2.0-OpenSSH_9.6"/);
  const text = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nNo /x";
  assert.match(refusal(text), /found HTTP\/1\.1 404 Not Found \(No \/x\)/);
});

test("Handshake: random damage throws nothing and upgrades only what a strict reading accepts", () => {
  let seed = 20261121;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor(seed / 4294967296 * below);
  };
  const pieces = [
    "\r\n",
    "\n",
    "\r",
    ":",
    " ",
    ",",
    ";",
    "\0",
    "\t",
    "websocket",
    "GET ",
    "13",
    "=",
    '"',
    "\xff",
    "Host: x\r\n",
  ];
  let upgrades = 0;
  for (let round = 0; round < 30_000; round++) {
    let head = upgradeText({
      "Sec-WebSocket-Protocol": "wamp.2.json",
      "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    });
    for (let edits = 1 + random(3); edits > 0; edits--) {
      const at = random(head.length);
      const piece = pieces[random(pieces.length)] ?? "";
      head = random(2) === 0
        ? head.slice(0, at) + piece + head.slice(at)
        : head.slice(0, at) + (random(2) === 0 ? piece : "") + head.slice(at + 1 + random(4));
    }
    const parsed = parse(head);
    if (parsed.kind !== "upgrade") continue;
    upgrades++;
    assert.ok(isStrictUpgrade(head.slice(0, parsed.end)), JSON.stringify(head));
  }
  assert.ok(upgrades > 1000, `${upgrades}`);
});

/** The same rules once more, written as one grammar. */
function isStrictUpgrade(head: string): boolean {
  const grammar =
    /^GET (?:https?:\/\/[^/?#\s]+)?(?:[/?][\x21\x22\x24-\x7e]*)? HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n$/i;
  if (!grammar.test(head)) return false;
  const values = (name: string) =>
    head.split("\r\n").slice(1).filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((
      line,
    ) => line.slice(name.length + 1).trim());
  const list = (name: string) =>
    values(name).flatMap((value) => value.toLowerCase().split(/[ \t]*,[ \t]*/));
  const [key = "", ...keys] = values("sec-websocket-key");
  return values("host").length === 1 &&
    /^[^\s/@<>"\\^`{}|?#\x80-\xff]+$/.test(values("host")[0] ?? "") &&
    list("upgrade").includes("websocket") && list("connection").includes("upgrade") &&
    values("sec-websocket-version").length === 1 &&
    ["8", "13"].includes(values("sec-websocket-version")[0] ?? "") &&
    keys.length === 0 && atob(key).length === 16 && btoa(atob(key)) === key &&
    values("transfer-encoding").length === 0;
}
