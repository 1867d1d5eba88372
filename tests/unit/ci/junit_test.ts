import assert from "node:assert/strict";
import { test } from "node:test";
import { count, sum } from "../../../.ci/junit.ts";

const BY_DENO = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.030">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="compares a &lt; b / c &gt; d" classname="./a_test.ts" time="0.002">
            <failure message="1 !== 2">test(&quot;&lt;skipped/&gt;&quot;)</failure>
        </testcase>
        <testcase name="waits" classname="./a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="outer" classname="./a_test.ts" time="0.000">
        </testcase>
        <testcase name="outer &gt; inner" classname="./a_test.ts" time="0.000">
        </testcase>
    </testsuite>
</testsuites>`;

const BY_BUN = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="3" assertions="0" failures="1" skipped="1" time="0.07">
  <testsuite name="a_test.ts" file="a_test.ts" tests="3" failures="1" skipped="1" time="0.02">
    <testcase name="reads a/b" classname="" time="0.0003" file="a/a_test.ts" assertions="0" />
    <testcase name="fails" classname="" time="0.0003" file="a_test.ts" assertions="0">
      <failure type="AssertionError" message="1 !== 2&#10;">AssertionError&#10;</failure>
    </testcase>
    <testcase name="waits" classname="" time="0" file="a_test.ts" assertions="0">
      <skipped message="TODO" />
    </testcase>
  </testsuite>
</testsuites>`;

test("junit: counts the file that deno test writes", () => {
  assert.deepEqual(count(BY_DENO), { passed: 2, failed: 1, skipped: 1 });
});

test("junit: counts the file that bun test writes", () => {
  assert.deepEqual(count(BY_BUN), { passed: 1, failed: 1, skipped: 1 });
});

test("junit: the last line holds the totals of all files", () => {
  const { lines, failed } = sum(new Map([["ok", BY_DENO], ["bun", BY_BUN]]), ["ok", "bun"]);
  assert.equal(lines.at(-1), "3 passed, 2 failed");
  assert.equal(failed, 2);
});

test("junit: a skipped test of the lane interop counts as failed", () => {
  const { lines } = sum(new Map([["interop", BY_DENO]]), []);
  assert.equal(lines.at(-1), "2 passed, 2 failed");
});

test("junit: a failed lane without a failed test counts as one", () => {
  const { lines } = sum(new Map([["build-system", BY_BUN]]), ["build", "browser"]);
  assert.equal(lines.at(-1), "1 passed, 2 failed");
});
