/**
 * How a session of a replay proves who it is: by credentials of its own run, as answers to challenges are good for one. Its HELLO and AUTHENTICATE are the
 * recording's but for that. [WAMP auth-methods]
 */
import { type ClientMethod, type Connection, HandshakeError } from "../../auth/authmethod.ts";
import { type ClientNegotiation, offer } from "../../auth/negotiation.ts";
import { Type } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import { StartError } from "../start_error.ts";
import type { WireList } from "./recording.ts";

export class Proof {
  /** As it is to be sent. */
  readonly hello: WireList;
  readonly #session: number;
  readonly #names: readonly string[];
  readonly #negotiation: ClientNegotiation;
  #challenge: WireList | undefined = undefined;

  /** Undefined when `method` is not for who says this HELLO. Rejects with a StartError. */
  static async of(
    session: number,
    hello: WireList,
    method: ClientMethod,
    connection: Connection,
  ): Promise<Proof | undefined> {
    const [, , details] = hello;
    if (!isDict(details)) return undefined;
    const { authid, authmethods } = details;
    const isOffered = Array.isArray(authmethods) &&
      method.names.some((name) => authmethods.includes(name));
    const isMeant = typeof authid !== "string" || method.authid === undefined ||
      authid === method.authid;
    if (!isOffered || !isMeant) return undefined;
    const negotiation = await orRefused(session, () => offer([method], connection));
    return new Proof(session, hello, details, method.names, negotiation);
  }

  private constructor(
    session: number,
    hello: WireList,
    details: Readonly<Record<string, unknown>>,
    names: readonly string[],
    negotiation: ClientNegotiation,
  ) {
    this.#session = session;
    this.#names = names;
    this.#negotiation = negotiation;
    const { channel_binding: _, ...recorded } = isDict(details["authextra"])
      ? details["authextra"]
      : {};
    const given = negotiation.helloDetails["authextra"];
    const authextra = { ...recorded, ...(isDict(given) && given) };
    this.hello = [hello[0], hello[1], { ...details, "authextra": authextra }];
  }

  /** What the router has said, of which CHALLENGE matters. */
  heard(message: WireList): void {
    if (message[0] === Type.CHALLENGE) this.#challenge = message;
  }

  /** AUTHENTICATE, as it is to be sent; undefined when the router has not asked for this proof. Rejects with a StartError. */
  async answer(): Promise<WireList | undefined> {
    const [, name, extra] = this.#challenge ?? [];
    this.#challenge = undefined;
    if (typeof name !== "string" || !this.#names.includes(name) || !isDict(extra)) return undefined;
    const answered = () => this.#negotiation.answer(name, extra);
    const { signature, extra: more } = await orRefused(this.#session, answered);
    return [Type.AUTHENTICATE, signature, more];
  }

  /** Undefined when the router has proved itself, where it has to. */
  async doubt(welcome: WireList): Promise<string | undefined> {
    const [, , details] = welcome;
    try {
      if (isDict(details)) await this.#negotiation.welcomed(details);
      return undefined;
    } catch (error) {
      if (error instanceof HandshakeError) return error.message;
      throw error;
    }
  }
}

async function orRefused<T>(session: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof HandshakeError)) throw cause;
    const text = `Cannot replay the authentication of session ${session}: ${cause.message}`;
    throw new StartError(text, { cause });
  }
}
