/** Who may still come in, by what the process says of itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Capacity, type CapacityOptions } from "../../../node/capacity.ts";
import { memoryLimit } from "../../../node/memory_limit.ts";
import { VitalSigns } from "../../../node/vital_signs.ts";
import type { Decision, Gate } from "../../../router/join.ts";
import type { TransportDetails } from "../../../router/ports.ts";
import { type Hello, Type } from "../../../wamp/message.ts";
import { FakeClock } from "../../kit/fake_clock.ts";
import { FakeLog } from "../../kit/flow_kit.ts";

const ADMISSION = {
  realm: "realm1",
  authid: "joe",
  authrole: "user",
  authmethod: "anonymous",
  authprovider: "static",
  authextra: undefined,
};
const gate: Gate = { admit: () => ADMISSION };

function build(options: Partial<CapacityOptions> = {}, isExplained = false) {
  const clock = new FakeClock();
  const log = new FakeLog();
  const process = { rss: 100, heap: { used: 10, limit: 100 }, open: 20, stallMs: 0, counts: 0 };
  const began = clock.now();
  const signs = new VitalSigns(clock, log, {
    elapsed: () => clock.now() - began + process.stallMs,
    rss: () => process.rss,
    heap: () => process.heap,
    openDescriptors: () => (process.counts++, process.open),
    descriptorLimit: 100,
  }, () => isExplained);
  signs.watch();
  const capacity = new Capacity(
    {
      memoryBytes: 1000,
      handshakes: undefined,
      sessionsPerAddress: Infinity,
      countsLoopback: false,
      spareDescriptors: 20,
      ...options,
    },
    signs,
    clock,
    log,
  );
  const door = capacity.door();
  const guarded = door.guard(gate);
  const join = (transport: TransportDetails, details: Hello["details"] = {}): string => {
    const hello: Hello = { type: Type.HELLO, realm: "realm1", details };
    const decision = guarded.admit(hello, transport, 1) as Decision;
    return "refusal" in decision ? `${decision.refusal}: ${decision.text}` : "admitted";
  };
  const look = () => clock.advance(500);
  return { capacity, clock, door, guarded, join, log, look, process, signs };
}

function from(peer: string): TransportDetails {
  return { kind: "websocket", serializer: "json", peer, isSecure: false };
}
const PEER = from("tcp4:192.0.2.1:1000");
const NO_MEMORY =
  "realmway.error.limit_exceeded: Cannot join: the router has no memory to spare, try again later";

test("Capacity: above the watermark nobody joins until memory is well below it again", () => {
  const { capacity, join, look, process } = build();
  process.rss = 1001;
  assert.equal(join(PEER), "admitted", "not looked at yet");
  look();
  assert.equal(join(PEER), NO_MEMORY);
  process.rss = 960;
  look();
  assert.equal(join(PEER), NO_MEMORY);
  process.rss = 940;
  look();
  assert.equal(join(PEER), "admitted");
  assert.equal(capacity.refused.memory, 2);
});

test("Capacity: a heap that is nearly full counts as much as resident memory", () => {
  const { join, look, process } = build();
  process.heap = { used: 86, limit: 100 };
  look();
  assert.equal(join(PEER), NO_MEMORY);
});

test("Capacity: who takes up an earlier session brings none, and joins above the watermark", () => {
  const { join, look, process } = build();
  process.rss = 2000;
  look();
  const claim = { "resume-session": 7, "resume-token": "x", "x_resume_received": 1 };
  assert.equal(join(PEER, claim), "admitted");
});

test("Capacity: handshakes beyond the rate of a transport are refused, other transports have their own", () => {
  const { capacity, clock, join } = build({ handshakes: { perSecond: 10, burst: 2 } });
  const text = "Cannot join: found more than 10 handshakes a second, try again later";
  assert.deepEqual([join(PEER), join(PEER), join(PEER)], [
    "admitted",
    "admitted",
    `realmway.error.limit_exceeded: ${text}`,
  ]);
  const hello: Hello = { type: Type.HELLO, realm: "realm1", details: {} };
  assert.equal(capacity.door().guard(gate).admit(hello, PEER, 1), ADMISSION);
  clock.advance(100);
  assert.equal(join(PEER), "admitted");
  assert.equal(capacity.refused.handshakes, 1);
});

test("Capacity: an address has so many sessions, and room for another when one ends", () => {
  const { capacity, guarded, join } = build({ sessionsPerAddress: 2 });
  const [one, two, three] = [1, 2, 3].map((port) => from(`tcp4:192.0.2.1:${port}`));
  assert.ok(one && two && three);
  assert.deepEqual([join(one), join(one), join(two)], ["admitted", "admitted", "admitted"]);
  const refused =
    "realmway.error.limit_exceeded: Cannot join: found 2 sessions of this address, expected no more";
  assert.equal(join(three), refused);
  assert.equal(join(from("tcp4:192.0.2.2:1")), "admitted");
  assert.equal(join(from("tcp4:127.0.0.1:1")), "admitted");
  guarded.ended?.(three);
  assert.equal(join(three), refused, "it was not counted, so its end gives nothing back");
  guarded.ended?.(one);
  assert.equal(join(three), "admitted");
  assert.equal(capacity.refused.sessionsPerAddress, 2);
});

test("Capacity: of IPv6 a network counts as one address; peers of this machine count where that is wanted", () => {
  const { join } = build({ sessionsPerAddress: 1, countsLoopback: true });
  assert.equal(join(from("tcp6:[2001:db8::1]:1")), "admitted");
  assert.match(join(from("tcp6:[2001:db8::2]:1")), /limit_exceeded/);
  assert.equal(join(from("unix")), "admitted");
  assert.match(join(from("unix")), /limit_exceeded/);
});

test("Capacity: near the limit of descriptors connections are told so, nearer still cut off", () => {
  const { capacity, clock, door, process } = build();
  process.open = 79;
  clock.advance(500);
  assert.equal(door.hasRoom(), true);
  assert.equal(door.accept(), true);
  clock.advance(100);
  process.open = 80;
  assert.equal(door.hasRoom(), false);
  assert.equal(door.accept(), true);
  for (let i = 0; i < 8; i++) door.accept();
  assert.equal(door.accept(), false);
  assert.equal(capacity.refused.descriptors, 2);
  process.open = 30;
  clock.advance(60);
  assert.deepEqual([door.hasRoom(), door.accept()], [true, true]);
});

test("Capacity: descriptors are counted twice a second, and beyond that only when they seem to run out", () => {
  const { clock, door, process } = build();
  const before = process.counts;
  for (let i = 0; i < 50; i++) door.accept();
  assert.equal(process.counts, before);
  clock.advance(60);
  for (let i = 0; i < 20; i++) door.accept();
  assert.equal(process.counts, before + 1);
});

test("Capacity: refusals are told once, and then how many there were", () => {
  const { clock, join, log, process } = build();
  process.rss = 2000;
  clock.advance(500);
  for (let i = 0; i < 5; i++) join(PEER);
  const reason = "memory is above the watermark";
  assert.deepEqual(log.warnings, [{ reason }]);
  clock.advance(10_000);
  assert.deepEqual(log.warnings, [{ reason }, { count: 5, seconds: 10, reason }]);
});

test("VitalSigns: a loop that is late is told, with the most of the last minute", () => {
  const { clock, log, process, signs } = build();
  clock.advance(500);
  process.stallMs = 1500;
  clock.advance(500);
  assert.deepEqual([signs.lagMs, signs.mostLagMs], [1500, 1500]);
  assert.deepEqual(log.warnings, [{ ms: 1500 }]);
  clock.advance(500);
  assert.deepEqual([signs.lagMs, signs.mostLagMs], [0, 1500]);
  clock.advance(130_000);
  assert.equal(signs.mostLagMs, 0);
});

test("VitalSigns: where components are watched, their watchdog tells of it alone", () => {
  const { clock, log, process, signs } = build({}, true);
  process.stallMs = 1500;
  clock.advance(500);
  assert.equal(signs.lagMs, 1500);
  assert.deepEqual(log.warnings, []);
});

test("memoryLimit: the least that a cgroup of the process or one above it allows", () => {
  const files: Record<string, string> = {
    "/proc/self/cgroup": "0::/system.slice/realmway.service\n",
    "/sys/fs/cgroup/system.slice/realmway.service/memory.max": "max\n",
    "/sys/fs/cgroup/system.slice/memory.max": "5000\n",
  };
  const read = (path: string) => files[path] ?? "";
  assert.equal(memoryLimit(read, 9000), 5000);
  assert.equal(memoryLimit(read, 4000), 4000);
  files["/proc/self/cgroup"] = "4:cpu,memory:/a\n3:cpuset:/\n";
  files["/sys/fs/cgroup/memory/a/memory.limit_in_bytes"] = "3000\n";
  assert.equal(memoryLimit(read, 9000), 3000);
  assert.equal(memoryLimit(() => "", 9000), 9000);
});
