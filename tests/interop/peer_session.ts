/** One session of a foreign client: what the tests make it do. Everything throws `Refusal` where the router answers ERROR. */
import assert from "node:assert/strict";
import { Failure, type Note, type Peer, Refusal } from "./peer.ts";
import { normal, type Trait, type Value } from "./values.ts";

/** Arguments of a call or an event, and WAMP options of the request. */
export interface Parameters {
  readonly args?: readonly Value[];
  readonly kwargs?: Readonly<Record<string, Value>>;
  readonly options?: Readonly<Record<string, unknown>>;
  /** For clients that want to know the mode when they call. */
  readonly cancelMode?: "skip" | "kill" | "killnowait";
}

export interface Result {
  readonly args: Value[];
  readonly kwargs: Record<string, Value>;
}

/** What a callee does when it is called; the peers' programs know these. */
export type Behaviour =
  | "echo"
  | "echo-passthru"
  | "details"
  | "fail"
  | "throw"
  | "progress"
  | "hang";

/** An event as a subscriber's handler got it. What a client does not tell is absent or null. */
export interface ReceivedEvent extends Result {
  readonly topic?: string;
  readonly publication?: number | null;
  readonly publisher?: number | null;
  readonly "publisher_authid"?: string | null;
  readonly "publisher_authrole"?: string | null;
}

export class PeerSession {
  readonly peer: Peer;
  readonly name: string;
  readonly id: number;
  readonly authid: string;
  readonly authrole: string;
  readonly serializer: string;
  readonly #traits: readonly Trait[];
  #hasEnded = false;

  /** @param traits of the endpoint: results and events come in the form that is normal for them. */
  constructor(
    peer: Peer,
    name: string,
    traits: readonly Trait[],
    welcome: Readonly<Record<string, Value>>,
  ) {
    this.peer = peer;
    this.name = name;
    this.#traits = traits;
    this.id = Number(welcome["id"]);
    this.authid = String(welcome["authid"]);
    this.authrole = String(welcome["authrole"]);
    this.serializer = String(welcome["serializer"]);
  }

  /** Leaves the realm. Resolves to the reason that the router answered with, null where the client keeps it to itself. */
  async leave(): Promise<string | null> {
    if (this.#hasEnded) return null;
    this.#hasEnded = true;
    const { reason } = await this.#request("leave", {});
    return typeof reason === "string" ? reason : null;
  }

  /** Waits until the router has ended the session. Resolves to the reason of its GOODBYE. */
  async ended(): Promise<string | null> {
    const { reason } = await this.#note("closed");
    this.#hasEnded = true;
    return typeof reason === "string" ? reason : null;
  }

  async call(procedure: string, parameters: Parameters = {}): Promise<Result> {
    return await this.beginCall(procedure, parameters).result;
  }

  /** Calls and stays in touch with the call: for progress and cancelling. */
  beginCall(procedure: string, parameters: Parameters = {}) {
    const { id, outcome } = this.peer.begin("call", {
      session: this.name,
      procedure,
      ...parameters,
    });
    // Whoever cancels looks at the outcome later
    outcome.catch(() => {});
    return {
      result: outcome.then(
        (result) => this.#asResult(result),
        (cause) => this.#normalRefusal(cause),
      ),
      progress: () =>
        this.peer.notes("progress", (note) => note["call"] === id)
          .map((note) => this.#asResult(note)),
      cancel: (options: Record<string, unknown>) =>
        this.peer.request("cancel", { call: id, options }),
    };
  }

  async register(procedure: string, behaviour: Behaviour, options = {}): Promise<void> {
    await this.#request("register", { procedure, behaviour, options });
  }

  /** Gives the client keys for cryptobox, as its own library names them. */
  async keyring(keys: Readonly<Record<string, object>>): Promise<void> {
    await this.#request("keyring", { keys });
  }

  async unregister(procedure: string): Promise<void> {
    await this.#request("unregister", { procedure });
  }

  /** Waits until the callee of a "hang" has been invoked. */
  async invoked(procedure: string): Promise<void> {
    await this.#note("invoked", (note) => note["procedure"] === procedure);
  }

  async interrupted(procedure: string): Promise<void> {
    await this.#note("interrupted", (note) => note["procedure"] === procedure);
  }

  /** Lets the callee of a "hang" answer. */
  async release(procedure: string): Promise<void> {
    await this.#request("release", { procedure });
  }

  async subscribe(topic: string, options = {}): Promise<void> {
    await this.#request("subscribe", { topic, options });
  }

  async unsubscribe(topic: string): Promise<void> {
    await this.#request("unsubscribe", { topic });
  }

  /** Publishes. Resolves to the publication's id where it was acknowledged and the client tells it. */
  async publish(topic: string, parameters: Parameters = {}): Promise<number | undefined> {
    const { publication } = await this.#request("publish", { topic, ...parameters });
    return typeof publication === "number" ? publication : undefined;
  }

  /** Publishes 0, 1, 2 ... `count - 1`, none waiting for another. */
  async burst(topic: string, count: number): Promise<void> {
    await this.#request("burst", { topic, count });
  }

  /** Calls a procedure `count` times at once, from as many threads as the client's language offers. */
  async stampede(procedure: string, count: number): Promise<void> {
    await this.#request("stampede", { procedure, count });
  }

  /** The next event that the handler of `subscription` gets. */
  async event(subscription: string): Promise<ReceivedEvent> {
    const note = await this.#note("event", (note) => note["handler"] === subscription);
    return { ...note, ...this.#asResult(note) };
  }

  /** How many events the handler of `subscription` has got that nobody has looked at; they are forgotten. */
  pendingEvents(subscription: string): number {
    const isOne = (note: Note) => note["session"] === this.name && note["handler"] === subscription;
    return this.peer.notes("event", isOne).length;
  }

  #normalRefusal(cause: unknown): never {
    if (!(cause instanceof Refusal)) throw cause;
    const { args, kwargs } = this.#asResult(cause);
    throw new Refusal(cause.uri, args, kwargs);
  }

  #asResult(
    { args = [], kwargs = {} }: { readonly args?: Value; readonly kwargs?: Value },
  ): Result {
    return {
      args: normal(args, this.#traits) as Value[],
      kwargs: normal(kwargs, this.#traits) as Record<string, Value>,
    };
  }

  async #request(action: string, parameters: object): Promise<Readonly<Record<string, Value>>> {
    return await this.peer.request(action, { session: this.name, ...parameters });
  }

  async #note(kind: Note["note"], matches: (note: Note) => boolean = () => true): Promise<Note> {
    return await this.peer.note(
      kind,
      (note) => note["session"] === this.name && matches(note),
    );
  }
}

/** Expects ERROR with `uri`. Clients that turn errors into text must at least quote it. */
export async function refused(outcome: Promise<unknown>, uri: string): Promise<Refusal | Failure> {
  try {
    await outcome;
  } catch (cause) {
    if (cause instanceof Failure) assert.ok(cause.message.includes(uri), cause.message);
    else if (cause instanceof Refusal) assert.equal(cause.uri, uri, cause.message);
    else throw cause;
    return cause;
  }
  assert.fail(`Expected ERROR ${uri}, found a result`);
}
