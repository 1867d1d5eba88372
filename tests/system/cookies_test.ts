/** Browsers that come back: the cookie of a WebSocket handshake, and who is known by it. */
import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { request } from "node:http";
import { join as joinPath } from "node:path";
import { after, before, test } from "node:test";
import { type Authentication, connect, type Dial, JoinError, type Session } from "../../mod.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";
import { dial as dialTransport } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { json } from "../../wamp/codec/json.ts";
import { workplace } from "./cli_process.ts";
import { errorLog } from "../kit/error_log.ts";

const TICKET = "swordfish-of-joe";
const errors: unknown[] = [];
const log = errorLog(errors);
const host = new TransportHost({ onFault: (error) => errors.push(error) });
let place: Awaited<ReturnType<typeof workplace>>;
before(async () => place = await workplace());
after(async () => {
  await place.remove();
  assert.deepEqual(errors, []);
});

async function start(cookie: object, endpoint: object = {}): Promise<Node> {
  const config = parseConfig({
    version: 2,
    workers: [{
      type: "router",
      realms: [{
        name: "realm1",
        roles: ["user", "anonymous"].map((name) => ({ name, "allow-by-default": true })),
      }],
      transports: [{
        type: "websocket",
        endpoint: { type: "tcp", port: 0, interface: "127.0.0.1", ...endpoint },
        cookie,
        auth: {
          cookie: {},
          ticket: { type: "static", principals: { joe: { ticket: TICKET, role: "user" } } },
          anonymous: { type: "static" },
        },
      }],
    }],
  });
  return await startNode(config, { directory: place.directory, log });
}

const urlOf = (node: Node) => node.listeners[0]?.urls[0] ?? "";

/** What a browser sends and is told: a handshake with a cookie or none. */
function handshake(
  url: string,
  cookie?: string,
  more: Record<string, string> = {},
): Promise<string | undefined> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = request({
      host: "127.0.0.1",
      port,
      path: "/",
      headers: {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol": "wamp.2.json",
        ...(cookie !== undefined && { "Cookie": cookie }),
        ...more,
      },
    });
    asking.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve(response.headers["set-cookie"]?.[0]);
    });
    asking.on("error", reject);
    asking.end();
  });
}

/** A session as a browser opens it that has the cookie. */
function browse(url: string, cookie: string, authentication: Authentication): Promise<Session> {
  const dial: Dial = ({ signal }, attach) =>
    dialTransport({ url, codecs: [json], headers: { "Cookie": cookie }, signal, host }, attach);
  return connect({ url, realm: "realm1", authentication, dial });
}

const BY_COOKIE = { cookie: {} };
const BY_TICKET = { cookie: {}, ticket: { authid: "joe", ticket: TICKET } };

async function newCookie(node: Node): Promise<string> {
  const set = await handshake(urlOf(node));
  return set?.split(";")[0] ?? assert.fail("no cookie was set");
}

test("Cookies: a handshake without one is given one that scripts and other sites cannot use", async () => {
  const node = await start({});
  const set = await handshake(urlOf(node));
  assert.match(
    set ?? "",
    /^cbtid=[\w-]{24}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
  );
  const [pair = ""] = set?.split(";") ?? [];
  assert.equal(await handshake(urlOf(node), `other=1; ${pair}`), undefined);
  assert.notEqual(await handshake(urlOf(node), "cbtid=short"), undefined);
  await node.stop();
  const named = await start({ name: "sid", length: 32, max_age: 60, same_site: "Strict" });
  assert.match(
    await handshake(urlOf(named)) ?? "",
    /^sid=[\w-]{32}; Max-Age=60; Path=\/; HttpOnly; SameSite=Strict$/,
  );
  await named.stop();
});

test("Cookies: one that came through a balancer's TLS goes over TLS alone, as one for other sites always does", async () => {
  const balanced = await start({});
  const proto = (name: string) => ({ "X-Forwarded-Proto": name });
  assert.match(await handshake(urlOf(balanced), undefined, proto("https")) ?? "", /; Secure$/);
  assert.match(
    await handshake(urlOf(balanced), undefined, proto("HTTPS, http")) ?? "",
    /; Secure$/,
  );
  assert.doesNotMatch(await handshake(urlOf(balanced), undefined, proto("http")) ?? "", /Secure/);
  await balanced.stop();
  const foreign = await start({ same_site: "None" }, { trusted_proxies: ["127.0.0.1"] });
  assert.match(await handshake(urlOf(foreign)) ?? "", /; SameSite=None; Secure$/);
  await foreign.stop();
});

for (const type of ["memory", "file", "sqlite"]) {
  test(`Cookies: who has authenticated comes back by cookie, with a store of type ${type}`, async () => {
    let node = await start({ store: { type } });
    const cookie = await newCookie(node);
    await assert.rejects(browse(urlOf(node), cookie, BY_COOKIE), JoinError);
    const first = await browse(urlOf(node), cookie, BY_TICKET);
    assert.equal(first.details["authmethod"], "ticket");
    await first.leave();
    const again = async () => {
      const session = await browse(urlOf(node), cookie, BY_COOKIE);
      const { authid, authrole, authmethod } = session.details;
      assert.deepEqual([authid, authrole, authmethod], ["joe", "user", "cookie"]);
      await session.leave();
    };
    await again();
    await assert.rejects(browse(urlOf(node), await newCookie(node), BY_COOKIE), JoinError);
    if (type !== "memory") {
      await node.stop();
      const file = joinPath(place.directory, type === "file" ? "cookies.json" : "cookies.sqlite");
      assert.equal((await readFile(file, "latin1")).includes(cookie.split("=")[1] ?? ""), false);
      if (type === "file") assert.equal((await stat(file)).mode & 0o077, 0);
      node = await start({ store: { type } });
      await again();
    }
    await node.stop();
  });
}

test("Cookies: logging out forgets the cookie, and ends the browser's other sessions", async () => {
  const node = await start({});
  const cookie = await newCookie(node);
  const first = await browse(urlOf(node), cookie, BY_TICKET);
  const other = await browse(urlOf(node), cookie, BY_COOKIE);
  const foreign = await browse(urlOf(node), await newCookie(node), BY_TICKET);
  await first.leave("wamp.close.logout");
  assert.equal((await other.closed).reason, "wamp.close.logout");
  await assert.rejects(browse(urlOf(node), cookie, BY_COOKIE), JoinError);
  assert.equal(await foreign.call("wamp.session.count"), 1);
  await foreign.leave();
  await node.stop();
});

test("Cookies: an anonymous session makes no cookie a way in", async () => {
  const node = await start({});
  const cookie = await newCookie(node);
  await (await browse(urlOf(node), cookie, { anonymous: {} })).leave();
  await assert.rejects(browse(urlOf(node), cookie, BY_COOKIE), JoinError);
  await node.stop();
});
