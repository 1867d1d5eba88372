/** Options of the commands that manage a running node, and how its commands look. */
import { Command } from "@commander-js/extra-typings";
import { CONFIG_FILE, name, NODE_DIRECTORY } from "./option_values.ts";

/** A command with them. */
export function operatorCommand(title: string, description: string) {
  return new Command(title)
    .description(description)
    .option("--cbdir <directory>", NODE_DIRECTORY, name)
    .option("--config <file>", CONFIG_FILE, name)
    .option(
      "--socket <path>",
      "unix socket of the node's management API (default: controller.management.socket of the configuration)",
      name,
    )
    .option("--json", "print JSON, one value a line, for programs");
}

/** For those about what a router worker runs. */
export function routerCommand(title: string, description: string, worker = "router worker") {
  return operatorCommand(title, description)
    .option("--worker <id>", `${worker} (default: the node's own router)`, name);
}

export type OperatorOptions = ReturnType<ReturnType<typeof operatorCommand>["opts"]> & {
  readonly worker?: string | undefined;
};
