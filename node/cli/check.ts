/** `realmway check`: everything that is wrong with a configuration, or OK. With `--json` one value, for programs; the exit code is the same. */
import process from "node:process";
import { locateNode, type Wanted } from "../config/locate.ts";
import { readConfig } from "../config/parse.ts";
import { ConfigError, formatProblem, type Problem } from "../config/problems.ts";
import { formatPath } from "../config/source.ts";
import { configWarnings } from "../config/warnings.ts";
import { EXIT_OK, EXIT_USAGE } from "./exit_codes.ts";
import { complain, print, styled } from "./output.ts";
import { valueText } from "./value_text.ts";

export interface CheckOptions extends Wanted {
  readonly json?: true | undefined;
}

export async function check(wanted: CheckOptions): Promise<number> {
  if (wanted.json) return await checkForPrograms(wanted);
  const { directory, file, passedOver } = await locateNode(wanted, process.env, process.cwd());
  const config = await readConfig(file, process.env, directory);
  for (const warning of configWarnings(config)) complain(`Warning: ${formatProblem(warning)}`);
  print(`${styled("green", "OK")}, ${file} can be used`);
  if (passedOver !== undefined) complain(`Passed over: ${passedOver}`);
  return EXIT_OK;
}

async function checkForPrograms(wanted: CheckOptions): Promise<number> {
  let found: string | null = null;
  try {
    const { directory, file, passedOver } = await locateNode(wanted, process.env, process.cwd());
    found = file;
    const config = await readConfig(file, process.env, directory);
    const warnings = configWarnings(config).map(problemDict);
    const others = passedOver === undefined ? {} : { "passed_over": passedOver };
    print(valueText({ "ok": true, file, "problems": [], warnings, ...others }));
    return EXIT_OK;
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    const problems = cause.problems.map(problemDict);
    print(valueText({ "ok": false, "file": found, problems, "warnings": [] }));
    return EXIT_USAGE;
  }
}

/** `file` where it is another than the one that was asked for. */
function problemDict({ path, text, position }: Problem) {
  return { "path": formatPath(path), text, ...position };
}
