/**
 * Plays random programs of several peers against the router and against its model, and compares all that every peer receives,
 * step by step. A program is a seed: the same seed is the same program, on every runtime.
 * When all have left, nothing may be left of them.
 */
import assert from "node:assert/strict";
import type { MessageHandler, Random } from "../../router/ports.ts";
import type { Realm, RealmOptions } from "../../router/realm.ts";
import { Router } from "../../router/router.ts";
import type { Session } from "../../router/session.ts";
import { isId } from "../../wamp/id.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeRandom } from "./fake_random.ts";
import type { FormatName, Wire } from "./fake_transport.ts";
import { FakeLog } from "./flow_kit.ts";
import { Bag, RouterModel, Unknown } from "./router_model.ts";
import { Seat } from "./simulator_seat.ts";
import { Program, SIMULATED_HISTORY, SIMULATED_ROLES, unread } from "./simulator_program.ts";
import { asked, sayable } from "./simulator_roles.ts";

const SEATS = 10;
const FORMATS: readonly FormatName[] = ["json", "msgpack", "cbor"];

const RESUMPTION = {
  timeoutMs: 3_000,
  maxDetached: 3,
  maxBytes: 2 ** 26,
  maxAgeMs: Number.MAX_SAFE_INTEGER,
};

/** How the router knows what roles may do: by their rules, or by authorizers that answer at once or later. */
type SimulatedRoles = "static" | "asked" | "waiting";

/** Plays the program of `seed` for `steps` steps; throws at the first difference.
 * @param seen gathers the kinds of messages that peers received. @param trace told of every step. */
export function simulate(
  seed: number,
  steps: number,
  seen: Set<string> = new Set(),
  trace?: (line: string) => void,
  roles: SimulatedRoles = "static",
): void {
  const simulation = new Simulation(seed, seen, trace, roles);
  for (let step = 1; step <= steps; step++) {
    try {
      simulation.step();
    } catch (cause) {
      throw new Error(`Simulator: seed ${seed} fails at step ${step}: ${String(cause)}`, { cause });
    }
  }
  for (const foretell of simulation.drops()) foretell();
  simulation.end();
}

/** The same, where answers of authorizers come later: all that follows from a step has happened before the next. */
export async function simulateWaiting(
  seed: number,
  steps: number,
  trace?: (line: string) => void,
): Promise<void> {
  const simulation = new Simulation(seed, new Set(), trace, "waiting");
  for (let step = 1; step <= steps; step++) {
    try {
      const foretell = simulation.act();
      await turns();
      foretell();
      simulation.compare();
    } catch (cause) {
      throw new Error(`Simulator: seed ${seed} fails at step ${step}: ${String(cause)}`, { cause });
    }
  }
  for (const foretell of simulation.drops()) {
    await turns();
    foretell();
  }
  simulation.end();
}

/** As many turns of promises as a step may take. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 24; turn++) await undefined;
}

class Simulation {
  readonly #random: FakeRandom;
  readonly #clock = new FakeClock();
  readonly #log = new FakeLog();
  readonly #router: Router;
  readonly #realm: Realm;
  readonly #model: RouterModel;
  readonly #program: Program;
  readonly #seats: (Seat | undefined)[] = new Array(SEATS).fill(undefined);
  readonly #handlers: MessageHandler[] = [];
  /** Ids that the router has given, by kind: each to one thing only. */
  readonly #given = new Map<string, Set<number>>();
  readonly #seen: Set<string>;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #waits: boolean;

  constructor(
    seed: number,
    seen: Set<string>,
    trace: ((line: string) => void) | undefined,
    roles: SimulatedRoles,
  ) {
    this.#waits = roles === "waiting";
    this.#seen = seen;
    this.#trace = trace;
    this.#random = new FakeRandom(seed);
    const options: RealmOptions = {
      name: "realm1",
      roles: roles !== "static"
        ? sayable(SIMULATED_ROLES)
        : seed % 5 < 2
        ? SIMULATED_ROLES
        : unread(seed),
      requestIds: seed % 4 === 0 ? "strict" : "tolerant",
      hasMetaApi: seed % 8 !== 1,
      callQueue: seed % 2 === 0 ? { limit: 3, timeoutMs: 800 } : {},
      eventHistory: seed % 3 === 0 ? SIMULATED_HISTORY : [],
      // What a session is sent while it waits would have to be told apart from what it missed.
      ...(!this.#waits && seed % 5 < 2 && { resumption: RESUMPTION }),
    };
    const draws: number[] = [];
    const random = recorded(new FakeRandom(~seed), draws);
    this.#router = new Router({ clock: this.#clock, random, log: this.#log });
    const answers = new FakeRandom(seed + 1);
    this.#realm = this.#router.addRealm(
      roles === "static"
        ? options
        : { ...options, roles: asked(options.roles, answers, this.#waits) },
    );
    this.#model = new RouterModel(options, this.#clock.now(), draws);
    for (const { id, match, pattern } of this.#model.broker.subscriptions) {
      this.#resolve(this.#realm.broker.lookup(match, pattern)?.id, id);
    }
    this.#program = new Program(this.#random, this.#model, roles === "static");
  }

  step(): void {
    this.act()();
    this.compare();
  }

  /** The router's part of a step. Returns the model's, which wants to know what the router drew by lot. */
  act(): () => void {
    const random = this.#random;
    if (random.oneIn(20)) return this.#advance(random.pick([1, 250, 250, 500, 1000]));
    const at = random.index(SEATS);
    const seat = this.#seats[at];
    if (seat !== undefined) return this.#act(seat);
    this.#seats[at] = this.#connect();
    return () => {};
  }

  /** All go, one after the other. Yields the model's part of each. */
  *drops(): Iterable<() => void> {
    for (const seat of [...this.#seats]) {
      if (seat?.peer.isDetached === false) yield this.#drop(seat);
      this.compare();
    }
  }

  /** Nothing is left of them. */
  end(): void {
    this.#advance(RESUMPTION.timeoutMs)();
    this.compare();
    assert.equal(this.#realm.sessions.size, 0);
    assert.equal(this.#router.connectionCount, 0);
    assert.equal(this.#clock.pendingCount, 0);
    const { subscriptions } = this.#model.broker;
    assert.equal([...this.#realm.broker.subscriptions].length, subscriptions.length);
    assert.ok(subscriptions.every((one) => one.history !== undefined));
    assert.equal([...this.#realm.dealer.registrations].length, 0);
    for (const handler of this.#handlers as Session[]) {
      assert.equal(handler.id, 0);
      assert.equal(handler.subscriptions?.size ?? 0, 0);
      assert.equal(handler.registrations?.size ?? 0, 0);
      assert.equal(handler.calls?.size ?? 0, 0);
      assert.equal(handler.invocations?.size ?? 0, 0);
      assert.equal(handler.waitingCalls?.size ?? 0, 0);
    }
  }

  #connect(): Seat {
    const format = this.#random.pick(FORMATS);
    const seat = new Seat(this.#router, format);
    this.#handlers.push(seat.handler);
    this.#model.connect(seat.peer);
    return seat;
  }

  #act(seat: Seat): () => void {
    const random = this.#random;
    const { peer } = seat;
    if (peer.isDetached) return random.oneIn(3) ? this.#resume(seat) : () => {};
    if (peer.isDropped) return this.#drop(seat);
    if (random.oneIn(peer.isResumable ? 50 : 200)) return this.#drop(seat);
    if (!peer.isReading && random.oneIn(8)) return this.#reads(seat);
    if (peer.isReading && this.#mayStopReading && random.oneIn(20)) return this.#stopsReading(seat);
    // What it sends is not read before the router goes on.
    if (seat.transport.isPaused) return () => {};
    if (peer.isResumable && peer.state === "joined" && random.oneIn(100)) return this.#resume(seat);
    const wire = this.#program.next(seat.peer);
    this.#trace?.(`${this.#seats.indexOf(seat)} sends ${JSON.stringify(wire ?? "garbage")}`);
    seat.sends(wire);
    return () => this.#model.receive(seat.peer, wire);
  }

  #drop(seat: Seat): () => void {
    this.#trace?.(`${this.#seats.indexOf(seat)} disconnects`);
    seat.transport.close(seat.handler, this.#random.pick(["clean", "reset", "timeout", "slow"]));
    return () => {
      this.#model.disconnect(seat.peer);
      if (seat.peer.isDetached) return;
      seat.peer.isEnded = true;
      seat.transport.end("disconnected");
    };
  }

  get #mayStopReading(): boolean {
    return this.#model.options.roles.some(({ slowConsumers }) => slowConsumers !== undefined);
  }

  #stopsReading(seat: Seat): () => void {
    this.#trace?.(`${this.#seats.indexOf(seat)} stops reading`);
    seat.transport.waiting = 1_000;
    return () => {
      seat.peer.isReading = false;
    };
  }

  #reads(seat: Seat): () => void {
    this.#trace?.(`${this.#seats.indexOf(seat)} reads again`);
    seat.transport.waiting = 0;
    seat.transport.makeRoom();
    return () => this.#model.slow.reads(seat.peer);
  }

  /** Over another connection, whether or not the last one has broken. */
  #resume(seat: Seat): () => void {
    const missing = this.#random.index(4);
    this.#trace?.(`${this.#seats.indexOf(seat)} resumes, and has not received ${missing}`);
    const missed = seat.resumes(missing);
    this.#handlers.push(seat.handler);
    return () => this.#model.resume(seat.peer, missed);
  }

  #advance(ms: number): () => void {
    this.#trace?.(`${ms} ms pass`);
    this.#clock.advance(ms);
    return () => this.#model.advance(ms);
  }

  compare(): void {
    assert.deepEqual(this.#log.errors, []);
    for (let at = 0; at < SEATS; at++) {
      const seat = this.#seats[at];
      if (seat === undefined) continue;
      const { sent, endReason } = seat.transport;
      const { expected, isEnded, isDetached } = seat.peer;
      // What a detached peer is sent shows when it is back.
      if (isDetached) continue;
      if (sent.length > 0 || expected.length > 0) this.#compareMessages(at, seat);
      if ((endReason !== undefined) !== isEnded) {
        throw new Error(`${at} is ${isEnded ? "not " : ""}disconnected`);
      }
      this.#compareReading(at, seat);
      if (!isEnded) continue;
      seat.transport.close(seat.handler, "clean");
      this.#seats[at] = undefined;
    }
    const { broker, dealer, sessions } = this.#model;
    assert.equal(this.#realm.sessions.size, sessions.length);
    assert.deepEqual(this.#realm.slowConsumers.stats, this.#model.slow.stats);
    this.#learn();
    if (!this.#random.oneIn(50)) return;
    assert.equal([...this.#realm.broker.subscriptions].length, broker.subscriptions.length);
    assert.equal([...this.#realm.dealer.registrations].length, dealer.registrations.length);
    const serving = this.#seats.reduce(
      (count, seat) => count + (seat?.session.invocations?.size ?? 0),
      0,
    );
    assert.equal(serving, dealer.calls.length);
  }

  /** Ids that went to who does not read. */
  #learn(): void {
    const { broker, dealer } = this.#model;
    for (const { id, match, pattern } of broker.subscriptions) {
      if (id.value !== undefined) continue;
      this.#resolve(this.#realm.broker.lookup(match, pattern)?.id, id);
    }
    for (const { id, match, pattern } of dealer.registrations) {
      if (id.value !== undefined) continue;
      this.#resolve(this.#realm.dealer.lookup(match, pattern)?.id, id);
    }
  }

  #compareReading(at: number, { transport, peer }: Seat): void {
    if (transport.isDropped !== peer.isDropped) {
      throw new Error(`${at} is ${peer.isDropped ? "not " : ""}given up`);
    }
    const isHeld = this.#model.slow.isHeld(peer);
    if (transport.isPaused !== isHeld) throw new Error(`${at} is ${isHeld ? "not " : ""}held up`);
  }

  #compareMessages(at: number, seat: Seat): void {
    const { transport: { sent }, peer: { expected } } = seat;
    for (const message of sent) this.#trace?.(`${at} receives ${JSON.stringify(message)}`);
    if (this.#waits) {
      // An event that waits for an answer keeps its place among events alone, and is lost with its session.
      for (const messages of [sent, expected]) messages.sort(eventsLast);
      if (sent.some(([name]) => name === "GOODBYE" || name === "ABORT")) {
        expected.length = Math.min(expected.length, sent.length);
      }
    }
    if (!this.#agree(sent, expected)) {
      throw new Error(
        `${at} received\n${lines(sent)}, expected\n${lines(expected)}`,
      );
    }
    for (const message of sent) {
      this.#seen.add(kindOf(message));
      seat.received(message);
    }
    sent.length = 0;
    expected.length = 0;
  }

  /** `actual` is `expected`, whose unknown ids it makes known. */
  #agree(actual: unknown, expected: unknown): boolean {
    if (expected instanceof Unknown) return this.#resolve(actual, expected);
    if (expected instanceof Bag) {
      if (!Array.isArray(actual) || actual.length !== expected.items.length) return false;
      const known = (item: unknown) => !(item instanceof Unknown) || item.value !== undefined;
      const left = [...actual];
      const items = [...expected.items].sort((a, b) => Number(known(b)) - Number(known(a)));
      return items.every((item) => {
        const at = left.findIndex((one) => this.#agree(one, item));
        if (at >= 0) left.splice(at, 1);
        return at >= 0;
      });
    }
    if (typeof expected === "function") return expected(actual) === true;
    if (Array.isArray(expected)) {
      return Array.isArray(actual) && actual.length === expected.length &&
        expected.every((one, i) => this.#agree(actual[i], one));
    }
    if (typeof expected === "object" && expected !== null) {
      if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return false;
      const keys = Object.keys(expected);
      return Object.keys(actual).length === keys.length &&
        keys.every((key) => this.#agree(Reflect.get(actual, key), Reflect.get(expected, key)));
    }
    return actual === expected;
  }

  #resolve(actual: unknown, unknown: Unknown): boolean {
    if (unknown.value !== undefined) return actual === unknown.value;
    let given = this.#given.get(unknown.kind);
    if (given === undefined) this.#given.set(unknown.kind, given = new Set());
    if (!isId(actual) || given.has(actual)) return false;
    given.add(actual);
    unknown.value = actual;
    return true;
  }
}

function eventsLast(one: Wire, other: Wire): number {
  return Number(one[0] === "EVENT") - Number(other[0] === "EVENT");
}

/** Randomness that writes down what it chose. */
function recorded(random: FakeRandom, draws: number[]): Random {
  return {
    sessionId: () => random.sessionId(),
    publicationId: () => random.publicationId(),
    authid: () => random.authid(),
    index: (below) => {
      const drawn = random.index(below);
      draws.push(drawn);
      return drawn;
    },
  };
}

/** "ERROR 48 wamp.error.timeout", "INTERRUPT kill", "EVENT": what tells messages apart, as far as it matters. */
function kindOf([name, first, second, , error]: Wire): string {
  switch (name) {
    case "ERROR":
      return `${name} ${first} ${error}`;
    case "ABORT":
    case "GOODBYE":
      return `${name} ${second}`;
    case "INTERRUPT":
      return `${name} ${Object.values(second as object).join(" ")}`;
    case "UNREGISTERED":
    case "UNSUBSCRIBED":
      return first === 0 ? `${name} revoked` : name;
    default:
      return name;
  }
}

function lines(messages: readonly Wire[]): string {
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, one) => {
      if (one instanceof Unknown) return one.value ?? `new ${one.kind}`;
      return one instanceof Bag
        ? { "in any order": one.items }
        : typeof one === "function"
        ? "…"
        : one;
    });
  return messages.map((message) => `  ${text(message)}`).join("\n") || "  nothing";
}
