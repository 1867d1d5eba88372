/** `realmway stop`: asks a running node to stop, with `--drain` once its calls in flight are answered, and waits until its process has ended. */
import { EXIT_OK } from "./exit_codes.ts";
import { untilGone } from "./node_end.ts";
import { withNode } from "./node_session.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { print } from "./output.ts";
import { valueText } from "./value_text.ts";

export interface StopOptions extends OperatorOptions {
  readonly drain?: true | undefined;
}

export function stop(options: StopOptions): Promise<number> {
  return withNode(options, async ({ node, stop }) => {
    const { pid } = await node.status();
    const began = performance.now();
    await node.shutdown(options.drain === true);
    await untilGone(node.session, pid, stop);
    const seconds = Math.round(performance.now() - began) / 1000;
    print(options.json ? valueText({ "pid": pid, "seconds": seconds }) : `Stopped process ${pid}`);
    return EXIT_OK;
  });
}
