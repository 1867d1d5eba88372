/** The foreign JavaScript libraries, found where `.ci/setup-interop.sh` has put them. Runs on Node. */
import { createRequire } from "node:module";
import process from "node:process";

export const require = createRequire(`${process.env["REALMWAY_INTEROP"]}/js/package.json`);
