/**
 * Ids that routers give out, which differ from run to run: those of a recording and those of its replay, matched up as answers come, so that a message of one can be
 * told in the other's ids. A kind each for sessions, publications, subscriptions and registrations; invocations are each session's own.
 */
import { Type } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import type { WireList } from "./recording.ts";

type Kind = "session" | "publication" | "subscription" | "registration" | "invocation";

/** Where each message has ids that a router has given, by the place in its list. */
const PLACES: Readonly<Record<number, readonly (readonly [place: number, kind: Kind])[]>> = {
  [Type.WELCOME]: [[1, "session"]],
  [Type.PUBLISHED]: [[2, "publication"]],
  [Type.SUBSCRIBED]: [[2, "subscription"]],
  [Type.UNSUBSCRIBE]: [[2, "subscription"]],
  [Type.EVENT]: [[1, "subscription"], [2, "publication"]],
  [Type.EVENT_RECEIVED]: [[1, "publication"]],
  [Type.REGISTERED]: [[2, "registration"]],
  [Type.UNREGISTER]: [[2, "registration"]],
  [Type.INVOCATION]: [[1, "invocation"], [2, "registration"]],
  [Type.INTERRUPT]: [[1, "invocation"]],
  [Type.YIELD]: [[1, "invocation"]],
};

/** Ids that are drawn at random are this large nearly always, and nothing else is by chance. */
const LEAST_RANDOM = 2 ** 24;

export class Ids {
  readonly #toReplay = new Map<string, unknown>();
  readonly #toRecording = new Map<string, unknown>();
  /** Large ids of any kind, and made up authids, which may stand anywhere: in arguments of the meta API, in options. */
  readonly #anywhere = new Map<unknown, unknown>();
  readonly #anywhereBack = new Map<unknown, unknown>();

  /** Matches up the ids of two messages that are each other's counterpart. */
  learn(session: number, recorded: WireList, replayed: WireList): void {
    const [oldName, newName] = [givenName(recorded), givenName(replayed)];
    if (oldName !== undefined && newName !== undefined) {
      this.#anywhere.set(oldName, newName);
      this.#anywhereBack.set(newName, oldName);
    }
    for (const [place, kind] of placesOf(recorded)) {
      const [old, now] = [recorded[place], replayed[place]];
      // Two that were matched up stay so: another counterpart is a difference.
      if (this.#toReplay.has(key(kind, session, old))) continue;
      if (this.#toRecording.has(key(kind, session, now))) continue;
      this.#toReplay.set(key(kind, session, old), now);
      this.#toRecording.set(key(kind, session, now), old);
      if (kind === "invocation") continue;
      if (isLarge(old)) this.#anywhere.set(old, now);
      if (isLarge(now)) this.#anywhereBack.set(now, old);
    }
  }

  /** A message of the recording in the replay's ids. */
  forReplay(session: number, message: WireList): WireList {
    return told(session, message, this.#toReplay, this.#anywhere);
  }

  /** A message of the replay in the recording's ids. */
  forRecording(session: number, message: WireList): WireList {
    return told(session, message, this.#toRecording, this.#anywhereBack);
  }
}

/** Without ids that routers give. */
export function blanked(message: WireList): WireList {
  const places = new Map(placesOf(message));
  return message.map((value, place) => places.has(place) ? null : value);
}

function told(
  session: number,
  message: WireList,
  known: ReadonlyMap<string, unknown>,
  anywhere: ReadonlyMap<unknown, unknown>,
): WireList {
  const places = new Map(placesOf(message));
  return message.map((value, place) => {
    const kind = places.get(place);
    if (kind === undefined) return replaced(value, anywhere);
    return known.get(key(kind, session, value)) ?? value;
  });
}

function placesOf(message: WireList): readonly (readonly [number, Kind])[] {
  const [type, requestType] = message;
  if (type === Type.ERROR && requestType === Type.INVOCATION) return [[2, "invocation"]];
  return typeof type === "number" ? PLACES[type] ?? [] : [];
}

/** The authid that a router makes up for who does not say. */
function givenName([type, , details]: WireList): string | undefined {
  if (type !== Type.WELCOME || !isDict(details)) return undefined;
  const { authid, authmethod = "anonymous" } = details;
  return authmethod === "anonymous" && typeof authid === "string" ? authid : undefined;
}

/** Invocations are numbered for each session, the others for all. */
function key(kind: Kind, session: number, id: unknown): string {
  return kind === "invocation" ? `${kind} ${session} ${id}` : `${kind} ${id}`;
}

function isLarge(id: unknown): boolean {
  return typeof id === "number" && id >= LEAST_RANDOM;
}

function replaced(value: unknown, ids: ReadonlyMap<unknown, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => replaced(item, ids));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return ids.get(value) ?? value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, replaced(item, ids)]),
  );
}
