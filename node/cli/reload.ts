/** `realmway reload`: has a running node read its configuration anew. Prints what has changed; what could not be changed is told, and exits with 1. */
import { EXIT_OK } from "./exit_codes.ts";
import { withNode } from "./node_session.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { print } from "./output.ts";
import { valueText } from "./value_text.ts";

export function reload(options: OperatorOptions): Promise<number> {
  return withNode(options, async ({ node }) => {
    const changes = await node.reload();
    if (options.json) print(valueText({ "changes": changes }));
    else if (changes.length === 0) print("Nothing has changed");
    else for (const line of changes) print(line);
    return EXIT_OK;
  });
}
