/** The figures of `realmway top`, and how they are written. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesText, durationText, rateText } from "../../../node/cli/quantities.ts";
import { figuresBetween, type Look } from "../../../node/cli/top_figures.ts";
import { lineOf, screenOf } from "../../../node/cli/top_view.ts";

interface Counted {
  readonly at: number;
  readonly publish: number;
  readonly event: number;
  readonly dropped?: number;
  readonly bytes?: number;
  readonly cpu?: number;
}

function lookAt({ at, publish, event, dropped = 0, bytes = 0, cpu = 0 }: Counted): Look {
  const slow = {
    session: 7,
    authid: "joe",
    authrole: "user",
    peer: "tcp4:127.0.0.1:5",
    waiting: 4096,
    behind: true,
  };
  return {
    at,
    process: {
      time: "2026-01-01T00:00:00.000Z",
      uptime: 90_061,
      memory: { rss: 100 * 1024 * 1024, heap: 2048 },
      cpu: { user: cpu, system: 0 },
      "event_loop": { lag: 0, most: 0 },
      "memory_limit": null,
      descriptors: { open: null, limit: null },
      refused: {},
    },
    realms: [{
      id: "realm001",
      name: "realm1",
      stats: {
        roles: 1,
        sessions: 3,
        messages: { received: { publish }, sent: { event } },
        "slow_consumers": {
          behind: 1,
          "fell_behind": 1,
          "dropped_events": dropped,
          closed: 0,
          pauses: 0,
        },
      },
      slow: [slow],
    }],
    transports: {
      t1: {
        messages: { sent: 0, received: 0 },
        bytes: { sent: bytes, received: 0 },
        "dropped_events": dropped,
        "oversized_messages": 0,
        "closed_slow_consumers": 0,
        "missed_pings": 0,
      },
      t2: null,
    },
  };
}

test("top: rates are what was counted between two looks, per second", () => {
  const before = lookAt({ at: 10, publish: 100, event: 200, dropped: 1, bytes: 1000, cpu: 1 });
  const after = lookAt({ at: 12, publish: 120, event: 240, dropped: 4, bytes: 3000, cpu: 2 });
  const { sessions, rates, cpu, realms, "slow_consumers": slow } = figuresBetween(before, after);
  assert.equal(sessions, 3);
  assert.equal(cpu, 0.5);
  assert.deepEqual(rates, {
    received: 10,
    sent: 20,
    calls: 0,
    publications: 10,
    events: 20,
    // By the role's policy and by the connection.
    "dropped_events": 3,
    "received_bytes": 0,
    "sent_bytes": 1000,
  });
  assert.deepEqual(realms[0]?.behind, 1);
  assert.deepEqual(slow.map(({ realm, session }) => [realm, session]), [["realm1", 7]]);
});

test("top: a realm that has started anew counts from its beginning", () => {
  const before = lookAt({ at: 0, publish: 100, event: 0 });
  const { rates } = figuresBetween(before, lookAt({ at: 1, publish: 5, event: 0 }));
  assert.equal(rates.received, 5);
});

test("top: the line and the screen name the same figures", () => {
  const figures = figuresBetween(
    lookAt({ at: 0, publish: 0, event: 0 }),
    lookAt({ at: 1, publish: 5, event: 10, cpu: 0.25 }),
  );
  assert.equal(
    lineOf(figures),
    "2026-01-01T00:00:00.000Z sessions=3 received=5.0/s sent=10/s calls=0/s publications=5.0/s " +
      "events=10/s dropped=0/s slow=1 memory=100.0MiB cpu=25%",
  );
  const screen = screenOf("Realmway, node n", figures);
  assert.match(screen, /^Realmway, node n, up for 1 d 1 h\nMemory 100\.0 MiB, heap 2\.0 KiB; /);
  assert.match(screen, /\nrealm1 +3 +5\.0 +10 +0 +5\.0 +10 +1\n/);
  assert.match(screen, /\nrealm1 +7 +joe +tcp4:127\.0\.0\.1:5 +4\.0 KiB +yes$/);
});

test("Quantities: bytes, durations and rates are short", () => {
  assert.deepEqual([0, 1, 1023, 1024, 1.5 * 1024 ** 3].map(bytesText), [
    "0 B",
    "1 B",
    "1023 B",
    "1.0 KiB",
    "1.5 GiB",
  ]);
  assert.deepEqual([0, 59.9, 61, 3600, 90_061].map(durationText), [
    "0 s",
    "59 s",
    "1 min 1 s",
    "1 h 0 min",
    "1 d 1 h",
  ]);
  assert.deepEqual([0, 0.25, 9.99, 10, 1234.5].map(rateText), ["0", "0.3", "10.0", "10", "1235"]);
});
