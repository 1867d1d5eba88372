import assert from "node:assert/strict";
import { test } from "node:test";
import { timeOf } from "../../../router/rfc3339.ts";

test("timeOf: reads what RFC 3339 calls a timestamp", () => {
  const noon = Date.UTC(2026, 1, 28, 12);
  const texts: [string, number][] = [
    ["2026-02-28T12:00:00Z", noon],
    ["2026-02-28t12:00:00.000z", noon],
    ["2026-02-28T13:30:00+01:30", noon],
    ["2026-02-28T07:00:00.5-05:00", noon + 500],
    ["2026-02-28T12:00:00.0005Z", noon + 0.5],
    ["2026-02-28T23:59:60Z", Date.UTC(2026, 2, 1)],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["0001-01-01T00:00:00Z", new Date("0001-01-01T00:00:00Z").getTime()],
    [new Date(noon + 7).toISOString(), noon + 7],
  ];
  for (const [text, time] of texts) assert.equal(timeOf(text), time, text);
});

test("timeOf: refuses everything else", () => {
  const texts = [
    "",
    "yesterday",
    "2026-02-28",
    "2026-02-28T12:00:00",
    "2026-02-28 12:00:00Z",
    "2026-02-30T12:00:00Z",
    "2025-02-29T12:00:00Z",
    "2026-13-01T12:00:00Z",
    "2026-00-01T12:00:00Z",
    "2026-01-00T12:00:00Z",
    "2026-02-28T24:00:00Z",
    "2026-02-28T12:60:00Z",
    "2026-02-28T12:00:61Z",
    "2026-02-28T12:00:00.Z",
    "2026-02-28T12:00:00+24:00",
    "2026-02-28T12:00:00+0100",
    " 2026-02-28T12:00:00Z",
  ];
  for (const text of texts) assert.equal(timeOf(text), undefined, text);
});
