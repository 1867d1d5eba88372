import assert from "node:assert/strict";
import { test } from "node:test";
import type { Denial } from "../../../auth/authmethod.ts";
import { newAuthStats, Throttle, type ThrottleOptions } from "../../../node/throttle.ts";
import type { Decision, Gate } from "../../../router/join.ts";
import type { TransportDetails } from "../../../router/ports.ts";
import { type Hello, Type } from "../../../wamp/message.ts";
import { FakeClock } from "../../kit/fake_clock.ts";

const ADMISSION = {
  realm: "realm1",
  authid: "joe",
  authrole: "user",
  authmethod: "ticket",
  authprovider: "static",
  authextra: undefined,
};
const DENIAL = {
  refusal: "wamp.error.authentication_denied",
  text: "wrong",
  why: "a wrong ticket",
};

const REFUSALS: Record<string, Partial<Denial>> = {
  banned: { refusal: "com.example.banned" },
  broken: { refusal: "wamp.error.authentication_failed" },
  nothing: { mayTryNext: true },
};

/** Credentials are the authextra's ticket: "right" is. */
const gate: Gate = {
  admit: ({ details }) => ({
    authmethod: "ticket",
    extra: {},
    answer: () => {
      if (details["ticket"] === "right") return ADMISSION;
      return { ...DENIAL, ...REFUSALS[String(details["ticket"])] };
    },
  }),
};

function guarded(options: Partial<ThrottleOptions> = {}) {
  const clock = new FakeClock();
  const throttle = new Throttle({
    addressFailures: 5,
    authidFailures: 3,
    periodMs: 60_000,
    countsLoopback: false,
    ...options,
  }, clock);
  const stats = newAuthStats();
  const guard = throttle.guard(gate, stats);
  const attempt = async (
    peer: string,
    authid: string,
    ticket: string,
    realm = "realm1",
  ): Promise<string> => {
    const hello: Hello = { type: Type.HELLO, realm, details: { authid, ticket } };
    const details: TransportDetails = {
      kind: "websocket",
      serializer: "json",
      peer,
      isSecure: false,
    };
    let decision: Decision = await guard.admit(hello, details, 1);
    if ("answer" in decision) decision = await decision.answer({ signature: "", extra: {} });
    return "refusal" in decision ? decision.refusal : "admitted";
  };
  const begin = async (peer: string, authid: string) => {
    const hello: Hello = { type: Type.HELLO, realm: "realm1", details: { authid } };
    await guard.admit(hello, { kind: "websocket", serializer: "json", peer, isSecure: false }, 1);
  };
  return { clock, stats, attempt, begin };
}

const DENIED = "wamp.error.authentication_denied";
const THROTTLED = "realmway.error.limit_exceeded";

test("Throttle: an address with too many failures is refused until the period is over, others are not", async () => {
  const { clock, stats, attempt } = guarded();
  for (let i = 0; i < 5; i++) {
    assert.equal(await attempt(`tcp4:192.0.2.1:${i}`, `authid${i}`, "wrong"), DENIED);
  }
  assert.equal(await attempt("tcp4:192.0.2.1:9", "jane", "right"), THROTTLED);
  assert.equal(await attempt("tcp4:192.0.2.2:9", "jane", "right"), "admitted");
  clock.advance(60_000);
  assert.equal(await attempt("tcp4:192.0.2.1:9", "jane", "right"), "admitted");
  assert.deepEqual(stats, {
    admitted: 2,
    denied: 5,
    failed: 0,
    refused: 0,
    throttled: 1,
    delayed: 0,
  });
});

test("Throttle: successes do not count, however many", async () => {
  const { attempt } = guarded();
  for (let i = 0; i < 20; i++) {
    assert.equal(await attempt("tcp4:192.0.2.1:1", "joe", "right"), "admitted");
  }
});

test("Throttle: attempts that are not finished count, so many at once do not slip through", async () => {
  const { attempt } = guarded();
  const all = Array.from({ length: 8 }, (_, i) => attempt(`tcp4:192.0.2.1:${i}`, `a${i}`, "wrong"));
  const outcomes = await Promise.all(all);
  assert.equal(outcomes.filter((one) => one === THROTTLED).length, 3);
});

test("Throttle: an authid with too many failures waits, from wherever, and is let in nevertheless", async () => {
  const { clock, stats, attempt } = guarded();
  for (let i = 0; i < 4; i++) {
    const denied = attempt(`tcp4:192.0.2.${i}:1`, "joe", "wrong");
    clock.advance(100);
    assert.equal(await denied, DENIED);
  }
  let outcome: string | undefined;
  const coming = attempt("tcp4:192.0.2.9:1", "joe", "right").then((one) => outcome = one);
  await Promise.resolve();
  clock.advance(199);
  await Promise.resolve();
  assert.equal(outcome, undefined);
  clock.advance(1);
  assert.equal(await coming, "admitted");
  assert.equal(stats.delayed, 2);
});

test("Throttle: a whole IPv6 network is one address", async () => {
  const { attempt } = guarded();
  for (let i = 0; i < 5; i++) {
    await attempt(`tcp6:[2001:db8::${i + 1}]:1`, `authid${i}`, "wrong");
  }
  assert.equal(await attempt("tcp6:[2001:db8:0:0:9::1]:1", "joe", "right"), THROTTLED);
  assert.equal(await attempt("tcp6:[2001:db8:0:1::1]:1", "joe", "right"), "admitted");
});

test("Throttle: peers on this machine are exempt unless the configuration says otherwise", async () => {
  for (const countsLoopback of [false, true]) {
    const { attempt } = guarded({ countsLoopback });
    for (let i = 0; i < 5; i++) await attempt("tcp4:127.0.0.1:1", `authid${i}`, "wrong");
    const expected = countsLoopback ? THROTTLED : "admitted";
    assert.equal(await attempt("tcp4:127.0.0.1:1", "joe", "right"), expected);
  }
});

test("Throttle: who has the right credentials is let in, however many come at once from one address", async () => {
  const { attempt, stats } = guarded();
  const all = Array.from(
    { length: 200 },
    (_, i) => attempt(`tcp4:192.0.2.1:${i}`, `a${i}`, "right"),
  );
  const outcomes = await Promise.all(all);
  assert.deepEqual([...new Set(outcomes)], ["admitted"]);
  assert.equal(stats.throttled, 0);
});

test("Throttle: a handshake that nobody finishes is no failure", async () => {
  const { begin, attempt } = guarded();
  for (let i = 0; i < 20; i++) await begin("tcp4:192.0.2.1:1", "joe");
  assert.equal(await attempt("tcp4:192.0.2.1:1", "joe", "right"), "admitted");
});

test("Throttle: an authenticator's own reason counts as a failure; faults of ours, and who had nothing to show, do not", async () => {
  const { attempt } = guarded();
  const peer = "tcp4:192.0.2.1:1";
  for (let i = 0; i < 10; i++) {
    assert.equal(await attempt(peer, `a${i}`, "broken"), "wamp.error.authentication_failed");
    assert.equal(await attempt(peer, `a${i}`, "nothing"), DENIED);
  }
  for (let i = 0; i < 5; i++) {
    assert.equal(await attempt(peer, `b${i}`, "banned"), "com.example.banned");
  }
  assert.equal(await attempt(peer, "joe", "right"), THROTTLED);
});

test("Throttle: neither another realm nor another spelling makes another authid", async () => {
  const { attempt, stats, clock } = guarded();
  for (let i = 0; i < 3; i++) await attempt(`tcp4:192.0.2.${i}:1`, "joe", "wrong", `realm${i}`);
  const later = [
    attempt("tcp4:192.0.2.7:1", "joe", "right", "realm7"),
    attempt("tcp4:192.0.2.8:1", "j\u00adoe", "right"),
    attempt("tcp4:192.0.2.9:1", "\uff4aoe", "right"),
  ];
  assert.equal(stats.delayed, 3);
  clock.advance(100);
  assert.deepEqual([...new Set(await Promise.all(later))], ["admitted"]);
});

test("Throttle: IPv4 addresses that a balancer writes as IPv6 are addresses of their own", async () => {
  const { attempt } = guarded();
  for (let i = 0; i < 5; i++) await attempt("tcp6:[::ffff:192.0.2.1]:1", `a${i}`, "wrong");
  for (const peer of ["tcp4:192.0.2.1:1", "tcp6:[0:0:0:0:0:ffff:c000:201]:1"]) {
    assert.equal(await attempt(peer, "joe", "right"), THROTTLED);
  }
  for (const peer of ["tcp6:[::ffff:192.0.2.2]:1", "tcp6:[0:0:0:0:0:ffff:c000:202]:1"]) {
    assert.equal(await attempt(peer, "joe", "right"), "admitted");
  }
});

test("Throttle: a clock that is set back keeps nobody out for longer than the period", async () => {
  const { clock, attempt } = guarded();
  for (let i = 0; i < 5; i++) await attempt("tcp4:192.0.2.1:1", `somebody${i}`, "wrong");
  assert.equal(await attempt("tcp4:192.0.2.1:1", "joe", "right"), THROTTLED);
  clock.advance(-3_600_000);
  assert.equal(await attempt("tcp4:192.0.2.1:1", "joe", "right"), "admitted");
});
