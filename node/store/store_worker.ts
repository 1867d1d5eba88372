/**
 * The store's thread: does what `sqlite_store.ts` asks, one request after the other. An entry point of its own, which the executable
 * carries beside its main one (`deno.json`, task `build`). A fault closes the file; a probe opens it anew.
 */
import { StoreDatabase } from "./database.ts";
import type { Answer, Request, StoredHistoryOptions } from "./protocol.ts";

/** The global object of a web worker, as far as it is used here. */
interface Scope {
  postMessage(answer: Answer): void;
  addEventListener(type: "message", listen: (event: MessageEvent<Request>) => void): void;
}

function isScope(value: object): value is Scope {
  return "postMessage" in value;
}

let file = "";
let histories: readonly StoredHistoryOptions[] = [];
let database: StoreDatabase | undefined;

function serve(request: Request): Omit<Answer, "id"> {
  switch (request.kind) {
    case "open":
      ({ file, histories } = request);
      open(request.now);
      return {};
    case "write":
      opened().write(request.topics, request.rows);
      return {};
    case "read": {
      const { events, next } = opened().read(request.query, request.now);
      return { events, ...(next !== undefined && { next }) };
    }
    case "retained":
      return { retained: opened().retained(request.now) };
    case "probe":
      open(request.now);
      opened().probe();
      return {};
    case "expire":
      opened().expire(request.now);
      return {};
    case "values":
      return { values: opened().values(request.now) };
    case "set":
      opened().set(request.values);
      return {};
    case "close":
      close();
      return {};
    default:
      return request satisfies never;
  }
}

function opened(): StoreDatabase {
  if (database === undefined) throw new Error(`Cannot use ${file}: it is not open`);
  return database;
}

function open(now: number): void {
  close();
  database = new StoreDatabase(file, histories, now);
}

function close(): void {
  const closing = database;
  database = undefined;
  closing?.close();
}

function answerTo(request: Request): Answer {
  const { id } = request;
  try {
    return { id, ...serve(request) };
  } catch (cause) {
    return { id, failure: cause instanceof Error ? cause.message : String(cause) };
  }
}

const scope: object = globalThis;
if (isScope(scope)) {
  scope.addEventListener("message", ({ data }) => scope.postMessage(answerTo(data)));
}
