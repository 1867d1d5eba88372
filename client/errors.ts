/**
 * What can go wrong for a program that uses WAMP: no connection, a refused join, a session that ended, and the errors of
 * applications. Each has a class, so that a program can tell them apart; URIs are in `uri` and `reason`.
 */
import { type Dict, EMPTY_DICT } from "../wamp/message.ts";

/** The same in every copy of this library, as a component may bring its own. */
const IS_APPLICATION_ERROR: unique symbol = Symbol.for("realmway.ApplicationError");

/** An error with a URI: thrown by a handler it reaches the caller as it is, and a call rejects with it.
 *
 * @example
 * ```ts
 * import { ApplicationError } from "realmway";
 *
 * const error = new ApplicationError("com.example.error.too_large", ["At most 100"], { limit: 100 });
 * console.assert(error.message === "com.example.error.too_large: At most 100");
 * ```
 */
export class ApplicationError extends Error {
  override readonly name = "ApplicationError";
  readonly [IS_APPLICATION_ERROR] = true;
  /** What went wrong, for programs: "com.example.error.too_large". */
  readonly uri: string;
  readonly args: readonly unknown[];
  readonly kwargs: Dict;

  /** @param args by custom, a text for people comes first. */
  constructor(uri: string, args: readonly unknown[] = [], kwargs: Dict = EMPTY_DICT) {
    super(typeof args[0] === "string" ? `${uri}: ${args[0]}` : uri);
    this.uri = uri;
    this.args = args;
    this.kwargs = kwargs;
  }
}

/** True for an ApplicationError of this or another copy of the library. */
export function isApplicationError(value: unknown): value is ApplicationError {
  return typeof value === "object" && value !== null && IS_APPLICATION_ERROR in value;
}

/** No connection came about: refused, cut off, timed out, or not WAMP.
 *
 * @example
 * ```ts
 * import { connect, ConnectError } from "realmway";
 *
 * try {
 *   await connect({ url: "ws://127.0.0.1:1/ws", realm: "realm1" });
 * } catch (error) {
 *   console.assert(error instanceof ConnectError);
 * }
 * ```
 */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
}

/** The router refused the session (ABORT), or this program the router: it asked for what the program cannot give, or did not prove itself.
 *
 * @example
 * ```ts
 * import { connect, JoinError } from "realmway";
 *
 * async function exists(url: string, realm: string): Promise<boolean> {
 *   try {
 *     await (await connect({ url, realm })).leave();
 *     return true;
 *   } catch (error) {
 *     if (error instanceof JoinError && error.reason.endsWith("no_such_realm")) return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class JoinError extends Error {
  override readonly name = "JoinError";
  /** The router's reason: "wamp.error.no_such_realm". */
  readonly reason: string;

  /** @param text what the router said to people, if anything. */
  constructor(realm: string, reason: string, text: string | undefined, options?: ErrorOptions) {
    super(
      `Cannot join realm "${realm}": found ${reason}${
        text === undefined ? "" : ` ("${text}")`
      }, expected WELCOME`,
      options,
    );
    this.reason = reason;
  }
}

/** How a session ended. */
export interface CloseDetails {
  /** A URI: "wamp.close.normal" after `leave()`, "wamp.close.transport_lost" when the connection broke, or the router's reason. */
  readonly reason: string;
  /** For people. */
  readonly message: string | undefined;
  /** Who ended it. */
  readonly by: "client" | "router" | "transport";
}

/** The session is closed, or closed before the answer came. What a request did at the router is then unknown.
 *
 * @example
 * ```ts
 * import { type Session, SessionClosedError } from "realmway";
 *
 * async function ask(session: Session): Promise<unknown> {
 *   try {
 *     return await session.call("com.example.status");
 *   } catch (error) {
 *     if (error instanceof SessionClosedError) return `gone: ${error.details.reason}`;
 *     throw error;
 *   }
 * }
 * ```
 */
export class SessionClosedError extends Error {
  override readonly name = "SessionClosedError";
  readonly details: CloseDetails;

  /** @param what "call \"com.example.add2\"" */
  constructor(what: string, details: CloseDetails) {
    const { reason, message } = details;
    super(
      `Cannot ${what}: found the session closed with ${reason}${
        message === undefined ? "" : ` (${message})`
      }, expected an open one`,
    );
    this.details = details;
  }
}
