/** `realmway check`: everything that is wrong with a configuration, or OK. */
import process from "node:process";
import { locateNode, type Wanted } from "../config/locate.ts";
import { readConfig } from "../config/parse.ts";
import { formatProblem } from "../config/problems.ts";
import { configWarnings } from "../config/warnings.ts";
import { complain, print, styled } from "./output.ts";

export async function check(wanted: Wanted): Promise<number> {
  const { directory, file, passedOver } = await locateNode(wanted, process.env, process.cwd());
  const config = await readConfig(file, process.env, directory);
  for (const warning of configWarnings(config)) complain(`Warning: ${formatProblem(warning)}`);
  print(`${styled("green", "OK")}, ${file} can be used`);
  if (passedOver !== undefined) complain(`Passed over: ${passedOver}`);
  return 0;
}
