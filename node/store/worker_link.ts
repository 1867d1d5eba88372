/**
 * The store's worker, seen from the router's thread: requests out, their answers back as callbacks. A worker that dies answers all that
 * is asked of it with the reason, until `restart`. Owned by `sqlite_store.ts`.
 */
import type { Answer, Ask, Request } from "./protocol.ts";

/** Where the worker's source is. In the executable of Bun all sources lie below one root, the main one as a file in it. */
function workerUrl(): URL {
  const isCompiled = import.meta.url.includes("/$bunfs/") || import.meta.url.includes("/~BUN/");
  return new URL(
    isCompiled ? "./node/store/store_worker.ts" : "./store_worker.ts",
    import.meta.url,
  );
}

export class WorkerLink {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #worker: Worker | undefined;
  #death: string | undefined;
  #lastId = 0;
  readonly #onFault: (cause: unknown) => void;

  /** @param onFault gets what a callback throws. */
  constructor(onFault: (cause: unknown) => void) {
    this.#onFault = onFault;
    this.restart();
  }

  get isDead(): boolean {
    return this.#death !== undefined;
  }

  restart(): void {
    this.#worker?.terminate();
    this.#death = undefined;
    // Not `{ type: "module" }` through node:worker_threads: on Deno those take 300 us for a batch.
    const worker = new Worker(workerUrl(), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#answered(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker === this.#worker) this.#die(event.message);
    };
    this.#worker = worker;
  }

  /** `done` is called on a later turn. */
  ask(request: Ask, done: (answer: Answer) => void): void {
    const id = ++this.#lastId;
    this.#waiting.set(id, done);
    if (this.#death !== undefined) return queueMicrotask(() => this.#fail(id));
    const message: Request = { ...request, id };
    this.#worker?.postMessage(message, request.kind === "write" ? [request.rows.buffer] : []);
  }

  end(): void {
    this.#worker?.terminate();
    this.#die("it was stopped");
  }

  #answered(answer: Answer): void {
    const done = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    try {
      done?.(answer);
    } catch (cause) {
      this.#onFault(cause);
    }
  }

  #die(why: string): void {
    this.#death = `Cannot reach the store's worker: ${why}`;
    for (const id of [...this.#waiting.keys()]) this.#fail(id);
  }

  #fail(id: number): void {
    this.#answered({ id, failure: this.#death ?? "" });
  }
}
