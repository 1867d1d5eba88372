/** Runs every scenario with every endpoint of one client, all against one router. Each test file calls it for its client. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clientNamed, type Endpoint } from "./clients.ts";
import type { ForeignRouter } from "./foreign_routers.ts";
import { Peer } from "./peer.ts";
import type { PeerSession } from "./peer_session.ts";
import { type RouterUnderTest, startRouter } from "./router_under_test.ts";
import type { Scenario } from "./scenario.ts";
import { callScenarios } from "./scenarios_calls.ts";
import { eventScenarios } from "./scenarios_events.ts";
import { patternScenarios } from "./scenarios_patterns.ts";
import { sessionScenarios } from "./scenarios_session.ts";

const scenarios: readonly Scenario[] = [
  ...sessionScenarios,
  ...callScenarios,
  ...eventScenarios,
  ...patternScenarios,
];

/** @param foreign the router of somebody else; default: ours. */
export function conformance(id: string, foreign?: ForeignRouter): void {
  const client = clientNamed(id);
  const missing = client.missing() ?? foreign?.missing();
  const title = foreign === undefined ? client.title : `${client.title} with ${foreign.title}`;
  if (missing !== undefined) {
    test(`${title}: not tested, missing ${missing}`, { skip: missing }, () => {});
    return;
  }
  const endpoints = client.endpoints.filter(({ transport }) =>
    foreign === undefined || (transport !== "rawsocket" && transport !== foreign.not)
  );
  let router: RouterUnderTest;
  let peer: Peer;
  before(async () => {
    router = await (foreign?.start() ?? startRouter());
    peer = await Peer.start(client, router);
  });
  after(async () => {
    await peer?.stop();
    await router?.stop();
  });

  for (const endpoint of endpoints) {
    const place = `${endpoint.transport} ${endpoint.serializer}`;
    for (const { name, applies, run } of scenarios) {
      if (applies !== undefined && !applies(client, endpoint)) continue;
      if (foreign?.except[name] !== undefined) continue;
      test(`${title}, ${place}: ${name}`, () => withSessions(peer, endpoint, run));
    }
  }

  if (foreign !== undefined) return;
  test(`${client.title}: every session hears of the router's shutdown`, async () => {
    if (router.isReference) return;
    const sessions: PeerSession[] = [];
    for (const endpoint of client.endpoints) sessions.push(await peer.join(endpoint));
    const reasons = Promise.all(sessions.map((session) => session.ended()));
    const started = performance.now();
    const code = await router.stop();
    assert.equal(code, 0, router.complaints());
    assert.ok(performance.now() - started < 6000, "the router took long to end");
    const expected = client.habits.tellsReason ? "wamp.close.system_shutdown" : null;
    assert.deepEqual(await reasons, sessions.map(() => expected));
  });
}

/** Runs a scenario and leaves with all its sessions, whatever came of it. */
async function withSessions(peer: Peer, endpoint: Endpoint, run: Scenario["run"]): Promise<void> {
  const sessions: PeerSession[] = [];
  try {
    await run({
      client: peer.client,
      endpoint,
      join: async () => {
        const session = await peer.join(endpoint);
        sessions.push(session);
        return session;
      },
    });
  } finally {
    for (const session of sessions) await session.leave().catch(() => {});
  }
}
