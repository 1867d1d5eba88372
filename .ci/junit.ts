/**
 * Adds up JUnit files and prints "N passed, N failed" as its last line.
 *
 *     deno run --allow-read .ci/junit.ts DIRECTORY [FAILED_LANE...]
 *
 * A file is named after its lane: "ok.xml", or "build-deno.xml" where a lane has several. Names that
 * follow are lanes that failed: one whose files show no failed test counts as one. In the lane
 * "interop" a skipped test counts as failed, since a peer that is missing proves nothing. The exit
 * status is 0 if nothing failed.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** How many test cases of one JUnit file passed, failed and were skipped. */
export type Count = { passed: number; failed: number; skipped: number };

/** Counts the cases of a JUnit file as `deno test` and `bun test` write them. */
export function count(xml: string): Count {
  const result = { passed: 0, failed: 0, skipped: 0 };
  // Texts have their "<" escaped, so that a tag within one is never seen; CDATA is not written
  for (const [, end, body] of xml.matchAll(/<testcase\b[^>]*?(?:(\/)>|>([\s\S]*?)<\/testcase>)/g)) {
    if (end === undefined && /<(failure|error)\b/.test(body ?? "")) result.failed++;
    else if (end === undefined && /<skipped\b/.test(body ?? "")) result.skipped++;
    else result.passed++;
  }
  return result;
}

/** Adds up the files of all lanes. Returns the lines to print, the last of them with the totals. */
export function sum(
  files: ReadonlyMap<string, string>,
  failedLanes: readonly string[],
): { lines: string[]; failed: number } {
  const lines: string[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  const blamed = new Set<string>();
  for (const [name, xml] of files) {
    const lane = name.split("-")[0] ?? name;
    const counted = count(xml);
    if (lane === "interop") {
      counted.failed += counted.skipped;
      counted.skipped = 0;
    }
    if (counted.failed > 0) blamed.add(lane);
    total.passed += counted.passed;
    total.failed += counted.failed;
    total.skipped += counted.skipped;
    lines.push(
      `${name}: ${counted.passed} passed, ${counted.failed} failed, ${counted.skipped} skipped`,
    );
  }
  for (const lane of failedLanes) {
    if (blamed.has(lane)) continue;
    total.failed++;
    lines.push(`${lane}: failed outside of its tests`);
  }
  lines.push(`${total.skipped} skipped`, `${total.passed} passed, ${total.failed} failed`);
  return { lines, failed: total.failed };
}

if (import.meta.main) {
  const [directory = ".", ...failedLanes] = process.argv.slice(2);
  const names = readdirSync(directory).filter((name) => name.endsWith(".xml")).sort();
  const files = new Map(
    names.map((name) => [name.slice(0, -4), readFileSync(join(directory, name), "utf8")]),
  );
  const { lines, failed } = sum(files, failedLanes);
  process.stdout.write(lines.join("\n") + "\n");
  process.exitCode = failed > 0 ? 1 : 0;
}
