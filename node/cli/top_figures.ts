/** The figures of `realmway top`: two looks at a node's counters, and what happened between them. */
import type {
  ProcessStats,
  RealmStats,
  RouterController,
  SlowConsumerInfo,
  TransportFigures,
} from "../management/controller.ts";

/** What the node has counted, at one moment. */
export interface Look {
  /** Seconds, of a clock that only goes forward. */
  readonly at: number;
  readonly process: ProcessStats;
  readonly realms: readonly {
    readonly id: string;
    readonly name: string;
    readonly stats: RealmStats;
    readonly slow: readonly SlowConsumerInfo[];
  }[];
  readonly transports: Readonly<Record<string, TransportFigures | null>>;
}

/** Per second, between two looks. */
export interface Rates {
  readonly received: number;
  readonly sent: number;
  readonly calls: number;
  readonly publications: number;
  readonly events: number;
  readonly "dropped_events": number;
}

export interface Figures {
  readonly time: string;
  readonly uptime: number;
  /** Bytes. */
  readonly memory: ProcessStats["memory"];
  /** Of one processor: 1 is all of it. */
  readonly cpu: number;
  readonly sessions: number;
  readonly rates: Rates & {
    readonly "received_bytes": number;
    readonly "sent_bytes": number;
  };
  readonly realms: readonly {
    readonly id: string;
    readonly name: string;
    readonly sessions: number;
    readonly rates: Rates;
    readonly behind: number;
  }[];
  readonly "slow_consumers": readonly (SlowConsumerInfo & { readonly realm: string })[];
}

export async function look(router: RouterController): Promise<Look> {
  const [stats, process, transports] = await Promise.all([
    router.realmStats(),
    router.processStats(),
    router.transportStats(),
  ]);
  const realms = await Promise.all(
    Object.entries(stats).map(async ([id, counted]) => {
      const [{ config: { name } }, slow] = await Promise.all([
        router.realm(id),
        router.slowConsumers(id),
      ]);
      return { id, name: String(name), stats: counted, slow };
    }),
  );
  return { at: performance.now() / 1000, process, realms, transports };
}

/** What has begun between the two is counted from its beginning. */
export function figuresBetween(before: Look, after: Look): Figures {
  const seconds = Math.max(0.001, after.at - before.at);
  const realms = after.realms.map(({ id, name, stats }) => {
    const earlier = before.realms.find((one) => one.id === id && one.name === name)?.stats;
    const behind = stats["slow_consumers"].behind;
    return { id, name, sessions: stats.sessions, rates: ratesOf(earlier, stats, seconds), behind };
  });
  const ofTransports = transportRates(before.transports, after.transports, seconds);
  const { "dropped_events": dropped, ...bytes } = ofTransports;
  const total = sumOf(realms.map(({ rates }) => rates));
  const cpu = cpuOf(after) - cpuOf(before);
  return {
    time: after.process.time,
    uptime: after.process.uptime,
    memory: after.process.memory,
    cpu: Math.max(0, cpu) / seconds,
    sessions: realms.reduce((sum, { sessions }) => sum + sessions, 0),
    // Some are dropped by the policies of roles, others by connections.
    rates: { ...total, ...bytes, "dropped_events": total["dropped_events"] + dropped },
    realms,
    "slow_consumers": after.realms
      .flatMap(({ name, slow }) => slow.map((one) => ({ realm: name, ...one })))
      .sort((a, b) => b.waiting - a.waiting),
  };
}

function ratesOf(before: RealmStats | undefined, after: RealmStats, seconds: number): Rates {
  const of = (way: "sent" | "received", types: readonly string[]) => {
    const count = ({ messages }: RealmStats) =>
      types.reduce((sum, type) => sum + (messages[way][type] ?? 0), 0);
    return rate(before && count(before), count(after), seconds);
  };
  const all = (way: "sent" | "received") => of(way, Object.keys(after.messages[way]));
  return {
    received: all("received"),
    sent: all("sent"),
    calls: of("received", ["call"]),
    publications: of("received", ["publish"]),
    events: of("sent", ["event"]),
    "dropped_events": rate(
      before?.["slow_consumers"]["dropped_events"],
      after["slow_consumers"]["dropped_events"],
      seconds,
    ),
  };
}

function transportRates(before: Look["transports"], after: Look["transports"], seconds: number) {
  const sum = (count: (figures: TransportFigures) => number) =>
    Object.entries(after).reduce((total, [id, figures]) => {
      const earlier = before[id] ?? undefined;
      if (figures === null) return total;
      return total + rate(earlier && count(earlier), count(figures), seconds);
    }, 0);
  return {
    "received_bytes": sum(({ bytes }) => bytes.received),
    "sent_bytes": sum(({ bytes }) => bytes.sent),
    "dropped_events": sum((figures) => figures["dropped_events"]),
  };
}

/** A counter that is lower than before is a new one. */
function rate(before: number | undefined, after: number, seconds: number): number {
  const from = before === undefined || before > after ? 0 : before;
  return (after - from) / seconds;
}

function sumOf(all: readonly Rates[]): Rates {
  const sum = (key: keyof Rates) => all.reduce((total, rates) => total + rates[key], 0);
  return {
    received: sum("received"),
    sent: sum("sent"),
    calls: sum("calls"),
    publications: sum("publications"),
    events: sum("events"),
    "dropped_events": sum("dropped_events"),
  };
}

function cpuOf({ process: { cpu } }: Look): number {
  return cpu.user + cpu.system;
}
