/**
 * A foreign client in a process of its own, driven by lines of JSON on its stdin and stdout; README.md describes them. Several sessions
 * live in one process. Ends with its stdin, so that no process outlives the tests.
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Client, Endpoint } from "./clients.ts";
import { asciiOnly, type Credentials } from "./js/lines.ts";
import { PeerSession } from "./peer_session.ts";
import type { RouterUnderTest } from "./router_under_test.ts";
import type { Value } from "./values.ts";

/** How long anything that a peer does may take. */
const LIMIT_MS = 15_000;

/** What a peer tells of its own accord. */
export interface Note {
  readonly args?: Value;
  readonly kwargs?: Value;
  readonly note: "ready" | "event" | "progress" | "closed" | "invoked" | "interrupted" | "fault";
  readonly [key: string]: Value | undefined;
}

/** An answer that WAMP has a message for: ERROR or ABORT. */
export class Refusal extends Error {
  readonly uri: string;
  readonly args: readonly Value[];
  readonly kwargs: Readonly<Record<string, Value>>;

  constructor(uri: string, args: readonly Value[], kwargs: Readonly<Record<string, Value>>) {
    super(`${uri} ${JSON.stringify(args).slice(0, 300)} ${JSON.stringify(kwargs).slice(0, 300)}`);
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** The client's library failed by itself; its message may quote the router. */
export class Failure extends Error {}

interface Reply {
  readonly id: number;
  readonly result?: Readonly<Record<string, Value>>;
  readonly error?: {
    readonly uri: string;
    readonly args: Value[];
    readonly kwargs: Record<string, Value>;
  };
  readonly failed?: string;
}

interface Waiting {
  readonly matches: (note: Note) => boolean;
  readonly resolve: (note: Note) => void;
}

export class Peer {
  readonly client: Client;
  /** Versions of the library and of what it runs on. */
  versions = "";
  readonly #router: RouterUnderTest;
  readonly #process: ChildProcess;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  /** Notes that nobody has waited for yet, oldest first. */
  readonly #notes: Note[] = [];
  readonly #waiting: Waiting[] = [];
  #stderr = "";
  #lastRequest = 0;

  private constructor(client: Client, router: RouterUnderTest, child: ChildProcess) {
    this.client = client;
    this.#router = router;
    this.#process = child;
    if (child.stdout === null || child.stderr === null) throw new Error("Cannot read from a peer");
    createInterface({ input: child.stdout }).on("line", (line) => this.#read(line));
    child.stderr.on("data", (text) => this.#stderr = `${this.#stderr}${text}`.slice(-4000));
  }

  /** Starts the client's program. Its sessions join `router`. */
  static async start(client: Client, router: RouterUnderTest): Promise<Peer> {
    const [program, ...args] = client.command();
    if (program === undefined) throw new Error(`Cannot start ${client.title}: it has no program`);
    const peer = new Peer(client, router, spawn(program, args, { stdio: "pipe" }));
    const ready = await peer.note("ready", () => true);
    peer.versions = String(ready["versions"]);
    return peer;
  }

  /** Joins one more session over `endpoint`. Throws `Refusal` when the router will not have it. */
  async join(endpoint: Endpoint, auth?: Credentials): Promise<PeerSession> {
    const session = `${endpoint.transport} ${endpoint.serializer} ${this.#lastRequest + 1}`;
    const { host, port, path, socket, realm } = this.#router;
    const { transport, serializer } = endpoint;
    const welcome = await this.request("join", {
      session,
      realm,
      host,
      port,
      path,
      socket,
      transport,
      serializer,
      ...(auth && { auth }),
    });
    return new PeerSession(this, session, endpoint.traits, welcome);
  }

  /** Asks the peer to do something and waits for the outcome. */
  async request(action: string, parameters: object): Promise<Readonly<Record<string, Value>>> {
    return await this.begin(action, parameters).outcome;
  }

  /** Asks the peer to do something that will take its time. */
  begin(action: string, parameters: object): {
    id: number;
    outcome: Promise<Readonly<Record<string, Value>>>;
  } {
    const id = ++this.#lastRequest;
    const reply = new Promise<Reply>((resolve) => this.#replies.set(id, resolve));
    const line = JSON.stringify({ id, do: action, ...parameters });
    this.#process.stdin?.write(`${asciiOnly(line)}\n`);
    const outcome = this.#limited(reply, () => `${action} ${JSON.stringify(parameters)}`)
      .then(({ result, error, failed }) => {
        if (error !== undefined) throw new Refusal(error.uri, error.args, error.kwargs);
        if (failed !== undefined) throw new Failure(failed);
        return result ?? {};
      });
    return { id, outcome };
  }

  /** The next note of a kind that matches, past ones included. */
  async note(kind: Note["note"], matches: (note: Note) => boolean): Promise<Note> {
    const wanted = (note: Note) => note.note === kind && matches(note);
    const found = this.#notes.findIndex(wanted);
    const [past] = found < 0 ? [] : this.#notes.splice(found, 1);
    if (past !== undefined) return past;
    const coming = new Promise<Note>((resolve) => {
      this.#waiting.push({ matches: wanted, resolve });
    });
    return await this.#limited(coming, () => `a note "${kind}"`);
  }

  /** Takes all notes of a kind that have come and match. */
  notes(kind: Note["note"], matches: (note: Note) => boolean): Note[] {
    const taken = this.#notes.filter((note) => note.note === kind && matches(note));
    for (const note of taken) this.#notes.splice(this.#notes.indexOf(note), 1);
    return taken;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), 3000);
    await ended;
    clearTimeout(timer);
  }

  async #limited<T>(coming: Promise<T>, what: () => string): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const said = this.#stderr === "" ? "" : `\nIts stderr:\n${this.#stderr}`;
        const text = `${this.client.title} took longer than ${LIMIT_MS / 1000} s for ${what()}`;
        reject(new Error(text.slice(0, 2000) + said + this.#router.complaints()));
      }, LIMIT_MS);
    });
    try {
      return await Promise.race([coming, tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #read(text: string): void {
    if (process.env["REALMWAY_INTEROP_TRACE"] !== undefined) {
      process.stderr.write(`${this.client.id} > ${text.slice(0, 500)}\n`);
    }
    const line: Reply | Note = JSON.parse(text);
    if ("note" in line) {
      const index = this.#waiting.findIndex((waiting) => waiting.matches(line));
      const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (waiting === undefined) this.#notes.push(line);
      else waiting.resolve(line);
    } else {
      this.#replies.get(line.id)?.(line);
      this.#replies.delete(line.id);
    }
  }
}
