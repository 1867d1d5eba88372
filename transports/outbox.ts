/**
 * What one connection has to send: gathers what a turn produced and writes it once. HOT.
 * Messages are encoded straight into its buffer; frames that many peers share are held by reference as long as nothing else comes.
 * An idle outbox holds no buffer. The buffer of a write is the stream's until `drained()`; what comes meanwhile gathers in another.
 * Never throws, never closes in place. Its owner is `PeerTransport` (limits, policy) or a testee; it calls `ByteStream.write`.
 */
import { ByteWriter } from "../wamp/byte_writer.ts";
import { largeBuffers } from "./buffer_pool.ts";
import type { ByteStream } from "./byte_stream.ts";
import { SharedRun } from "./shared_run.ts";
import type { Turn, TurnTask } from "./turn.ts";

const SIZES = [1024, 8192, 65_536] as const;
/** Buffers kept of each size: 2 MiB each. */
const KEPT = [2048, 256, 32] as const;
/** A writer that holds so much gets no further message: another begins, instead of copying this one to grow it. */
const FULL_BYTES = 262_144;

/** Writers with buffers of three sizes, used again and again; shared by many outboxes. */
export class WriterPool {
  readonly #free: ByteWriter[][] = [[], [], []];
  /** Of the frame that was shared last. */
  #run: SharedRun | undefined = undefined;

  /** @param expected bytes that will probably be written. */
  take(expected: number): ByteWriter {
    if (expected > SIZES[2]) return new ByteWriter(expected, largeBuffers);
    const size = expected <= SIZES[0] ? 0 : expected <= SIZES[1] ? 1 : 2;
    return this.#free[size]?.pop() ?? new ByteWriter(SIZES[size], largeBuffers);
  }

  /** A run of one frame: the same for all that share it. */
  run(frame: Uint8Array<ArrayBuffer>): SharedRun {
    if (this.#run?.isOnly(frame)) return this.#run;
    const run = new SharedRun(frame);
    this.#run = run.isWorthKeeping ? run : undefined;
    return run;
  }

  give(writer: ByteWriter): void {
    const capacity = writer.bytes.length;
    if (capacity > SIZES[2]) return largeBuffers.give(writer.bytes);
    const size = capacity < SIZES[1] ? 0 : capacity < SIZES[2] ? 1 : 2;
    const free = this.#free[size];
    if (free === undefined || free.length >= KEPT[size]) return;
    writer.length = 0;
    free.push(writer);
  }
}

export class Outbox implements TurnTask {
  /** Called before bytes leave, to finish what is still open in the writer: a batch. */
  onSeal: ((writer: ByteWriter) => void) | undefined = undefined;

  readonly #stream: ByteStream;
  readonly #turn: Turn;
  readonly #pool: WriterPool;
  #writer: ByteWriter | undefined = undefined;
  /** Full ones, which leave before it. */
  #full: ByteWriter[] | undefined = undefined;
  #fullBytes = 0;
  /** Shared frames and nothing else. */
  #run: SharedRun | undefined = undefined;
  /** Handed to the stream, which has not drained yet. */
  #flying: ByteWriter | undefined = undefined;
  #flyingBytes = 0;
  /** Somebody waits until there is room. */
  #room: { readonly bytes: number; readonly run: () => void } | undefined = undefined;
  /** Size of the last flush: the next will be alike. */
  #expected = 0;
  #isScheduled = false;
  #isEnding = false;
  #isDone = false;

  constructor(stream: ByteStream, turn: Turn, pool: WriterPool) {
    this.#stream = stream;
    this.#turn = turn;
    this.#pool = pool;
  }

  /** Bytes that the peer has not taken yet. */
  get waiting(): number {
    return this.#flyingBytes + this.#fullBytes + (this.#writer?.length ?? 0) +
      (this.#run?.length ?? 0);
  }

  /** Calls `run` once, when at most `bytes` wait. */
  whenRoom(bytes: number, run: () => void): void {
    this.#room = { bytes, run };
  }

  /** To append to, at once: what stands in it leaves at the end of the turn. */
  writer(): ByteWriter {
    let writer = this.#writer;
    if (writer !== undefined && writer.length >= FULL_BYTES) {
      this.#setAside(writer);
      writer = undefined;
    }
    if (writer === undefined) {
      writer = this.#pool.take(this.#expected);
      this.#writer = writer;
      this.#run?.copyTo(writer);
      this.#run = undefined;
      if (!this.#isScheduled && this.#flyingBytes === 0) this.#schedule();
    }
    return writer;
  }

  /** Sends bytes that nobody will change: by reference, unless others wait already. */
  share(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#writer === undefined && this.#fullBytes === 0) {
      const run = this.#run === undefined ? this.#pool.run(frame) : this.#run.with(frame);
      if (run !== undefined) {
        run.uses++;
        this.#run = run;
        if (!this.#isScheduled && this.#flyingBytes === 0) this.#schedule();
        return;
      }
    }
    this.writer().range(frame, 0, frame.length);
  }

  /** Closes the stream once all of it has gone. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (!this.#isScheduled && this.#flyingBytes === 0) this.#schedule();
  }

  /** The stream is gone: nothing is sent any more. */
  discard(): void {
    this.#isDone = true;
    // Not given back: the runtime may still read from what was flying.
    this.#flying = undefined;
    this.#flyingBytes = 0;
    this.#drop();
  }

  /** The stream's onDrain. */
  drained(): void {
    if (this.#flying !== undefined) this.#pool.give(this.#flying);
    this.#flying = undefined;
    this.#flyingBytes = 0;
    this.#flush();
  }

  atTurnEnd(): void {
    this.#isScheduled = false;
    if (this.#flyingBytes === 0) this.#flush();
  }

  #schedule(): void {
    this.#isScheduled = true;
    this.#turn.add(this);
  }

  #setAside(writer: ByteWriter): void {
    this.onSeal?.(writer);
    (this.#full ??= []).push(writer);
    this.#fullBytes += writer.length;
    this.#writer = undefined;
    this.#expected = writer.length;
  }

  #flush(): void {
    this.#write();
    const room = this.#room;
    if (room === undefined || this.waiting > room.bytes) return;
    this.#room = undefined;
    room.run();
  }

  #write(): void {
    // Whoever wrote after the end gets nothing sent, and keeps nothing.
    if (this.#isDone) return this.#drop();
    const shared = this.#run?.bytes();
    if (shared !== undefined) {
      this.#run = undefined;
      if (!this.#stream.write(shared)) this.#flyingBytes = shared.length;
    } else if (this.#run !== undefined) {
      this.#writer = this.#pool.take(this.#run.length);
      this.#run.copyTo(this.#writer);
      this.#run = undefined;
    }
    while (this.#flyingBytes === 0) {
      const writer = this.#next();
      if (writer === undefined) break;
      if (writer.length === 0) this.#pool.give(writer);
      else if (this.#stream.write(writer.bytes.subarray(0, writer.length))) this.#pool.give(writer);
      else {
        this.#flying = writer;
        this.#flyingBytes = writer.length;
      }
    }
    if (this.#isEnding && this.#fullBytes === 0 && this.#writer === undefined) {
      this.#isDone = true;
      this.#stream.close();
    }
  }

  /** The writer that leaves next. */
  #next(): ByteWriter | undefined {
    const full = this.#full?.shift();
    if (full !== undefined) {
      this.#fullBytes -= full.length;
      return full;
    }
    const writer = this.#writer;
    if (writer === undefined) return undefined;
    this.#writer = undefined;
    this.onSeal?.(writer);
    this.#expected = writer.length;
    return writer;
  }

  #drop(): void {
    for (const writer of this.#full ?? []) this.#pool.give(writer);
    if (this.#writer !== undefined) this.#pool.give(this.#writer);
    this.#full = undefined;
    this.#fullBytes = 0;
    this.#writer = undefined;
    this.#run = undefined;
  }
}
