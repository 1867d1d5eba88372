import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { simulate, simulateWaiting } from "../kit/simulator.ts";

/** All that a router says: a hundred thousand steps bring up each of them, or the programs are too tame. */
const KINDS = [
  "ABORT wamp.error.invalid_uri",
  "ABORT wamp.error.no_such_realm",
  "ABORT wamp.error.no_such_role",
  "ABORT wamp.error.protocol_violation",
  "ERROR 16 wamp.error.invalid_argument",
  "ERROR 16 wamp.error.invalid_uri",
  "ERROR 16 wamp.error.not_authorized",
  "ERROR 16 wamp.error.option_disallowed.disclose_me",
  "ERROR 16 wamp.error.timeout",
  "ERROR 32 wamp.error.invalid_argument",
  "ERROR 32 wamp.error.invalid_uri",
  "ERROR 32 wamp.error.not_authorized",
  "ERROR 34 wamp.error.no_such_subscription",
  "ERROR 48 com.myapp.error",
  "ERROR 48 crossbar.error.max_concurrency_reached",
  "ERROR 48 wamp.error.canceled",
  "ERROR 48 wamp.error.feature_not_supported",
  "ERROR 48 wamp.error.history_unavailable",
  "ERROR 48 wamp.error.invalid_argument",
  "ERROR 48 wamp.error.invalid_uri",
  "ERROR 48 wamp.error.no_available_callee",
  "ERROR 48 wamp.error.no_such_procedure",
  "ERROR 48 wamp.error.no_such_registration",
  "ERROR 48 wamp.error.no_such_session",
  "ERROR 48 wamp.error.no_such_subscription",
  "ERROR 48 wamp.error.not_authorized",
  "ERROR 48 wamp.error.option_disallowed.disclose_me",
  "ERROR 48 wamp.error.timeout",
  "ERROR 48 wamp.error.unavailable",
  "ERROR 64 wamp.error.invalid_argument",
  "ERROR 64 wamp.error.invalid_uri",
  "ERROR 64 wamp.error.not_authorized",
  "ERROR 64 wamp.error.procedure_already_exists",
  "ERROR 64 wamp.error.procedure_exists_with_different_invocation_policy",
  "ERROR 66 wamp.error.no_such_registration",
  "EVENT",
  "GOODBYE com.myapp.tired",
  "GOODBYE wamp.close.goodbye_and_out",
  "GOODBYE wamp.close.killed",
  "INTERRUPT kill wamp.error.canceled",
  "INTERRUPT killnowait wamp.error.canceled",
  "INTERRUPT killnowait wamp.error.feature_not_supported",
  "INTERRUPT killnowait wamp.error.timeout",
  "INVOCATION",
  "PUBLISHED",
  "REGISTERED",
  "RESULT",
  "SUBSCRIBED",
  "UNREGISTERED",
  "UNREGISTERED revoked",
  "UNSUBSCRIBED",
  "UNSUBSCRIBED revoked",
  "WELCOME",
];

/** Steps of one program: long enough for calls to time out and sessions to come back. */
const PROGRAM_STEPS = 2_000;
const STEPS = Number(process.env["REALMWAY_SIMULATOR_STEPS"] ?? 100_000);
const PROGRAMS = Math.ceil(STEPS / PROGRAM_STEPS);
/** Replays one program and tells all that happens: a failed run prints its seed. */
const SEED = process.env["REALMWAY_SIMULATOR_SEED"];
/** Several tests, as a million steps take longer than a test may. */
const PARTS = 10;

const seen = new Set<string>();

if (SEED !== undefined) {
  test(`Simulator: the router does what its model does in program ${SEED}`, () => {
    // deno-lint-ignore no-console
    simulate(Number(SEED), PROGRAM_STEPS, seen, console.log);
  });
} else {
  for (let part = 0; part < PARTS; part++) {
    test(`Simulator: the router does what its model does, whatever peers do (${part + 1} of ${PARTS})`, () => {
      for (let seed = part + 1; seed <= PROGRAMS; seed += PARTS) {
        simulate(seed, PROGRAM_STEPS, seen);
      }
    });
  }

  test("Simulator: with authorizers that answer what the rules say, all is as with the rules [WAMP authorization]", () => {
    for (let seed = 1; seed <= PROGRAMS; seed += 4) {
      simulate(seed, PROGRAM_STEPS, new Set(), undefined, "asked");
    }
  });

  test("Simulator: so it is when the answers come later [WAMP authorization]", async () => {
    for (let seed = 2; seed <= PROGRAMS; seed += 8) await simulateWaiting(seed, PROGRAM_STEPS);
  });

  test("Simulator: a hundred thousand steps bring up all that a router says", () => {
    if (STEPS >= 100_000) assert.deepEqual([...seen].sort(), KINDS);
  });
}
