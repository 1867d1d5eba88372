/** `realmway status`: what a running node is, how it is and what it listens on. */
import { columns } from "./columns.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { type Managed, withNode } from "./node_session.ts";
import type { OperatorOptions } from "./operator_options.ts";
import { print, styled } from "./output.ts";
import { bytesText, durationText } from "./quantities.ts";
import { valueText } from "./value_text.ts";

export function status(options: OperatorOptions): Promise<number> {
  return withNode(options, async (managed) => {
    const found = await statusOf(managed);
    print(options.json ? valueText(found) : statusText(found));
    return EXIT_OK;
  });
}

type Status = Awaited<ReturnType<typeof statusOf>>;

async function statusOf({ node, router: join }: Managed) {
  const facts = await node.status();
  const workers = await Promise.all(facts.workers.map((id) => node.worker(id)));
  const hasRouter = workers.some(({ type }) => type === "router");
  return { ...facts, workers, ...(hasRouter && await routerStatus(join)) };
}

async function routerStatus(join: Managed["router"]) {
  const router = await join();
  const stats = await router.realmStats();
  const realms = await Promise.all((await router.realms()).map(async (id) => {
    const { config: { name } } = await router.realm(id);
    const { sessions = 0, slow_consumers: slow } = stats[id] ?? {};
    return { id, name, sessions, "slow_consumers": slow?.behind ?? 0 };
  }));
  const transports = (await router.transports()).map(({ id, type, urls }) => ({ id, type, urls }));
  const { memory, cpu } = await router.processStats();
  return { realms, transports, memory, cpu };
}

function statusText(found: Status): string {
  const { id, title, pid, uptime, started, workers, memory, realms = [], transports = [] } = found;
  const parts = [
    `${styled("bold", title)}, node ${id}, process ${pid}`,
    `Up for ${durationText(uptime)}, since ${started}` +
    (memory === undefined ? "" : `, with ${bytesText(memory.rss)} of memory`),
    "",
    columns(
      ["WORKER", "TYPE", "PID", "STATUS"],
      workers.map((one) => [one.id, one.type, one.pid ?? "-", one.status]),
    ),
  ];
  if (realms.length > 0) {
    const rows = realms.map((one) => [one.name, one.sessions, one.slow_consumers]);
    parts.push("", columns(["REALM", "SESSIONS", "SLOW"], rows));
  }
  if (transports.length > 0) {
    const rows = transports.map(({ id: name, urls }) => [name, urls.join(" ")]);
    parts.push("", columns(["TRANSPORT", "URLS"], rows));
  }
  return parts.join("\n");
}
