/** A router that is killed under load, again and again: what became of each call and of each acknowledged publication is accounted for. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connect } from "../../mod.ts";
import { endAll, freePort, launch, openConfig, workplace } from "./cli_process.ts";
import { runtimes, startProgram } from "./programs.ts";

after(endAll);

const KILLS = 3;
/** What a call that the router's death overtakes is told, and one that comes before the callee is back. */
const REASONS = new Set([
  "wamp.close.transport_lost",
  "wamp.error.no_such_procedure",
  "wamp.error.canceled",
]);

interface Book {
  readonly last: number;
  readonly fulfilled: readonly number[];
  readonly rejected: readonly { readonly n: number; readonly why: string }[];
  readonly wrong: number;
}
interface Books {
  readonly calls: Book;
  readonly publications: Book;
  readonly served: readonly (readonly [number, number])[];
}

function configOn(port: number) {
  const endpoint = { type: "tcp", port, interface: "127.0.0.1" };
  const config = openConfig([{ type: "websocket", endpoint }]);
  const store = {
    "type": "sqlite",
    "event-history": [{ "uri": "com.example.event", "match": "exact", "limit": 1_000_000 }],
  };
  for (const { realms } of config.workers) {
    for (const realm of realms) Object.assign(realm, { store });
  }
  return config;
}

/** The first arguments of all events that the router has on disk. */
async function stored(url: string): Promise<number[]> {
  const session = await connect({ url, realm: "realm1" });
  const id = await session.call("wamp.subscription.lookup", ["com.example.event"]);
  const events = await session.call<{ args: [number] }[]>("wamp.subscription.get_events", [id]);
  await session.leave();
  return events.map(({ args: [n] }) => n);
}

/** Each was asked for once and has come to one end. */
function checkBook({ last, fulfilled, rejected, wrong }: Book): void {
  const settled = [...fulfilled, ...rejected.map(({ n }) => n)].sort((a, b) => a - b);
  assert.deepEqual(settled, Array.from({ length: last }, (_, i) => i + 1));
  assert.equal(wrong, 0);
  const reasons = new Set(rejected.map(({ why }) => why));
  assert.deepEqual([...reasons].filter((why) => !REASONS.has(why)), []);
}

function checkBooks({ calls, publications, served }: Books, events: readonly number[]): void {
  checkBook(calls);
  checkBook(publications);
  // No call was made twice, every result came from the callee, and what else it has served was told to be lost.
  assert.deepEqual(served.filter(([, times]) => times !== 1), []);
  const byCallee = new Set(served.map(([n]) => n));
  assert.deepEqual(calls.fulfilled.filter((n) => !byCallee.has(n)), []);
  const lost = new Set(calls.rejected.map(({ n }) => n));
  assert.equal(
    byCallee.size,
    calls.fulfilled.length + [...lost].filter((n) => byCallee.has(n)).length,
  );
  // No acknowledged event is missing, none is there twice, and none that nobody has published.
  const onDisk = new Set(events);
  assert.equal(onDisk.size, events.length);
  assert.deepEqual(publications.fulfilled.filter((n) => !onDisk.has(n)), []);
  assert.ok(events.every((n) => n >= 1 && n <= publications.last));
}

for (const runtime of runtimes) {
  test(`Client on ${runtime.name}: ${KILLS} times kill -9 of the router under load, and the books are right`, async () => {
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}/ws`;
    const { directory, remove } = await workplace(configOn(port));
    const start = async () => {
      const node = launch(["start"], directory);
      await node.until(/Ready in/);
      return node;
    };
    let node = await start();
    const program = startProgram(runtime, "accounts_program.ts", url);
    try {
      for (let session = 1; session <= KILLS; session++) {
        await program.until((output) => output.includes(`session ${session} is at work`));
        assert.equal(await node.end("SIGKILL"), "SIGKILL");
        node = await start();
      }
      await program.until((output) => output.includes(`session ${KILLS + 1} is at work`));
      assert.equal(await program.end(), 0);
      const books = JSON.parse(program.output().trim().split("\n").at(-1) ?? "");
      assert.ok(books.publications.rejected.length > 0, "the router was killed with nothing to do");
      checkBooks(books, await stored(url));
    } finally {
      program.kill();
      await node.end("SIGTERM");
      await remove();
    }
  });
}
