import assert from "node:assert/strict";
import { test } from "node:test";
import { History, type Recorded } from "../../../router/history.ts";
import { EMPTY_DICT } from "../../../wamp/message.ts";
import { Payload } from "../../../wamp/payload.ts";

function event(publication: number, time = 0, weight = 1): Recorded {
  const [details, payload] = [EMPTY_DICT, Payload.EMPTY];
  return { time, publication, topic: "a", details, payload, receivers: undefined, weight };
}

const ids = (history: History, now = 0) => history.events(now).map((one) => one.publication);

test("History: holds the last events, as many as it may", () => {
  for (const limit of [1, 3, 100, 1_000]) {
    const history = new History({ uri: "a", limit });
    for (let id = 1; id <= 2_500; id++) {
      history.add(event(id));
      if (id % 97 !== 0) continue;
      const first = Math.max(1, id - limit + 1);
      assert.deepEqual(ids(history), Array.from({ length: id - first + 1 }, (_, i) => first + i));
    }
  }
});

test("History: holds no more bytes than it may, and nothing larger than that", () => {
  const history = new History({ uri: "a", limit: 100, maxBytes: 10 });
  for (let id = 1; id <= 5; id++) history.add(event(id, 0, 4));
  assert.deepEqual(ids(history), [4, 5]);
  history.add(event(6, 0, 11));
  assert.deepEqual(ids(history), [4, 5]);
  history.add(event(7, 0, 10));
  assert.deepEqual(ids(history), [7]);
});

test("History: forgets what is too old, written to or not", () => {
  const history = new History({ uri: "a", limit: 100, maxAgeMs: 1_000 });
  for (let id = 1; id <= 5; id++) history.add(event(id, id * 400));
  assert.deepEqual(ids(history, 2_000), [3, 4, 5]);
  assert.deepEqual(ids(history, 2_600), [5]);
  assert.deepEqual(ids(history, 3_000), []);
});

test("History: shows nothing that is too old, also where the clock was set back in between", () => {
  const history = new History({ uri: "a", limit: 100, maxAgeMs: 1_000 });
  history.add(event(1, 5_000));
  history.add(event(2, 100));
  assert.deepEqual(ids(history, 1_000), [1, 2]);
  assert.deepEqual(ids(history, 1_100), [1]);
  history.add(event(3, 1_200));
  assert.deepEqual(ids(history, 1_300), [1, 3]);
  assert.deepEqual(ids(history, 6_000), []);
});
