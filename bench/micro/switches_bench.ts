/**
 * What static permissions and the meta API cost a message that has nothing to do with them: nanoseconds of a call and of an event to one
 * subscriber in the router alone, interleaved, and what share of the whole, over a socket, the difference is.
 * `deno run -A bench/micro/switches_bench.ts` or `bun run ...`.
 */
import process from "node:process";
import { anonymous } from "../../router/join.ts";
import { ALLOW_ALL, type Permission } from "../../router/permission.ts";
import type { RealmOptions } from "../../router/realm.ts";
import { Router } from "../../router/router.ts";
import type { Session } from "../../router/session.ts";
import { systemClock } from "../../transports/clock.ts";
import { EMPTY_DICT, type Invocation, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import { countingRandom, NullTransport, silentLog } from "./router_kit.ts";

const ROUNDS = 601;
const COUNT = 2_000;
/** The least that these cost over a socket, in nanoseconds: see RESULTS.md. */
const WHOLE = { "call": 1_600, "event": 1_000 };

const payload = Payload.of(["sensor-17", 21.5], { unit: "celsius" });
const random = countingRandom();
const gate = anonymous("anyone", random);

/** Twenty rules of all kinds, of which one decides. */
const permissions: readonly Permission[] = [
  ...Array.from({ length: 19 }, (_, i): Permission => {
    const match = (["exact", "prefix", "wildcard"] as const)[i % 3] ?? "exact";
    const uri = match === "wildcard" ? `com.other${i}..thing` : `com.other${i}.thing`;
    return { ...ALLOW_ALL, uri, match };
  }),
  { ...ALLOW_ALL, uri: "com.", match: "prefix" },
];

const switches: Readonly<Record<string, Omit<RealmOptions, "name">>> = {
  "plain": { roles: [{ name: "anyone", allowByDefault: true }], hasMetaApi: false },
  "meta API": { roles: [{ name: "anyone", allowByDefault: true }], hasMetaApi: true },
  "20 permissions": { roles: [{ name: "anyone", permissions }], hasMetaApi: false },
};

/** A realm with a caller and a callee, a publisher and a subscriber. */
class Bed {
  readonly #one: Session;
  readonly #other: Session;
  readonly #received = new NullTransport();
  #request = 1;

  constructor(realm: Omit<RealmOptions, "name">) {
    const router = new Router({ clock: systemClock, random, log: silentLog });
    router.addRealm({ name: "realm1", ...realm });
    const join = (transport: NullTransport): Session => {
      const session = router.attach(transport, gate) as Session;
      const roles = { "publisher": {}, "subscriber": {}, "caller": {}, "callee": {} };
      session.receive({ type: Type.HELLO, realm: "realm1", details: { "roles": roles } });
      return session;
    };
    this.#one = join(new NullTransport());
    this.#other = join(this.#received);
    const options = EMPTY_DICT;
    this.#other.receive({ type: Type.REGISTER, request: 1, options, procedure: "com.load.add" });
    this.#other.receive({ type: Type.SUBSCRIBE, request: 2, options, topic: "com.load.topic" });
    if (this.#received.last?.type !== Type.SUBSCRIBED) throw new Error("Cannot subscribe");
  }

  call(): void {
    const request = this.#request++;
    const options = EMPTY_DICT;
    this.#one.receive({ type: Type.CALL, request, options, procedure: "com.load.add", payload });
    const { request: invocation } = this.#received.last as Invocation;
    this.#other.receive({ type: Type.YIELD, request: invocation, options, payload });
  }

  event(): void {
    const request = this.#request++;
    const options = EMPTY_DICT;
    this.#one.receive({ type: Type.PUBLISH, request, options, topic: "com.load.topic", payload });
  }
}

const beds = Object.entries(switches).map(([name, realm]) => ({ name, bed: new Bed(realm) }));

function part(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}

for (const what of ["call", "event"] as const) {
  const spent = new Map(beds.map(({ name }): [string, number[]] => [name, []]));
  // The first rounds warm up. Each begins with another bed.
  for (let round = -60; round < ROUNDS; round++) {
    const turn = (round + 60) % beds.length;
    for (const { name, bed } of [...beds.slice(turn), ...beds.slice(0, turn)]) {
      const start = process.cpuUsage();
      for (let i = 0; i < COUNT; i++) bed[what]();
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) spent.get(name)?.push((user + system) * 1000 / COUNT);
    }
  }
  const plain = spent.get("plain") ?? [];
  for (const [name, values] of spent) {
    // Round by round: what else the machine does disturbs neighbours alike.
    const more = values.map((value, i) => value - (plain[i] ?? NaN));
    const [low = NaN, middle = NaN, high = NaN] = [0.25, 0.5, 0.75].map((at) => part(more, at));
    const share = (middle / WHOLE[what] * 100).toFixed(1);
    const text = name === "plain"
      ? ""
      : `, ${middle.toFixed(1)} more (half: ${low.toFixed(1)} to ${high.toFixed(1)}), ${share} %`;
    const line = `${`${what}, ${name}`.padEnd(24)} ${part(values, 0.5).toFixed(1)} ns${text}`;
    process.stdout.write(`${line}\n`);
  }
}
process.exit(0);
