/**
 * Does again, against some router, what the clients of a recording did, and compares what the router answers. Its order is the recording's: a client's message is
 * sent once everything has come that the recording has before it. Ids are matched up (`ids.ts`), and what counts is in `compare.ts`.
 */
import type { ClientMethod } from "../../auth/authmethod.ts";
import type { MessageHandler, Transport } from "../../router/ports.ts";
import type { ClientTlsOptions } from "../../transports/endpoint.ts";
import { dial } from "../../transports/dial.ts";
import { TransportHost } from "../../transports/host.ts";
import { codecs } from "../../wamp/codec/codecs.ts";
import { readValue } from "../../wamp/codec/json_special.ts";
import { readMessage, writeMessage, writeValue } from "../../wamp/codec/json_text.ts";
import { type Message, Type } from "../../wamp/message.ts";
import { StartError } from "../start_error.ts";
import { essence } from "./compare.ts";
import { counterpartKey } from "./counterparts.ts";
import { blanked, Ids } from "./ids.ts";
import { Proof } from "./proof.ts";
import { type Entry, MASK, type Recording, type WireList } from "./recording.ts";

export interface ReplayOptions {
  readonly url: string;
  readonly tls?: ClientTlsOptions | undefined;
  /** By which sessions prove who they are that offer it, of its authid; undefined: as they did when they were recorded. */
  readonly credentials?: ClientMethod | undefined;
  /** How long each answer is waited for. */
  readonly patienceMs: number;
  /** Also what routers may word as they like counts. */
  readonly isStrict: boolean;
  readonly onFault: (error: unknown) => void;
}

/** Undefined: there was none. */
export interface Difference {
  readonly session: number;
  readonly recorded: WireList | string | undefined;
  readonly replayed: WireList | string | undefined;
}

export interface Replayed {
  /** Messages of clients. */
  readonly sent: number;
  /** Messages of the router that were as recorded. */
  readonly same: number;
  readonly differences: readonly Difference[];
}

/** Rejects with a DialError when the router cannot be reached, with a StartError when the recording lacks a secret. */
export async function replay(recording: Recording, options: ReplayOptions): Promise<Replayed> {
  const replaying = new Replaying(options);
  try {
    for (const entry of recording.entries) await replaying.step(entry);
    return await replaying.finish();
  } finally {
    replaying.close();
  }
}

class Replaying {
  readonly #options: ReplayOptions;
  readonly #host: TransportHost;
  readonly #ids = new Ids();
  readonly #seats = new Map<number, Seat>();
  readonly #differences: Difference[] = [];
  #sent = 0;
  #same = 0;
  #wake: () => void = () => {};

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#host = new TransportHost({ onFault: options.onFault });
  }

  async step({ session, from, connected, message, closed, broken }: Entry): Promise<void> {
    if (connected !== undefined) return await this.#connect(session, connected.serializer);
    const seat = this.#seats.get(session);
    if (seat === undefined) {
      throw new StartError(`Cannot replay session ${session}: found nothing of its connection`);
    }
    if (message !== undefined && from === "router") return this.#expect(seat, message);
    await this.#settled();
    if (message !== undefined) await this.#send(seat, message);
    else if (from === "client") seat.transport?.end("As in the recording");
    else if (!await this.#until(() => seat.isClosed)) {
      const recorded = closed === undefined ? `broken: ${broken}` : `closed: ${closed}`;
      this.#differences.push({ session, recorded, replayed: "still open" });
    }
  }

  async finish(): Promise<Replayed> {
    await this.#settled();
    for (const { session, early, doubt } of this.#seats.values()) {
      const replayed = await doubt;
      if (replayed !== undefined) {
        this.#differences.push({ session, recorded: "trust in the router", replayed });
      }
      for (const replayed of early) {
        this.#differences.push({ session, recorded: undefined, replayed });
      }
    }
    return { sent: this.#sent, same: this.#same, differences: this.#differences };
  }

  close(): void {
    for (const { transport } of this.#seats.values()) transport?.end("The replay is over");
  }

  async #connect(session: number, serializer: string): Promise<void> {
    await this.#settled();
    const seat = new Seat(session);
    this.#seats.set(session, seat);
    const { url, tls } = this.#options;
    const codec = codecs.filter(({ name }) => name === serializer.split(".")[0]);
    const handler: MessageHandler = {
      receive: (message) => this.#received(seat, listOf(message)),
      fail: (error) => this.#received(seat, ["no message", error.message]),
      closed: () => {
        seat.isClosed = true;
        this.#wake();
      },
    };
    seat.transport = await dial(
      { url, codecs: codec, host: this.#host, ...(tls && { tls }) },
      () => handler,
    );
  }

  async #send(seat: Seat, recorded: WireList): Promise<void> {
    const { session, transport } = seat;
    const wire = await this.#proved(seat, this.#ids.forReplay(session, recorded));
    if (wire === undefined) return;
    if (wire[0] === Type.AUTHENTICATE && wire[1] === MASK) {
      throw new StartError(
        `Cannot replay the authentication of session ${session}: found no secret in the recording, expected one made with --keep-secrets, or credentials`,
      );
    }
    this.#sent++;
    transport?.send(readMessage(writeValue(wire), readValue));
  }

  /** With the proof of this run; undefined when it is not asked for. */
  async #proved(seat: Seat, wire: WireList): Promise<WireList | undefined> {
    const { credentials } = this.#options;
    const { session, transport } = seat;
    if (credentials === undefined || transport === undefined) return wire;
    if (wire[0] === Type.HELLO) {
      seat.proof = await Proof.of(session, wire, credentials, transport.details);
      return seat.proof?.hello ?? wire;
    }
    return wire[0] === Type.AUTHENTICATE && seat.proof ? await seat.proof.answer() : wire;
  }

  #received(seat: Seat, replayed: WireList): void {
    const { session, expected, proof } = seat;
    proof?.heard(replayed);
    if (replayed[0] === Type.WELCOME && proof) seat.doubt = proof.doubt(replayed);
    const told = this.#ids.forRecording(session, replayed);
    const recorded = bestOf(expected, told, this.#options.isStrict);
    if (recorded === undefined) seat.early.push(replayed);
    else {
      expected.splice(expected.indexOf(recorded), 1);
      this.#pair(session, recorded, replayed);
    }
    this.#wake();
  }

  /** What the recording has next may have come already. */
  #expect(seat: Seat, recorded: WireList): void {
    const { session, early } = seat;
    const told = early.map((one) => this.#ids.forRecording(session, one));
    const found = bestOf(told, recorded, this.#options.isStrict);
    if (found === undefined) return void seat.expected.push(recorded);
    const [replayed = []] = early.splice(told.indexOf(found), 1);
    this.#pair(session, recorded, replayed);
  }

  #pair(session: number, recorded: WireList, replayed: WireList): void {
    this.#ids.learn(session, recorded, replayed);
    const { isStrict } = this.#options;
    const told = this.#ids.forRecording(session, replayed);
    if (essence(told, isStrict) === essence(recorded, isStrict)) this.#same++;
    else this.#differences.push({ session, recorded, replayed: told });
  }

  /** Resolves when everything expected has come, or was waited for long enough; over a connection that has ended nothing comes. */
  async #settled(): Promise<void> {
    const seats = [...this.#seats.values()];
    await this.#until(() =>
      seats.every(({ expected, isClosed }) => expected.length === 0 || isClosed)
    );
    for (const { session, expected } of seats) {
      for (const recorded of expected.splice(0)) {
        this.#differences.push({ session, recorded, replayed: undefined });
      }
    }
  }

  /** False when it has not become so in time; each thing that comes begins the time anew. */
  async #until(isSo: () => boolean): Promise<boolean> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), this.#options.patienceMs);
      this.#wake = () => resolve(true);
      const hasCome = await promise;
      clearTimeout(timer);
      if (!hasCome) return isSo();
    }
    return true;
  }
}

/** One connection of the recording. */
class Seat {
  readonly session: number;
  transport: Transport | undefined = undefined;
  isClosed = false;
  proof: Proof | undefined = undefined;
  /** Resolves to why the router is not to be trusted. */
  doubt: Promise<string | undefined> = Promise.resolve(undefined);
  /** Of the recording, not yet come. */
  readonly expected: WireList[] = [];
  /** Has come, and is not yet expected. */
  readonly early: WireList[] = [];

  constructor(session: number) {
    this.session = session;
  }
}

/** Of those that may be the counterpart of `message` one that says the same, else the first. Both in the recording's ids. */
function bestOf(
  candidates: readonly WireList[],
  message: WireList,
  isStrict: boolean,
): WireList | undefined {
  const key = counterpartKey(message);
  const all = candidates.filter((one) => counterpartKey(one) === key);
  const wanted = essence(blanked(message), isStrict);
  return all.find((one) => essence(blanked(one), isStrict) === wanted) ?? all[0];
}

function listOf(message: Message): WireList {
  const list = readValue(writeMessage(message));
  return Array.isArray(list) ? list : [list];
}
