/**
 * Every endpoint of every client with every other: each calls a procedure of each, and each event goes to all. What they exchange must
 * arrive whole whatever the two serializers are.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Client, clients, type Endpoint } from "./clients.ts";
import { Peer } from "./peer.ts";
import type { PeerSession } from "./peer_session.ts";
import { type RouterUnderTest, startRouter } from "./router_under_test.ts";
import { normal, samplesFor, type Value } from "./values.ts";

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

/** What the publisher can send may be more than a subscriber can receive: each sample is an event of its own. */
async function publish(publisher: Party): Promise<void> {
  const topic = `com.cross.topic.${publisher.name}`;
  const others = parties.filter((party) => party !== publisher);
  for (const { session } of others) await session.subscribe(topic);
  const samples = samplesFor(publisher.endpoint.traits);
  for (const { name, value } of samples) {
    await publisher.session.publish(topic, { args: [name, value], kwargs: { value } });
  }
  for (const subscriber of others) {
    const traits = [publisher.endpoint.traits, subscriber.endpoint.traits];
    const readable = samplesFor(...traits).map((sample) => sample.name);
    const received = new Map<Value, unknown>();
    while (received.size < samples.length) {
      const { args: [name = null, value], kwargs } = await subscriber.session.event(topic);
      received.set(name, [name, value, kwargs]);
    }
    for (const { name, value } of samples.filter((sample) => readable.includes(sample.name))) {
      const found = received.get(name) as Value;
      compare(found, [name, value, { value }], traits, `${publisher.name} to ${subscriber.name}`);
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
