/** `realmway top`: looks at a running node again and again, until SIGINT, `--count` or the node's end. */
import { untilEnded } from "./client_session.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { withNode } from "./node_session.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { isTerminal, print } from "./output.ts";
import { type Figures, figuresBetween, look } from "./top_figures.ts";
import { lineOf, screenOf } from "./top_view.ts";
import { valueText } from "./value_text.ts";

/** Of terminals: to the upper left corner, and everything away. */
const CLEAR = "\x1b[H\x1b[2J";

export interface TopOptions extends OperatorOptions {
  readonly interval: number;
  readonly count?: number | undefined;
}

export function top(options: TopOptions): Promise<number> {
  const { interval, count = Infinity } = options;
  return withNode(options, async ({ node, router: join, stop }) => {
    const ended = untilEnded(node.session, stop);
    const { title, id } = await node.status();
    const router = await join();
    let before = await look(router);
    for (let shown = 0; shown < count; shown++) {
      const code = await Promise.race([ended, passed(interval)]);
      if (code !== undefined) return code;
      const now = await look(router);
      show(`${title}, node ${id}`, figuresBetween(before, now), options);
      before = now;
    }
    return EXIT_OK;
  });
}

function passed(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

function show(title: string, figures: Figures, { json }: TopOptions): void {
  if (json) print(valueText(figures));
  else if (isTerminal()) print(`${CLEAR}${screenOf(title, figures)}`);
  else print(lineOf(figures));
}
