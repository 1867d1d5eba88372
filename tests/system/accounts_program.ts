/**
 * A caller and publisher and its callee, for `accounts_test.ts`: `accounts_program.ts URL`. Each keeps books of what it has asked for and
 * what came of it. Ends at SIGTERM, once nothing is pending, and prints the books.
 */
import process from "node:process";
import { ApplicationError, Component, SessionClosedError } from "realmway";

/** Calls and publications that wait at a time. */
const LINES = 32;
/** What a session does until it says that it is at work. */
const ENOUGH = 100;

/** What was asked for, by its number, and what came of it. */
class Book {
  last = 0;
  readonly fulfilled: number[] = [];
  readonly rejected: { readonly n: number; readonly why: string }[] = [];
  /** Answers that were not those of the question. */
  wrong = 0;

  async keep(
    ask: (n: number) => Promise<unknown>,
    isRight: (answer: unknown, n: number) => boolean,
  ) {
    const n = ++this.last;
    try {
      if (!isRight(await ask(n), n)) this.wrong++;
      this.fulfilled.push(n);
    } catch (error) {
      this.rejected.push({ n, why: reasonOf(error) });
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SessionClosedError) return error.details.reason;
  return error instanceof ApplicationError ? error.uri : String(error);
}

// deno-lint-ignore no-console -- its output is what the test reads
const print = (text: string) => console.log(text);
const transports = {
  url: process.argv[2] ?? "",
  initialRetryDelayMs: 50,
  maxRetryDelayMs: 200,
};
const callee = new Component({ transports });
const caller = new Component({ transports });
const calls = new Book();
const publications = new Book();
/** How often each call was served. */
const served = new Map<number, number>();
const lines = new Set<Promise<void>>();
let sessions = 0;
let isOver = false;

callee.register("com.example.serve", ([n]: readonly [number]) => {
  served.set(n, (served.get(n) ?? 0) + 1);
  return n;
});

caller.onReady((session) => {
  const number = ++sessions;
  const enough = [calls.fulfilled.length + ENOUGH, publications.fulfilled.length + ENOUGH];
  let isAtWork = false;
  const line = async () => {
    while (session.isOpen && !isOver) {
      await calls.keep(
        (n) => session.call("com.example.serve", [n]),
        (answer, n) => answer === n,
      );
      await publications.keep(
        async (n) => await session.publish("com.example.event", [n], {}, { acknowledge: true }),
        (answer) => typeof answer === "number",
      );
      const done = [calls.fulfilled.length, publications.fulfilled.length];
      if (isAtWork || !done.every((count, i) => count >= (enough[i] ?? 0))) continue;
      isAtWork = true;
      print(`session ${number} is at work`);
    }
  };
  for (let i = 0; i < LINES; i++) {
    const running = line().finally(() => lines.delete(running));
    lines.add(running);
  }
});

process.once("SIGTERM", async () => {
  isOver = true;
  await Promise.all(lines);
  await Promise.all([caller.stop(), callee.stop()]);
});
// Not `run`: at a signal that stops components at once.
await Promise.all([callee.start(), caller.start()]);
print(JSON.stringify({ calls, publications, served: [...served] }));
