/** `realmway completion`: what shells make of its scripts, and the page of all commands. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run, workplace } from "./cli_process.ts";

const DOCS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs");

/** How each shell is asked what may stand at the end of a line. zsh completes on terminals alone, so its own builtin is replaced. */
const ASK: Readonly<Record<string, (file: string, words: readonly string[]) => string>> = {
  bash: (file, words) =>
    `source ${file}; COMP_WORDS=(realmway ${words.join(" ")} ""); COMP_CWORD=${
      words.length + 1
    }; ` +
    'COMPREPLY=(); _realmway; printf "%s\\n" "${COMPREPLY[@]}"',
  zsh: (file, words) =>
    `compdef() { :; }; _files() { :; }; compadd() { shift; print -l -- "$@"; }; ` +
    '_describe() { local one; for one in "${(@P)2}"; do print -r -- "${one%%:*}"; done; }; ' +
    `source ${file}; words=(realmway ${words.join(" ")} ""); CURRENT=${
      words.length + 2
    }; _realmway`,
  fish: (file, words) =>
    `source ${file}; complete -C 'realmway ${words.join(" ")}${words.length > 0 ? " " : ""}'`,
};

const CASES: readonly (readonly [string[], string[], string[]])[] = [
  [[], ["start", "check", "call", "completion"], ["--realm"]],
  [["call", "--cancel-mode"], ["killnowait", "skip", "kill"], ["start", "json"]],
  [["completion"], ["bash", "zsh", "fish"], ["killnowait"]],
];

for (const [shell, ask] of Object.entries(ASK)) {
  const isMissing = spawnSync(shell, ["-c", "exit 0"]).status !== 0;
  test(`completion: ${shell} completes commands, choices of options and choices of arguments`, {
    skip: isMissing ? `${shell} is not installed` : false,
  }, async () => {
    const { directory, remove } = await workplace();
    const { code, stdout, stderr } = await run(["completion", shell], directory);
    assert.deepEqual([code, stderr], [0, ""]);
    const file = join(directory, "script");
    await writeFile(file, stdout);
    for (const [words, expected, others] of CASES) {
      const plain = { zsh: ["-f"], fish: ["--no-config"], bash: ["--norc"] }[shell] ?? [];
      const asked = spawnSync(shell, [...plain, "-c", ask(file, words)], { encoding: "utf8" });
      assert.equal(asked.stderr, "", words.join(" "));
      const offered = asked.stdout.split("\n").map((line) => line.split("\t")[0]);
      for (const word of expected) assert.ok(offered.includes(word), `${words}: ${offered}`);
      for (const word of others) assert.ok(!offered.includes(word), `${words}: ${offered}`);
    }
    assert.match(stdout, /get-retained/);
    await remove();
  });
}

test("Command line: docs/cli.md has every command, option and exit code as the program has them", async () => {
  const { directory, remove } = await workplace();
  const { code, stdout } = await run(["completion", "markdown"], directory);
  assert.equal(code, 0);
  assert.equal(await readFile(join(DOCS, "cli.md"), "utf8"), stdout);
  assert.match(stdout, /## realmway register\n/);
  await remove();
});
