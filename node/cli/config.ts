/** `realmway config show`: the configuration as the node would take it, with files included, variables filled in and all defaults, without secrets. */
import process from "node:process";
import { stringify } from "yaml";
import { locateNode, type Wanted } from "../config/locate.ts";
import { masked } from "../config/masked.ts";
import { readConfig } from "../config/parse.ts";
import { print } from "./output.ts";

export async function show(wanted: Wanted & { readonly json?: true | undefined }): Promise<number> {
  const { directory, file } = await locateNode(wanted, process.env, process.cwd());
  const config = masked(await readConfig(file, process.env, directory));
  print(wanted.json ? JSON.stringify(config, undefined, 2) : stringify(config).trimEnd());
  return 0;
}
