/** The runs as tables in Markdown: medians with spread, and ratios to nexus and to the control. */

export interface Run {
  readonly contender: string;
  readonly case: string;
  readonly bytes: number | undefined;
  /** The generator's figures; undefined when the run failed. */
  readonly figures: Readonly<Record<string, unknown>> | undefined;
  readonly error: string | undefined;
}

interface Column {
  readonly title: string;
  readonly pick: (figures: Readonly<Record<string, unknown>>) => number | undefined;
}

const CPU = [
  "router_cpu_us_per_call",
  "router_cpu_us_per_event",
  "router_cpu_us_per_publication",
  "router_cpu_us_per_session",
  "router_cpu_us_per_echo",
  "router_cpu_us_per_message",
  "router_cpu_us_per_start",
];
const RATE = [
  "calls_per_s",
  "events_per_s",
  "publications_per_s",
  "sessions_per_s",
  "echoes_per_s",
  "messages_per_s",
];

const columns: readonly Column[] = [
  { title: "rate /s", pick: (figures) => first(figures, RATE) },
  { title: "p50 µs", pick: (figures) => latency(figures, "p50") },
  { title: "p99 µs", pick: (figures) => latency(figures, "p99") },
  { title: "RSS MiB", pick: (figures) => scaled(figures["router_rss_after_kb"], 1 / 1024) },
  { title: "RSS grown MiB", pick: grown },
  {
    title: "bytes a unit",
    pick: (figures) =>
      scaled(figures["router_rss_bytes_per_subscription"], 1) ??
        scaled(figures["router_rss_kb_per_session"], 1024),
  },
  { title: "start ms", pick: (figures) => scaled(figures["start_ms"], 1) },
];

function grown(figures: Readonly<Record<string, unknown>>): number | undefined {
  const before = scaled(figures["router_rss_before_kb"], 1 / 1024);
  const after = scaled(figures["router_rss_after_kb"], 1 / 1024);
  return before === undefined || after === undefined ? undefined : after - before;
}

function scaled(value: unknown, factor: number): number | undefined {
  return typeof value === "number" ? value * factor : undefined;
}

function first(
  figures: Readonly<Record<string, unknown>>,
  names: readonly string[],
): number | undefined {
  for (const name of names) {
    const value = figures[name];
    if (typeof value === "number") return value;
  }
  return undefined;
}

function latency(figures: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const found = figures["latency_us"];
  if (typeof found !== "object" || found === null) return undefined;
  return scaled(Reflect.get(found, key), 1);
}

/** A cross-serializer run holds two; each becomes a case of its own. */
export function flatten(run: Run): readonly Run[] {
  const nested = Object.entries(run.figures ?? {}).filter(([, value]) =>
    typeof value === "object" && value !== null && "seconds" in value
  );
  if (nested.length === 0) return [run];
  return nested.map(([name, value]) => ({
    ...run,
    case: `${run.case}: ${name.replaceAll("_", " ")}`,
    figures: { ...value as Record<string, unknown> },
  }));
}

/** One table: a row per case and contender. */
export function table(runs: readonly Run[]): string {
  const rows = [
    `| case | contender | CPU µs, median (min–max) | to nexus | MB per CPU s | ${
      columns.map(({ title }) => title).join(" | ")
    } |`,
    `| --- | --- | --- | --- | --- | ${columns.map(() => "---").join(" | ")} |`,
  ];
  const all = runs.flatMap(flatten);
  for (const name of new Set(all.map((run) => run.case))) {
    const ofCase = all.filter((run) => run.case === name);
    const nexus = median(cpuOf(ofCase.filter((run) => run.contender === "nexus")));
    for (const contender of new Set(ofCase.map((run) => run.contender))) {
      rows.push(row(name, contender, ofCase.filter((run) => run.contender === contender), nexus));
    }
  }
  return rows.join("\n");
}

function row(
  name: string,
  contender: string,
  runs: readonly Run[],
  nexus: number | undefined,
): string {
  const figures = runs.flatMap((run) => run.figures === undefined ? [] : [run.figures]);
  if (figures.length === 0) {
    const error = runs[0]?.error?.split("\n")[0]?.slice(0, 120) ?? "failed";
    return `| ${name} | ${contender} | failed: ${error.replaceAll("|", "/")} | | | ${
      columns.map(() => "").join(" | ")
    } |`;
  }
  const cpu = cpuOf(runs);
  const middle = median(cpu);
  const spread = cpu.length > 1 ? ` (${show(Math.min(...cpu))}–${show(Math.max(...cpu))})` : "";
  const ratio = middle === undefined || !nexus ? "" : (middle / nexus).toFixed(2);
  const bytes = runs[0]?.bytes;
  const rate = bytes === undefined || middle === undefined ? "" : show(bytes / middle);
  const cells = columns.map(({ pick }) => show(median(figures.map(pick))));
  return `| ${name} | ${contender} | ${show(middle)}${spread} | ${ratio} | ${rate} | ${
    cells.join(" | ")
  } |`;
}

function cpuOf(runs: readonly Run[]): readonly number[] {
  return runs.flatMap((run) => first(run.figures ?? {}, CPU) ?? []);
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function show(value: number | undefined): string {
  if (value === undefined) return "";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(value >= 10 ? 1 : 2);
}
