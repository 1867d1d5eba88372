/** Two nodes, joined by a link of the configuration: what crosses, over which transports, and what happens when one of them goes. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect, type Session } from "../../mod.ts";
import { ConfigError, type Node, parseConfig, startNode } from "../../node/mod.ts";
import { workplace } from "./cli_process.ts";
import { errorLog } from "../kit/error_log.ts";

const errors: unknown[] = [];
const log = errorLog(errors);
let place: Awaited<ReturnType<typeof workplace>>;
before(async () => place = await workplace());
after(async () => {
  await place.remove();
  assert.deepEqual(errors, []);
});

const role = (name: string) => ({ name, "allow-by-default": true });

function node(realm: object, auth?: object, port = 0): Promise<Node> {
  const config = parseConfig({
    version: 2,
    workers: [{
      type: "router",
      realms: [{ name: "realm1", roles: [role("anonymous"), role("links")], ...realm }],
      transports: [{
        type: "universal",
        endpoint: { type: "tcp", port, interface: "127.0.0.1" },
        rawsocket: { ...(auth && { auth }) },
        websocket: { "ws": { ...(auth && { auth }) }, "open": {} },
      }],
    }],
  }, { LINK_SECRET: "salmon" });
  return startNode(config, { directory: place.directory, log, env: { LINK_SECRET: "salmon" } });
}

function portOf(one: Node): number {
  const { address } = one.listeners[0] ?? assert.fail("no listener");
  return "port" in address ? address.port : assert.fail("no port");
}

const client = (one: Node): Promise<Session> =>
  connect({ url: `ws://127.0.0.1:${portOf(one)}/open`, realm: "realm1" });

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!await isSo()) {
    assert.ok(Date.now() < deadline, "found it not so in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const has = (session: Session, kind: string, uri: string) => async () =>
  await session.call(`wamp.${kind}.lookup`, [uri]) !== null;

/** Events and calls cross in both directions. */
async function crosses(near: Node, far: Node): Promise<void> {
  const [here, there] = [await client(near), await client(far)];
  for (const [one, other] of [[here, there], [there, here]] as const) {
    const name = one === here ? "here" : "there";
    const events: unknown[] = [];
    await one.subscribe(`com.news.${name}`, ([n]) => void events.push(n));
    await one.register(`com.echo.${name}`, ([value]) => value);
    await until(has(other, "subscription", `com.news.${name}`));
    await until(has(other, "registration", `com.echo.${name}`));
    other.publish(`com.news.${name}`, [name]);
    assert.equal(await other.call(`com.echo.${name}`, [name]), name);
    await until(() => Promise.resolve(events.length > 0));
    assert.deepEqual(events, [name]);
  }
  await Promise.all([here.leave(), there.leave()]);
}

const AUTH = {
  ticket: { type: "static", principals: { link: { ticket: "salmon", role: "links" } } },
  wampcra: { type: "static", users: { link: { secret: "salmon", role: "links" } } },
};

test("Links: two nodes share what is subscribed to and registered, over every transport and by authentication", async () => {
  const far = await node({}, AUTH);
  const port = portOf(far);
  const endpoint = { type: "tcp", host: "127.0.0.1", port };
  const links = [
    {
      transport: { type: "websocket", url: `ws://127.0.0.1:${port}/ws` },
      authentication: { ticket: { authid: "link", ticket: "$LINK_SECRET" } },
    },
    {
      transport: { type: "websocket", url: "ws://router/ws", endpoint, serializers: ["json"] },
      authentication: { wampcra: { authid: "link", secret: "salmon" } },
    },
    {
      transport: { type: "rawsocket", endpoint, serializer: "msgpack" },
      authentication: { ticket: { authid: "link", ticket: "salmon" } },
    },
  ];
  for (const link of links) {
    const near = await node({ rlinks: [{ realm: "realm1", ...link }] });
    await crosses(near, far);
    await near.stop();
  }
  await far.stop();
});

test("Links: a router that comes late, or again, is joined when it is there", async () => {
  const first = await node({});
  const port = portOf(first);
  await first.stop();
  const transport = { type: "websocket", url: `ws://127.0.0.1:${port}/ws` };
  const retry = { "initial_retry_delay": 20, "max_retry_delay": 100 };
  const near = await node({ rlinks: [{ realm: "realm1", transport, ...retry }] });
  for (let i = 0; i < 2; i++) {
    const far = await node({}, undefined, port);
    await crosses(near, far);
    await far.stop();
  }
  await near.stop();
});

test("Links: what a configuration says wrong of them is told before anything starts", async () => {
  const transport = { type: "websocket", url: "ws://127.0.0.1:1/ws" };
  const problems = async (realm: object) => {
    try {
      await (await node(realm)).stop();
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError, String(error));
      return error.problems.map(({ text }) => text);
    }
  };
  const link = { realm: "realm1", transport };
  assert.match((await problems({ rlinks: [{ transport }] }))[0] ?? "", /missing/);
  assert.match(
    (await problems({ rlinks: [link], options: { enable_meta_api: false } }))[0] ?? "",
    /without meta API/,
  );
  const unset = { ticket: { authid: "link", ticket: "$NOT_SET_ANYWHERE" } };
  assert.match(
    (await problems({ rlinks: [{ ...link, authentication: unset }] }))[0] ?? "",
    /not set/,
  );
  const file = { ticket: { authid: "link", ticket: { file: "nowhere" } } };
  assert.match(
    (await problems({ rlinks: [{ ...link, authentication: file }] }))[0] ?? "",
    /cannot read .*nowhere/,
  );
});
