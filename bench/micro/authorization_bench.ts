/**
 * What authorization costs a message: nanoseconds of a PUBLISH that nobody receives, beyond those of the same by a role that may do
 * everything. Interleaved, median of several rounds. `deno run -A bench/micro/authorization_bench.ts` or `bun run ...`.
 */
import process from "node:process";
import { anonymous } from "../../router/join.ts";
import { ALLOW_ALL, type Permission, type RoleOptions } from "../../router/permission.ts";
import { Router } from "../../router/router.ts";
import { systemClock } from "../../transports/clock.ts";
import { EMPTY_DICT, Type } from "../../wamp/message.ts";
import { Payload } from "../../wamp/payload.ts";
import type { Match } from "../../wamp/uri.ts";
import { countingRandom, NullTransport, silentLog } from "./router_kit.ts";

const ROUNDS = 15;
const COUNT = 100_000;

const random = countingRandom();

/** As many rules of each kind, none of them the one that decides but the last, which is as good as any. */
function rules(count: number): Permission[] {
  const kinds: Match[] = ["exact", "prefix", "wildcard"];
  const others = Array.from({ length: count - 1 }, (_, i): Permission => {
    const match = kinds[i % kinds.length] ?? "exact";
    const uri = match === "wildcard"
      ? `com..w${i}`
      : `com.rule${i}.${match === "prefix" ? "" : "x"}`;
    return { ...ALLOW_ALL, uri, match };
  });
  return [...others, { ...ALLOW_ALL, uri: "com.example.", match: "prefix" }];
}

const authorize = () => ({ "allow": true, "cache": true });
const roles: readonly RoleOptions[] = [
  { name: "everything", allowByDefault: true },
  { name: "10 rules", permissions: rules(10) },
  { name: "10,000 rules", permissions: rules(10_000) },
  { name: "dynamic, cached", authorizer: { authorize } },
];

const router = new Router({ clock: systemClock, random, log: silentLog });
router.addRealm({ name: "realm1", roles });

class Publisher {
  readonly name: string;
  readonly #session;
  #request = 0;

  constructor(name: string) {
    this.name = name;
    this.#session = router.attach(new NullTransport(), anonymous(name, random));
    const details = { "roles": { "publisher": {} } };
    this.#session.receive({ type: Type.HELLO, realm: "realm1", details });
  }

  /** Nanoseconds a message. */
  round(topics: readonly string[]): number {
    const start = performance.now();
    for (let i = 0; i < COUNT; i++) {
      this.#session.receive({
        type: Type.PUBLISH,
        request: ++this.#request,
        options: EMPTY_DICT,
        topic: topics[i % topics.length] ?? "",
        payload: Payload.EMPTY,
      });
    }
    return (performance.now() - start) * 1e6 / COUNT;
  }
}

const publishers = roles.map(({ name }) => new Publisher(name));
const variety = (count: number) => Array.from({ length: count }, (_, i) => `com.example.t${i}.x`);
for (const count of [1, 1_000, 20_000]) {
  const topics = variety(count);
  const beyond = new Map<string, number[]>(roles.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const costs = publishers.map((publisher) => publisher.round(topics));
    if (round < 3) continue;
    publishers.forEach(({ name }, i) => beyond.get(name)?.push((costs[i] ?? 0) - (costs[0] ?? 0)));
  }
  const note = count > 4096 ? ", more than a session's answers that are kept" : "";
  process.stdout.write(`${count.toLocaleString("en")} topics in turn${note}\n`);
  for (const [name, values] of [...beyond].slice(1)) {
    values.sort((a, b) => a - b);
    const [least, middle, most] = [0, values.length >> 1, values.length - 1].map((at) =>
      (values[at] ?? 0).toFixed(0)
    );
    process.stdout.write(`  ${name.padEnd(20)} ${middle?.padStart(5)} ns (${least} to ${most})\n`);
  }
}
