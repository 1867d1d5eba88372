/** What a meta procedure is, and how it reads its arguments. Used by the tables beside this file. */
import { isId } from "../../wamp/id.ts";
import type { Dict } from "../../wamp/message.ts";
import type { Match } from "../../wamp/uri.ts";
import * as uris from "../../wamp/uris.ts";
import type { Realm } from "../realm.ts";
import type { Session } from "../session.ts";

/** Answers with its one positional result, or undefined for none, or `Later`. Throws MetaError for an ERROR. */
export type MetaProcedure = (
  realm: Realm,
  args: readonly unknown[],
  kwargs: Dict,
  caller: Session,
) => unknown;

/** The answer of a procedure that waits for the store. `run` calls back once, with the result or the error, on a later turn. */
export class Later {
  readonly run: (done: (result: unknown) => void) => void;

  constructor(run: (done: (result: unknown) => void) => void) {
    this.run = run;
  }
}

/** Becomes the ERROR of the call. */
export class MetaError extends Error {
  override readonly name = "MetaError";
  readonly uri: string;

  constructor(uri: string, text: string) {
    super(text);
    this.uri = uri;
  }
}

export function idArgument(args: readonly unknown[], name: string): number {
  const value = args[0];
  if (isId(value)) return value;
  throw new MetaError(uris.INVALID_ARGUMENT, `Cannot read argument 1 (${name}): expected an ID`);
}

/** The member of a subscription or registration that is to be removed, and why: the second and third argument.
 * A session inside the router's own process cannot be removed from outside. */
export function removalOf(
  realm: Realm,
  args: readonly unknown[],
  kwargs: Dict,
): { readonly session: Session; readonly reason: string | undefined } {
  const id = args[1];
  if (!isId(id)) {
    throw new MetaError(uris.INVALID_ARGUMENT, "Cannot read argument 2 (session): expected an ID");
  }
  const reason = args[2] ?? kwargs["reason"] ?? undefined;
  if (reason !== undefined && typeof reason !== "string") {
    throw new MetaError(uris.INVALID_ARGUMENT, "Cannot read reason: expected a string");
  }
  const session = realm.sessions.get(id);
  if (session === undefined) {
    throw new MetaError(
      uris.NO_SUCH_SESSION,
      `Cannot find session ${id}: this realm has none of that ID`,
    );
  }
  if (session.role.isTrusted) {
    throw new MetaError(uris.NOT_AUTHORIZED, `Cannot remove session ${id}: it is the router's own`);
  }
  return { session, reason };
}

export function textArgument(args: readonly unknown[], name: string): string {
  const value = args[0];
  if (typeof value === "string") return value;
  throw new MetaError(uris.INVALID_ARGUMENT, `Cannot read argument 1 (${name}): expected a string`);
}

/** The optional second argument of `lookup`: options as of the request, of which `match` matters. */
export function matchArgument(args: readonly unknown[]): Match {
  const options = args[1];
  if (options === undefined || options === null) return "exact";
  const match = typeof options === "object" ? Reflect.get(options, "match") : options;
  if (match === undefined || match === null) return "exact";
  if (match === "exact" || match === "prefix" || match === "wildcard") return match;
  throw new MetaError(
    uris.INVALID_ARGUMENT,
    `Cannot read argument 2 (options): expected match to be "exact", "prefix" or "wildcard"`,
  );
}

/** IDs by match policy, as `list` answers. */
export function idsByMatch(
  entries: Iterable<{ readonly id: number; readonly match: Match }>,
): Record<Match, number[]> {
  const lists: Record<Match, number[]> = { "exact": [], "prefix": [], "wildcard": [] };
  for (const entry of entries) lists[entry.match].push(entry.id);
  return lists;
}
