/**
 * Every endpoint of every client with every other: each calls a procedure of each, and each event goes to all. What they exchange must
 * arrive whole whatever the two serializers are.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, clients, type Endpoint } from "./clients.ts";
import { Peer } from "./peer.ts";
import type { PeerSession, ReceivedEvent } from "./peer_session.ts";
import { type RouterUnderTest, startRouter } from "./router_under_test.ts";
import { normal, type Sample, samplesFor, type Value } from "./values.ts";

interface Party {
  readonly client: Client;
  readonly endpoint: Endpoint;
  readonly session: PeerSession;
  /** Part of its URIs. */
  readonly name: string;
}

const present = clients.filter((client) => client.missing() === undefined);
const parties: Party[] = [];
const peers: Peer[] = [];
let router: RouterUnderTest | undefined;

for (const client of clients) {
  const missing = client.missing();
  if (missing === undefined) continue;
  test(
    `${client.title} with the others: not tested, missing ${missing}`,
    { skip: missing },
    () => {},
  );
}

before(async () => {
  router = await startRouter();
  for (const client of present) {
    const peer = await Peer.start(client, router);
    peers.push(peer);
    for (const endpoint of client.endpoints) {
      const session = await peer.join(endpoint);
      const name = `${client.id}_${endpoint.transport}_${endpoint.serializer}`
        .replaceAll(/[-.]/g, "_");
      parties.push({ client, endpoint, session, name });
      await session.register(`com.cross.${name}`, "echo");
      await session.register(`com.cross.progress.${name}`, "progress");
    }
  }
});
after(async () => {
  await Promise.all(peers.map((peer) => peer.stop()));
  await router?.stop();
});

const of = (client: Client) => parties.filter((party) => party.client === client);

for (const from of present) {
  for (const to of present) {
    test(`${from.title} calls ${to.title}: what it sends comes back, in all serializers`, async () => {
      for (const callee of of(to)) {
        await Promise.all(of(from).map((caller) => call(caller, callee)));
      }
    });
  }
}

for (const to of present) {
  test(`${to.title} gets progress from callees of all clients that yield it`, async () => {
    for (const callee of parties.filter(({ client }) => client.habits.yieldsProgress)) {
      for (const caller of of(to)) await progress(caller, callee);
    }
  });
}

/** Binary values and what JSON has for them. [WAMP serialization_binary_json] */
const BYTES = { $bytes: "00ff80" };
const IN_JSON = "\0AP+A";

for (const client of present) {
  test(`${client.title}: bytes are \\0 and Base64 in JSON, bytes in other serializers`, async () => {
    const mine = of(client);
    const binary = mine.find(({ endpoint }) => endpoint.serializer === "msgpack");
    const json = mine.find(({ endpoint }) => endpoint.serializer === "json");
    assert.ok(binary && json);
    const topic = `com.cross.bytes.${binary.name}`;
    await json.session.subscribe(topic);
    await binary.session.publish(topic, { args: [BYTES], kwargs: { BYTES } });
    const received = await json.session.event(topic);
    const expected = json.endpoint.traits.includes("bytes") ? BYTES : IN_JSON;
    assert.deepEqual([received.args, received.kwargs], [[expected], { BYTES: expected }]);

    await binary.session.subscribe(`${topic}.back`);
    await json.session.publish(`${topic}.back`, { args: [IN_JSON, "AP+A", "\0no Base64"] });
    assert.deepEqual((await binary.session.event(`${topic}.back`)).args, [
      BYTES,
      "AP+A",
      "\0no Base64",
    ]);
  });
}

for (const from of present) {
  test(`${from.title} publishes: all subscribers of all clients get the same`, async () => {
    for (const publisher of of(from)) await publish(publisher);
  });
}

async function call(caller: Party, callee: Party): Promise<void> {
  const traits = [caller.endpoint.traits, callee.endpoint.traits];
  const args: Value[] = samplesFor(...traits).map(({ name, value }) => [name, value]);
  const kwargs = { caller: caller.name, "ключ": [null, true] };
  const back = await caller.session.call(`com.cross.${callee.name}`, { args, kwargs });
  compare([back.args, back.kwargs], [args, kwargs], traits, `${caller.name} to ${callee.name}`);
}

async function progress(caller: Party, callee: Party): Promise<void> {
  const options = { "receive_progress": true };
  const procedure = `com.cross.progress.${callee.name}`;
  const call = caller.session.beginCall(procedure, { args: [2], options });
  assert.deepEqual((await call.result).args, ["done"]);
  const who = `${caller.name} from ${callee.name}`;
  const expected = [0, 1].map((step) => ({ args: [step], kwargs: { step } }));
  assert.deepEqual({ who, progress: call.progress() }, { who, progress: expected });
}

/** What the publisher can send may be more than a subscriber can receive: what only some can is in events of its own. */
async function publish(publisher: Party): Promise<void> {
  const topic = `com.cross.topic.${publisher.name}`;
  const others = parties.filter((party) => party !== publisher);
  for (const { session } of others) await session.subscribe(topic);
  const plain = samplesFor([]);
  const events: Sample[] = [
    { name: "plain", value: plain.map(({ name, value }) => [name, value]), needs: [] },
    ...samplesFor(publisher.endpoint.traits).filter(({ needs }) => needs.length > 0),
  ];
  for (const { name, value } of events) {
    await publisher.session.publish(topic, { args: [name, value], kwargs: { value } });
  }
  for (const { endpoint: { traits }, name: reader, session } of others) {
    const who = `${publisher.name} to ${reader}`;
    const received = new Map<Value, ReceivedEvent>();
    while (received.size < events.length) {
      const event = await session.event(topic);
      received.set(event.args[0] ?? null, event);
    }
    for (const { name, value, needs } of events) {
      if (!needs.every((need) => traits.includes(need))) continue;
      const { args, kwargs } = received.get(name) ?? { args: [], kwargs: {} };
      const sent = [[name, value], { value }];
      compare([args, kwargs], sent, [publisher.endpoint.traits, traits], who);
    }
  }
  for (const { session } of others) await session.unsubscribe(topic);
}

function compare(
  found: Value,
  sent: Value,
  traits: readonly Endpoint["traits"][],
  who: string,
): void {
  const [first = [], second = []] = traits;
  const common = first.filter((trait) => second.includes(trait));
  assert.deepEqual({ who, value: normal(found, common) }, { who, value: normal(sent, common) });
}
