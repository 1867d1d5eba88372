/** Level trace of the log: the messages of a session. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { configure, reset } from "@logtape/logtape";
import { connect, type Dial, type Log, logger } from "../../mod.ts";
import { createLocalPair } from "../../transports/local.ts";
import { credulous, FakeLog, Flow } from "../kit/flow_kit.ts";
import { ComponentFlow } from "./component_kit.ts";

type Properties = Readonly<Record<string, unknown>>;

class TracingLog extends FakeLog {
  readonly lines: [text: string, properties: Properties][] = [];
  readonly trace = (text: string, properties: () => Properties): void => {
    this.lines.push([text, properties()]);
  };

  /** "Sent HELLO" */
  get heads(): readonly string[] {
    return this.lines.map(([text, { type }]) => text.replace(/\{type\}.*/, String(type)));
  }
}

function dialTo(flow: Flow): Dial {
  return (_options, attach) => {
    const pair = createLocalPair((error) => flow.log.errors.push({ error }));
    pair.client.attach(attach(pair.client));
    pair.router.attach(flow.router.attach(pair.router, credulous));
    return Promise.resolve(pair.client);
  };
}

async function callOnce(log: Log, more: { readonly resumable?: boolean } = {}): Promise<void> {
  const flow = new Flow({ resumption: { timeoutMs: 5_000 } });
  const { clock } = flow;
  const dial = dialTo(flow);
  const session = await connect({ url: "local", realm: "realm1", log, dial, clock, ...more });
  await session.register("com.example.add2", ([a, b]: readonly [number, number]) => a + b);
  assert.equal(await session.call("com.example.add2", [2, 3], { note: "x" }), 5);
  await session.leave();
}

test("Trace: all messages of a session are written in their order, with arguments", async () => {
  const log = new TracingLog();
  await callOnce(log);
  assert.deepEqual(log.heads, [
    "Sent HELLO",
    "Received WELCOME",
    "Sent REGISTER",
    "Received REGISTERED",
    "Sent CALL",
    "Received INVOCATION",
    "Sent YIELD",
    "Received RESULT",
    "Sent GOODBYE",
    "Received GOODBYE",
    "Connection ended: {how}",
  ]);
  const [, call] = log.lines[4] ?? [];
  assert.deepEqual(call, {
    type: "CALL",
    peer: "local",
    message: {
      request: 2,
      options: {},
      procedure: "com.example.add2",
      args: [2, 3],
      kwargs: { note: "x" },
    },
  });
});

test("Trace: sessions that can be resumed are written, too; their token is not", async () => {
  const log = new TracingLog();
  await callOnce(log, { resumable: true });
  assert.deepEqual(log.heads.slice(0, 3), ["Sent HELLO", "Received WELCOME", "Sent REGISTER"]);
  const [, welcome] = log.lines[1] ?? [];
  assert.doesNotMatch(JSON.stringify(welcome), /resume.token":"[^…]/);
  assert.match(JSON.stringify(welcome), /resume.token":"…"/);
});

test("Trace: no signature is written", async () => {
  const log = new TracingLog();
  const sent: unknown[] = [];
  const dial: Dial = (_options, attach) => {
    const pair = createLocalPair((error) => sent.push(error));
    pair.client.attach(attach(pair.client));
    pair.router.attach({
      receive(message) {
        sent.push(message);
        if (message.type === 1) {
          pair.router.send({ type: 4, authmethod: "ticket", extra: {} });
        } else pair.router.end("enough");
      },
      fail() {},
      closed() {},
    });
    return Promise.resolve(pair.client);
  };
  const authentication = { ticket: { authid: "joe", ticket: "very secret" } };
  await assert.rejects(connect({ url: "local", realm: "realm1", log, dial, authentication }));
  assert.match(JSON.stringify(sent), /very secret/);
  assert.deepEqual(log.heads.slice(0, 3), [
    "Sent HELLO",
    "Received CHALLENGE",
    "Sent AUTHENTICATE",
  ]);
  assert.doesNotMatch(JSON.stringify(log.lines), /very secret/);
});

test("Trace: a component's sessions are written where LogTape shows the level, and nothing stands between where not", async () => {
  const levels = ["trace", "debug"] as const;
  const counts: number[] = [];
  for (const lowestLevel of levels) {
    let lines = 0;
    await configure({
      reset: true,
      sinks: { own: ({ level }) => void (level === "trace" && lines++) },
      loggers: [
        { category: ["logtape", "meta"], lowestLevel: "warning" },
        { category: ["realmway"], sinks: ["own"], lowestLevel },
      ],
    });
    try {
      const log = await logger("component");
      assert.equal(log.trace !== undefined, lowestLevel === "trace");
      await new ComponentFlow().component({
        log,
        main: (session) => session.call("wamp.session.count"),
      })
        .start();
    } finally {
      await reset();
    }
    counts.push(lines);
  }
  assert.deepEqual(counts, [7, 0]);
});
