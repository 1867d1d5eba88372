import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../../../router/session.ts";
import { SessionList } from "../../../router/session_list.ts";
import { FakeRandom } from "../../kit/fake_random.ts";

/** The list asks nothing of its sessions. */
const sessions = Array.from({ length: 60 }, (_, id) => ({ id }) as Session);

test("SessionList: is a set, small or large, while sessions come and go", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new FakeRandom(seed);
    const list = new SessionList([]);
    const known = new Set<Session>();
    for (let step = 0; step < 500; step++) {
      const session = random.pick(sessions);
      assert.equal(list.has(session), known.has(session));
      if (random.index(10) < (step < 250 ? 6 : 3)) {
        assert.equal(list.add(session), !known.has(session));
        known.add(session);
      } else {
        assert.equal(list.remove(session), known.has(session));
        known.delete(session);
      }
      assert.equal(list.size, known.size);
      assert.deepEqual(new Set(list.sessions), known);
    }
  }
});

test("SessionList: keeps the order in which sessions came until one leaves", () => {
  const list = new SessionList([]);
  for (const session of sessions) list.add(session);
  assert.deepEqual(list.sessions, sessions);
});
