import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import https from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { httpHost, type RawClient, TIMEOUTS } from "../kit/http_host.ts";
import { pem, serverTls, turn } from "../kit/streams.ts";

const MIB = 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

/** Answers with what was asked. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  bodyOf(request).then((body) => {
    response.end(`${request.method} ${request.url} ${body.length} ${body.slice(0, 20)};`);
  }, () => {});
}

const bodies = (text: string) => [...text.matchAll(/\r\n\r\n([^;]*);/g)].map(([, body]) => body);

test("HTTP seam: a request is answered, and the connection stays open for the next", async () => {
  const host = await httpHost(echo);
  const client = await host.client();
  for (let i = 0; i < 5; i++) {
    client.send(`GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const answer = await client.answer(";");
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(answer.endsWith(`\r\n\r\nGET /${i} 0 ;`), answer);
  }
  assert.equal(client.hasEnded, false);
  await host.close();
});

test("HTTP seam: 200 connections, each with 5 requests", async () => {
  const host = await httpHost(echo);
  const clients: RawClient[] = [];
  for (let i = 0; i < 4; i++) {
    clients.push(...await Promise.all(Array.from({ length: 50 }, () => host.client())));
  }
  await Promise.all(clients.map(async (client, i) => {
    for (let round = 0; round < 5; round++) {
      const body = `${i}.${round}`;
      client.send(
        `POST /${i} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const answer = await client.answer(";");
      assert.ok(answer.endsWith(`\r\n\r\nPOST /${i} ${body.length} ${body};`), answer);
    }
  }));
  await host.close();
});

test("HTTP seam: pipelined requests are answered in order", async () => {
  const waiting: ServerResponse[] = [];
  const host = await httpHost((request, response) => {
    // The first answer comes last.
    if (request.url === "/0") waiting.push(response);
    else response.end(`${request.url};`);
    if (request.url === "/4") { for (const one of waiting) one.end("/0;"); }
  });
  const client = await host.client();
  let text = "";
  for (let i = 0; i < 5; i++) text += `GET /${i} HTTP/1.1\r\nHost: x\r\n\r\n`;
  client.send(text);
  await client.until(() => bodies(client.text).length === 5);
  assert.deepEqual(bodies(client.text), ["/0", "/1", "/2", "/3", "/4"]);
  await host.close();
});

test("HTTP seam: a request may come a byte at a time", async () => {
  const host = await httpHost(echo, { upgrade: () => false });
  const client = await host.client();
  for (const byte of "GET /slow HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n") {
    client.send(byte);
    await turn();
  }
  assert.ok((await client.answer(";")).endsWith("GET /slow 0 ;"));
  await host.close();
});

test("HTTP seam: bodies of 1 MiB come whole, by length and in chunks", async () => {
  const host = await httpHost(echo);
  const client = await host.client();
  const body = "b".repeat(MIB);
  client.send(`POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: ${MIB}\r\n\r\n${body}`);
  assert.ok((await client.answer(";")).includes(`POST /length ${MIB} bbb`));
  client.send("POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let i = 0; i < 64; i++) client.send(`4000\r\n${body.slice(0, 16_384)}\r\n`);
  client.send("0\r\n\r\n");
  assert.ok((await client.answer(";")).includes(`POST /chunked ${MIB} bbb`));
  await host.close();
});

test("HTTP seam: a slow reader holds the writer back, and gets it all", async () => {
  const total = 32 * MIB;
  let written = 0;
  const host = await httpHost((_request, response) => {
    response.writeHead(200, { "Content-Length": total });
    const piece = Buffer.alloc(65_536, "x");
    const more = () => {
      while (written < total) {
        written += piece.length;
        if (!response.write(piece)) return void response.once("drain", more);
      }
      response.end();
    };
    more();
  });
  const client = await host.client();
  client.keeps = false;
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  let before = -1;
  while (written !== before) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(written > 0 && written < total, `${written} written`);
  client.socket.resume();
  await client.until(() => client.receivedBytes > total);
  assert.equal(written, total);
  await host.close();
});

test("HTTP seam: a body that the handler does not read holds the client back", async () => {
  const waiting: IncomingMessage[] = [];
  const host = await httpHost((request) => void waiting.push(request));
  const client = await host.client();
  client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${64 * MIB}\r\n\r\n`);
  const piece = Buffer.alloc(MIB);
  for (let i = 0; i < 64; i++) client.socket.write(piece);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(client.socket.writableLength > 32 * MIB, `${client.socket.writableLength} left`);
  await host.close();
});

test("HTTP seam: a large answer in one piece comes whole", async () => {
  const host = await httpHost((_request, response) => response.end("y".repeat(8 * MIB) + ";"));
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.until(() => client.text.endsWith(";"));
  assert.ok(client.text.includes(`Content-Length: ${8 * MIB + 1}`));
  assert.equal(client.text.split("\r\n\r\n")[1]?.length, 8 * MIB + 1);
  await host.close();
});

test("HTTP seam: a client that goes away in the middle of its request or answer leaves nothing behind", async () => {
  let requests = 0;
  let closed = 0;
  const host = await httpHost((request, response) => {
    requests++;
    response.on("close", () => closed++);
    request.on("data", () => {});
    response.write("x".repeat(MIB));
  });
  const clients = await Promise.all(Array.from({ length: 20 }, () => host.client()));
  for (const [i, client] of clients.entries()) {
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc");
    if (i % 2 === 0) await client.until(() => client.receivedBytes > 0);
    client.socket.resetAndDestroy();
  }
  while (closed < requests || requests < 10) await turn();
  assert.deepEqual(host.errors, []);
  await host.close();
});

test("HTTP seam: HEAD is answered without a body", async () => {
  const host = await httpHost((_request, response) => {
    response.setHeader("Content-Length", 5);
    response.end("12345");
  });
  const client = await host.client();
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(await client.answer("\r\n\r\n"), /Content-Length: 5\r\n[^]*\r\n\r\n$/i);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.ok((await client.answer("12345")).endsWith("\r\n\r\n12345"));
  await host.close();
});

test("HTTP seam: Expect: 100-continue is told to go on", async () => {
  const host = await httpHost(echo);
  const client = await host.client();
  client.send(
    "PUT /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
  );
  assert.match(await client.answer("\r\n\r\n"), /^HTTP\/1\.1 100 Continue\r\n/);
  client.send("abc");
  assert.ok((await client.answer(";")).endsWith("PUT /x 3 abc;"));
  await host.close();
});

test("HTTP seam: HTTP/1.0 and Connection: close end the connection after the answer", async () => {
  const host = await httpHost(echo);
  for (
    const head of [
      "GET / HTTP/1.0\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ]
  ) {
    const client = await host.client();
    client.send(head);
    await client.ended();
    assert.ok(client.text.endsWith("GET / 0 ;"), client.text);
  }
  await host.close();
});

for (
  const [name, request] of Object.entries({
    "garbage": "rubbish\r\n\r\n",
    "a bad header": "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
    "lengths that disagree":
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length and chunks":
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no Host header": "GET / HTTP/1.1\r\n\r\n",
    "a chunk size that is none":
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "lines without CR": "GET / HTTP/1.1\nHost: x\n\n",
  })
) {
  test(`HTTP seam: ${name} gets 400 and the connection ends`, async () => {
    const host = await httpHost((_request, response) => {
      if (name !== "a chunk size that is none") response.end("accepted");
    }, { upgrade: () => false });
    const client = await host.client();
    client.send(request);
    await client.ended();
    assert.match(client.text, /^HTTP\/1\.1 400 /);
    assert.ok(!client.text.includes("accepted"));
    await host.close();
  });
}

test("HTTP seam: a head beyond 16 KiB gets 431", async () => {
  const host = await httpHost(echo, { upgrade: () => false });
  const client = await host.client();
  client.send(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`);
  await client.ended();
  assert.match(client.text, /^HTTP\/1\.1 431 /);
  await host.close();
});

test("HTTP seam: a peer that ends its side still gets the answer that is due", async () => {
  const waiting: ServerResponse[] = [];
  const host = await httpHost((_request, response) => void waiting.push(response));
  const client = await host.client();
  client.socket.end("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (waiting.length === 0) await turn();
  for (let i = 0; i < 10; i++) await turn();
  waiting[0]?.end("late but whole;");
  assert.ok((await client.answer(";")).endsWith("\r\n\r\nlate but whole;"));
  await client.ended();
  await host.close();
});

test("HTTP seam: a peer that ends in the middle of a body is dropped", async () => {
  let aborted = 0;
  const host = await httpHost((request, response) => {
    request.on("data", () => {});
    response.on("close", () => aborted++);
  });
  const client = await host.client();
  client.socket.end("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  await client.ended();
  while (aborted === 0) await turn();
  await host.close();
});

test("HTTP seam: nobody may keep a connection without a byte, a slow head, a slow body, or nothing more to say", async () => {
  const host = await httpHost(echo, { upgrade: () => false });
  const silent = await host.client();
  const slowHead = await host.client();
  slowHead.send("GET / HTTP/1.1\r\nHo");
  const slowPost = await host.client();
  slowPost.send("POST / HTTP/1.1\r\nHo");
  const slowBody = await host.client();
  slowBody.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  const idle = await host.client();
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await idle.answer(";");
  const clients = [silent, slowHead, slowPost, slowBody, idle];
  const closed = () => clients.map((one) => one.hasEnded || one.isClosed);
  const at = async (ms: number, expected: boolean[]) => {
    host.clock.advance(ms);
    await Promise.all(clients.filter((_, i) => expected[i]).map((one) => one.ended()));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(closed(), expected);
  };
  await at(TIMEOUTS.firstByteMs - 100, [false, false, false, false, false]);
  await at(300, [true, false, false, false, false]);
  await at(1000, [true, true, true, false, false]);
  await at(1000, [true, true, true, true, false]);
  await at(1000, [true, true, true, true, true]);
  assert.equal(silent.text, "");
  assert.match(slowHead.text, /^HTTP\/1\.1 408 /);
  assert.match(slowPost.text, /^HTTP\/1\.1 408 /);
  assert.match(slowBody.text, /^HTTP\/1\.1 408 /);
  await host.close();
});

test("HTTP seam: the head of the second request is timed too", async () => {
  const host = await httpHost(echo);
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.answer(";");
  client.send("GET / HT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  host.clock.advance(TIMEOUTS.headMs + 300);
  await client.ended();
  assert.match(client.text, /^HTTP\/1\.1 408 /);
  await host.close();
});

test("HTTP seam: an answer may take longer than any time-out", async () => {
  const waiting: ServerResponse[] = [];
  const host = await httpHost((_request, response) => void waiting.push(response));
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (waiting.length === 0) await turn();
  host.clock.advance(60_000);
  waiting[0]?.end("done;");
  assert.ok((await client.answer(";")).endsWith("done;"));
  await host.close();
});

test("HTTP seam: a reader that stops for good is cut off", async () => {
  const host = await httpHost((_request, response) => response.end("z".repeat(32 * MIB)));
  const client = await host.client();
  client.keeps = false;
  client.socket.pause();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 200));
  host.clock.advance(TIMEOUTS.bodyMs + 300);
  client.socket.resume();
  await client.until(() => client.isClosed || client.hasEnded);
  assert.ok(client.receivedBytes < 32 * MIB);
  await host.close();
});

test("HTTP seam: the socket that handlers see has time-outs of its own", async () => {
  let requests = 0;
  const host = await httpHost((request, response) => {
    requests++;
    // Without a listener node:http destroys the connection.
    response.on("timeout", () => {});
    request.socket.setTimeout(500, () => response.end("too slow;"));
  });
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (requests === 0) await turn();
  host.clock.advance(1000);
  assert.ok((await client.answer(";")).endsWith("too slow;"));
  await host.close();
});

const UPGRADE = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

test("HTTP seam: an upgrade behind an unanswered request gets 400", async () => {
  let upgrades = 0;
  const waiting: ServerResponse[] = [];
  const host = await httpHost((_request, response) => void waiting.push(response), {
    upgrade: () => {
      upgrades++;
      return true;
    },
  });
  const client = await host.client();
  client.send(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${UPGRADE}`);
  while (waiting.length === 0) await turn();
  for (let i = 0; i < 10; i++) await turn();
  assert.equal(waiting.length, 1);
  waiting[0]?.end("first;");
  await client.ended();
  assert.match(client.text, /^HTTP\/1\.1 200 [^]*first;HTTP\/1\.1 400 /);
  assert.equal(upgrades, 0);
  await host.close();
});

test("HTTP seam: a connection that was kept alive may still upgrade", async () => {
  const host = await httpHost(echo, {
    upgrade: (stream, request, rest) => {
      assert.equal(request.path, "/ws");
      assert.equal(request.headers["host"], "x");
      assert.equal(rest.length, 0);
      stream.onData = (bytes) => {
        assert.equal(new TextDecoder().decode(bytes), "frames");
        stream.write(new TextEncoder().encode("more frames"));
        stream.close();
      };
      stream.onEnd = () => {};
      stream.onClose = () => {};
      stream.onDrain = () => {};
      stream.write(new TextEncoder().encode("upgraded"));
      return true;
    },
  });
  const client = await host.client();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  await client.answer(";");
  client.send(UPGRADE);
  assert.equal(await client.answer("upgraded"), "upgraded");
  client.send("frames");
  assert.equal(await client.answer("more frames"), "more frames");
  await host.close();
});

test("HTTP seam: an upgrade with bytes behind it, on a connection that was kept alive, is no upgrade", async () => {
  let upgrades = 0;
  const host = await httpHost(echo, {
    upgrade: () => {
      upgrades++;
      return true;
    },
  });
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.answer(";");
  client.send(`${UPGRADE}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.ended();
  assert.equal(upgrades, 0);
  assert.ok(!client.text.includes("smuggled"));
  await host.close();
});

test("HTTP seam: a malformed upgrade is refused, first or later", async () => {
  const bad = UPGRADE.replace("dGhlIHNhbXBsZSBub25jZQ==", "short");
  const host = await httpHost(echo, { upgrade: () => assert.fail("upgraded") });
  const client = await host.client();
  client.send(bad);
  await client.ended();
  assert.match(client.text, /^HTTP\/1\.1 400 /);
  const later = await host.client();
  later.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await later.answer(";");
  later.send(bad);
  await later.ended();
  assert.match(later.text, /^HTTP\/1\.1 400 /);
  await host.close();
});

test("HTTP seam: an upgrade on another path is for the handler, as is one to another protocol", async () => {
  const host = await httpHost(echo, { upgrade: () => false });
  const client = await host.client();
  client.send(UPGRADE);
  assert.ok((await client.answer(";")).endsWith("GET /ws 0 ;"));
  client.send(UPGRADE.replace("websocket", "h2c"));
  assert.ok((await client.answer(";")).endsWith("GET /ws 0 ;"));
  await host.close();
});

test("HTTP seam: close() ends idle connections at once and busy ones after their answer", async () => {
  const waiting: ServerResponse[] = [];
  const host = await httpHost((request, response) => {
    if (request.url === "/busy") waiting.push(response);
    else response.end("now;");
  });
  const idle = await host.client();
  idle.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await idle.answer(";");
  const busy = await host.client();
  busy.send("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
  while (waiting.length === 0) await turn();
  let isClosed = false;
  const closing = host.seam.close().then(() => isClosed = true);
  await idle.ended();
  await turn();
  assert.equal(isClosed, false);
  waiting[0]?.end("at last;");
  assert.ok((await busy.answer(";")).endsWith("at last;"));
  await busy.ended();
  await closing;
  const late = await host.client();
  late.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await late.ended();
  assert.equal(late.text, "");
  await host.close();
});

test("HTTP seam: close() does not wait for ever", async () => {
  const waiting: ServerResponse[] = [];
  const host = await httpHost((_request, response) => void waiting.push(response));
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  while (waiting.length === 0) await turn();
  const closing = host.seam.close(1000);
  host.clock.advance(1300);
  await closing;
  await client.ended();
  await host.close();
});

test("HTTP seam: a handler that throws answers 500 and is reported", async () => {
  const host = await httpHost(() => {
    throw new Error("a bug");
  });
  const client = await host.client();
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  await client.ended();
  assert.match(client.text, /^HTTP\/1\.1 500 /);
  assert.equal(host.errors.length, 1);
  await host.close();
});

test("HTTP seam: a Hono application serves, with bodies, streams and the address of its client", async () => {
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>();
  app.get("/hello/:name", (c) => c.text(`hello ${c.req.param("name")};`));
  app.post("/json", async (c) => c.json({ got: await c.req.json() }));
  app.get("/from", (c) => c.text(`${c.env.incoming.socket.remoteAddress};`));
  app.get("/stream", () =>
    new Response(
      new ReadableStream({
        start(controller) {
          for (const part of ["a", "b", "c;"]) controller.enqueue(new TextEncoder().encode(part));
          controller.close();
        },
      }),
    ));
  const host = await httpHost(getRequestListener(app.fetch));
  const base = `http://127.0.0.1:${host.port}`;
  assert.equal(await (await fetch(`${base}/hello/peter`)).text(), "hello peter;");
  const posted = await fetch(`${base}/json`, { method: "POST", body: '{"a":[1,2]}' });
  assert.deepEqual(await posted.json(), { got: { a: [1, 2] } });
  assert.equal(await (await fetch(`${base}/from`)).text(), "127.0.0.1;");
  assert.equal(await (await fetch(`${base}/stream`)).text(), "abc;");
  const missing = await fetch(`${base}/nothing`);
  assert.equal(missing.status, 404);
  await missing.text();
  await host.close();
});

test("HTTP seam: it serves over TLS", async () => {
  const host = await httpHost(
    (request, response) => {
      const socket: object = request.socket;
      response.end(`${Reflect.get(socket, "encrypted")};`);
    },
    {},
    { kind: "tcp", host: "127.0.0.1", port: 0, tls: serverTls },
  );
  const text = await new Promise<string>((resolve, reject) => {
    const request = https.get(
      { host: "127.0.0.1", port: host.port, path: "/", ca: pem("ca.crt"), agent: false },
      (response) => bodyOf(response).then(resolve, reject),
    );
    request.on("error", reject);
  });
  assert.equal(text, "true;");
  await host.close();
});
