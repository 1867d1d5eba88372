/** One session after the other: each joins, subscribes, registers, calls, publishes, and leaves or vanishes. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Log, type SerializerName, type Session, type Transport } from "../../mod.ts";
import { dial } from "../../client/dial.ts";
import { type Ledger, PATIENCE_MS, type Procedure, Reader } from "./ledger.ts";
import { Line } from "./line.ts";
import { REALM } from "./node_process.ts";

const SERIALIZERS: readonly SerializerName[] = ["json", "msgpack", "cbor"];
const STEPS = 8;
const PAUSE_MS = 1500;
/** Of all sessions. */
const CUT_SHARE = 0.25;
const SLOW_SHARE = 0.1;

export interface World {
  readonly ledger: Ledger;
  /** The node's. */
  readonly port: number;
  /** Sessions that share a topic. */
  readonly groups: number;
  readonly isOver: () => boolean;
}

/** Leaves nothing unsaid by the library: what it logs is a fault. */
function logTo(ledger: Ledger): Log {
  const fault = (text: string, properties: Readonly<Record<string, unknown>>) =>
    ledger.fault(`The client logged "${text}" ${JSON.stringify(properties)}`);
  return { debug() {}, info() {}, warn: fault, error: fault };
}

/** Joins over one of the transports and serializers. @param onTransport told of the connection below. */
export function join(
  { ledger }: World,
  number: number,
  port: number,
  onTransport: (transport: Transport) => void = () => {},
): Promise<Session> {
  const url = number % 2 === 0 ? `ws://127.0.0.1:${port}/ws` : `rs://127.0.0.1:${port}`;
  const serializer = SERIALIZERS[number % SERIALIZERS.length] ?? "json";
  return connect({
    url,
    realm: REALM,
    serializers: [serializer],
    timeoutMs: PATIENCE_MS,
    log: logTo(ledger),
    dial: (options, attach) =>
      dial(options, (transport) => {
        onTransport(transport);
        return attach(transport);
      }),
  });
}

/** Sessions without end, one at a time. @param place 0, 1, ... of those that run side by side. */
export async function live(world: World, place: number): Promise<void> {
  await sleep(Math.random() * STEPS * PAUSE_MS / 2);
  for (let number = place; !world.isOver(); number += 7) {
    try {
      await new Life(world, place, number).run();
    } catch (error) {
      world.ledger.fault(`A session failed: ${error instanceof Error ? error.message : error}`);
      await sleep(1000);
    }
  }
}

class Life {
  readonly #world: World;
  readonly #number: number;
  readonly #topic: string;
  readonly #readers: Reader[] = [];
  readonly #procedure: Procedure;
  #isCut = false;
  readonly #mayBeCut = () => this.#isCut;

  constructor(world: World, place: number, number: number) {
    this.#world = world;
    this.#number = number;
    this.#topic = `com.soak.group${place % world.groups}.topic.${place % 3}`;
    this.#procedure = { uri: `com.soak.life${place}.echo`, isSteady: false };
  }

  async run(): Promise<void> {
    const { ledger, port } = this.#world;
    const line = Math.random() < CUT_SHARE ? await Line.lay(port) : undefined;
    let transport: Transport | undefined;
    try {
      const session = await join(this.#world, this.#number, line?.port ?? port, (opened) => {
        transport = opened;
      });
      ledger.counts.sessions++;
      await this.#subscribe(session);
      await session.register(this.#procedure.uri, ([value]) => value);
      ledger.procedures.set(this.#procedure.uri, this.#procedure);
      const isSlow = Math.random() < SLOW_SHARE;
      for (let step = 0; step < STEPS && !this.#world.isOver(); step++) {
        await this.#step(session);
        if (isSlow) transport?.pause();
        await sleep(Math.random() * 2 * PAUSE_MS);
        if (isSlow) transport?.resume();
      }
      if (line === undefined) await this.#leave(session);
      else await this.#vanish(session, line);
    } finally {
      this.#forget();
      line?.cut();
    }
  }

  async #subscribe(session: Session): Promise<void> {
    const topic = this.#topic;
    const patterns = [
      [topic, "exact"],
      [topic.slice(0, -1), "prefix"],
      [topic.replace("topic", ""), "wildcard"],
    ] as const;
    for (const [pattern, match] of patterns) {
      const reader = new Reader(this.#world.ledger);
      const receive = ([serial]: readonly [number], _: unknown, details: { topic: string }) => {
        // The prefix brings the group's other topics too
        if (details.topic === topic) reader.receive(serial);
      };
      await session.subscribe(pattern, receive, { match });
      this.#readers.push(reader);
      const all = this.#world.ledger.readers;
      all.set(topic, (all.get(topic) ?? new Set()).add(reader));
    }
  }

  async #step(session: Session): Promise<void> {
    const { ledger } = this.#world;
    const procedures = [...ledger.procedures.values()];
    const procedure = procedures[Math.floor(Math.random() * procedures.length)];
    const steady = procedures[this.#number % 2];
    await Promise.all([
      procedure && ledger.call(session, procedure, this.#mayBeCut),
      steady && ledger.call(session, steady, this.#mayBeCut),
      ledger.publish(session, this.#topic, this.#mayBeCut),
    ]);
  }

  /** No new events are owed from here on; those that are must come before the session goes. */
  async #leave(session: Session): Promise<void> {
    this.#forget();
    await Promise.all(this.#readers.map((reader) => reader.complete()));
    const { by, reason } = await session.leave();
    if (by !== "client") this.#world.ledger.fault(`A session ended by itself: ${reason}`);
  }

  /** In the middle of calls and publications. */
  async #vanish(session: Session, line: Line): Promise<void> {
    this.#isCut = true;
    for (const reader of this.#readers) reader.isGone = true;
    const last = this.#step(session);
    line.cut();
    this.#world.ledger.counts.cut++;
    await Promise.all([last, session.closed]);
  }

  #forget(): void {
    const { ledger } = this.#world;
    for (const reader of this.#readers) ledger.readers.get(this.#topic)?.delete(reader);
    ledger.procedures.delete(this.#procedure.uri);
  }
}
