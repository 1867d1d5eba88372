/** A realm of this router linked to one of Crossbar.io: what crosses in which direction, as far as Crossbar.io's meta API and options let it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApplicationError, connect, type Session } from "../../mod.ts";
import { type Node, parseConfig, startNode } from "../../node/mod.ts";
import { freePorts, missingCrossbar, startCrossbar } from "../kit/crossbar.ts";

const skip = missingCrossbar() ?? false;

const allow = { "call": true, "register": true, "publish": true, "subscribe": true };
const REALM = {
  "name": "realm1",
  "roles": [{
    "name": "anonymous",
    "permissions": [{
      "uri": "",
      "match": "prefix",
      "allow": allow,
      "disclose": { "caller": false, "publisher": false },
    }],
  }],
};

let crossbar: Awaited<ReturnType<typeof startCrossbar>> | undefined;
let node: Node | undefined;
/** One on each side of the link. */
let here: Session;
let there: Session;

before(async () => {
  if (skip !== false) return;
  const [port] = await freePorts(1);
  const endpoint = { "type": "tcp", port, "interface": "127.0.0.1" };
  crossbar = await startCrossbar({
    "version": 2,
    "workers": [{
      "type": "router",
      "realms": [REALM],
      "transports": [{ "type": "websocket", endpoint }],
    }],
  });
  const url = `ws://127.0.0.1:${port}/`;
  there = await connect({ url, realm: "realm1" });
  const rlinks = [{ "realm": "realm1", "transport": { "type": "websocket", "url": url } }];
  const config = parseConfig({
    "version": 2,
    "workers": [{
      "type": "router",
      "realms": [{ ...REALM, rlinks }],
      "transports": [{ "type": "websocket", "endpoint": { ...endpoint, "port": 0 } }],
    }],
  });
  node = await startNode(config, { directory: "." });
  here = await connect({ url: node.listeners[0]?.urls[0] ?? "", realm: "realm1" });
});
after(async () => {
  await Promise.all([here?.leave(), there?.leave()]);
  await node?.stop();
  await crossbar?.stop();
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!await isSo()) {
    assert.ok(Date.now() < deadline, "found it not so in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const has = (session: Session, kind: string, uri: string, match: string = "exact") => async () =>
  await session.call(`wamp.${kind}.lookup`, [uri, { "match": match }]) !== null;

for (const way of ["here", "there"] as const) {
  const [from, to] = way === "here"
    ? ["Crossbar.io", "this router"]
    : ["this router", "Crossbar.io"];
  const ends = () => way === "here" ? [here, there] as const : [there, here] as const;

  for (
    const [match, pattern, topic] of [
      ["exact", `com.${way}.news`, `com.${way}.news`],
      ["prefix", `com.${way}.pre`, `com.${way}.pre.x`],
      ["wildcard", `com.${way}..wild`, `com.${way}.any.wild`],
    ] as const
  ) {
    test(
      `Link to Crossbar.io: an event of ${from} reaches a subscriber by ${match} of ${to}, once`,
      { skip },
      async () => {
        const [near, far] = ends();
        const events: unknown[] = [];
        const subscription = await near.subscribe(
          pattern,
          (args, kwargs, { topic: of }) => void events.push([args, kwargs, of ?? topic]),
          { match },
        );
        await until(has(far, "subscription", pattern, match));
        await far.publish(topic, ["tea", 1], { "cups": 2 }, { acknowledge: true });
        await far.publish(topic, ["end"], {}, { acknowledge: true });
        await until(() => Promise.resolve(events.length > 1));
        assert.deepEqual(events, [[["tea", 1], { "cups": 2 }, topic], [["end"], {}, topic]]);
        await subscription.unsubscribe();
        await until(async () => !await has(far, "subscription", pattern, match)());
      },
    );

    test(
      `Link to Crossbar.io: a call of ${from} reaches a callee by ${match} of ${to}`,
      { skip },
      async () => {
        const [near, far] = ends();
        const registration = await near.register(
          pattern,
          ([value]) => [value, "back"],
          { match },
        );
        await until(has(far, "registration", pattern, match));
        assert.deepEqual(await far.call(topic, ["tea"]), ["tea", "back"]);
        await registration.unregister();
        await until(async () => !await has(far, "registration", pattern, match)());
      },
    );
  }

  test(`Link to Crossbar.io: errors and progressive results of ${to} come back to ${from}`, {
    skip,
  }, async () => {
    const [near, far] = ends();
    const uri = `com.${way}.count`;
    const registration = await near.register(uri, ([n], _kwargs, details) => {
      if (n === 0) throw new ApplicationError("com.error.none", ["none"], { "n": 0 });
      for (let i = 0; i < Number(n); i++) details.progress([i]);
      return n;
    });
    await until(has(far, "registration", uri));
    await assert.rejects(
      far.call(uri, [0]),
      (error) => error instanceof ApplicationError && error.uri === "com.error.none",
    );
    const parts: unknown[] = [];
    const result = await far.call(uri, [3], {}, { onProgress: (args) => void parts.push(args) });
    assert.deepEqual([parts, result], [[[0], [1], [2]], 3]);
    await registration.unregister();
  });
}
