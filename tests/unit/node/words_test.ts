/** Suggestions for misspelt keys, and the starred patterns of permissions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../../../node/config/nearest.ts";
import { starred } from "../../../node/config/starred.ts";

const KEYS = ["name", "permissions", "max_frame_size", "max_message_size", "allow", "url", "id"];

test("Nearest: finds what was meant behind typing errors and other notations", () => {
  const cases = {
    "nme": "name",
    "nmae": "name",
    "permission": "permissions",
    "premissions": "permissions",
    "maxFrameSize": "max_frame_size",
    "max-message-size": "max_message_size",
    "alow": "allow",
    "ur": "url",
  };
  for (const [word, expected] of Object.entries(cases)) assert.equal(nearest(word, KEYS), expected);
});

test("Nearest: suggests nothing when nothing is near", () => {
  for (const word of ["sandwich", "x", "colour", ""]) assert.equal(nearest(word, KEYS), undefined);
});

test("Starred: stars become match policies, as in Crossbar.io", () => {
  assert.deepEqual(starred("com.example.proc", undefined), {
    uri: "com.example.proc",
    match: "exact",
  });
  assert.deepEqual(starred("com.example.*", undefined), { uri: "com.example.", match: "prefix" });
  assert.deepEqual(starred("com.exam*", undefined), { uri: "com.exam", match: "prefix" });
  assert.deepEqual(starred("*", undefined), { uri: "", match: "prefix" });
  assert.deepEqual(starred("", undefined), { uri: "", match: "prefix" });
  assert.deepEqual(starred("com.*.create", undefined), { uri: "com..create", match: "wildcard" });
  assert.deepEqual(starred("com.*.create.*", undefined), {
    uri: "com..create.",
    match: "wildcard",
  });
  assert.equal(starred("com.a*b.c", undefined), undefined);
});

test("Starred: with a match policy the URI stands as it is", () => {
  assert.deepEqual(starred("com..x", "wildcard"), { uri: "com..x", match: "wildcard" });
  assert.deepEqual(starred("", "prefix"), { uri: "", match: "prefix" });
  assert.deepEqual(starred("", "exact"), { uri: "", match: "exact" });
  assert.equal(starred("com.*", "prefix"), undefined);
});
