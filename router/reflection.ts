/**
 * What sessions have said of the procedures, topics and errors of a realm, for tools that document it or generate code. A definition lasts as
 * long as the session that made it, and is bounded in number and bytes. Owned by `realm.ts`; `meta/reflection.ts` is how it is asked and
 * told. See docs/extensions.md, "Reflection". [WAMP interface-reflection]
 */
import type { Dict } from "../wamp/message.ts";
import type { Session } from "./session.ts";
import { weightOf } from "../wamp/weight.ts";

export const KINDS = ["procedure", "topic", "error"] as const;
export type Kind = typeof KINDS[number];

export interface Definition {
  readonly kind: Kind;
  readonly uri: string;
  /** Whatever its maker says: texts, JSON Schemas. */
  readonly description: Dict;
  readonly session: Session;
  readonly weight: number;
}

/** Told of every change, for the meta API. */
export interface ReflectionObserver {
  defined(definition: Definition): void;
  undefined(definition: Definition): void;
}

const MOST_DEFINITIONS = 10_000;
const MOST_BYTES = 16 * 1024 * 1024;

export class Reflection {
  readonly #observer: ReflectionObserver;
  readonly #definitions: Readonly<Record<Kind, Map<string, Definition>>> = {
    procedure: new Map(),
    topic: new Map(),
    error: new Map(),
  };
  /** Sessions come and go by the thousand; few of them define anything. */
  readonly #made = new Map<Session, Set<Definition>>();
  #count = 0;
  #bytes = 0;

  constructor(observer: ReflectionObserver) {
    this.#observer = observer;
  }

  of(kind: Kind): ReadonlyMap<string, Definition> {
    return this.#definitions[kind];
  }

  /** Replaces an earlier definition, whoever made it. False: there is no room. */
  define(session: Session, kind: Kind, uri: string, description: Dict): boolean {
    const definitions = this.#definitions[kind];
    const before = definitions.get(uri);
    const weight = uri.length + weightOf(description);
    const bytes = this.#bytes + weight - (before?.weight ?? 0);
    const isFull = this.#count >= MOST_DEFINITIONS && before === undefined;
    if (isFull || bytes > MOST_BYTES) return false;
    if (before !== undefined) this.#remove(before);
    const definition = { kind, uri, description, session, weight };
    definitions.set(uri, definition);
    this.#count++;
    this.#bytes += weight;
    const made = this.#made.get(session);
    if (made === undefined) this.#made.set(session, new Set([definition]));
    else made.add(definition);
    this.#observer.defined(definition);
    return true;
  }

  /** False: there is none. */
  undefine(kind: Kind, uri: string): boolean {
    const definition = this.#definitions[kind].get(uri);
    if (definition === undefined) return false;
    this.#remove(definition);
    this.#observer.undefined(definition);
    return true;
  }

  /** The session is gone, and what it said with it. */
  leave(session: Session): void {
    for (const { kind, uri } of [...this.#made.get(session) ?? []]) this.undefine(kind, uri);
  }

  #remove(definition: Definition): void {
    const { kind, uri, session, weight } = definition;
    this.#definitions[kind].delete(uri);
    this.#count--;
    this.#bytes -= weight;
    const made = this.#made.get(session);
    made?.delete(definition);
    if (made?.size === 0) this.#made.delete(session);
  }
}
