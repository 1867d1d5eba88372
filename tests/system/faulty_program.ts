/** Run by `faults_test.ts`: faults that nobody catches, in a process that has the command line's handlers. */
import process from "node:process";
import { watchFaults } from "../../node/cli/process_events.ts";
import { exit, print } from "../../node/cli/output.ts";
import { logFor, startLogging } from "../../node/log.ts";

startLogging({ level: "info", format: "json", write: print });
watchFaults(logFor("node"));
process.nextTick(() => {
  throw new Error("in a tick");
});
setTimeout(() => {
  throw new Error("in a timer");
}, 1);
Promise.reject(new Error("in a promise"));
setTimeout(() => exit(0), 50);
