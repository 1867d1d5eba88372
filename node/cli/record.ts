/** `realmway record`: a proxy that writes down what clients and a router say to each other, until SIGINT. */
import { type FileHandle, open } from "node:fs/promises";
import { startRecorder } from "../capture/recorder.ts";
import { headText } from "../capture/recording.ts";
import { StartError } from "../start_error.ts";
import { captureTls } from "./capture_tls.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { complain, print } from "./output.ts";
import { StopSignals } from "./process_events.ts";
import { UsageError } from "./usage_error.ts";

export interface RecordOptions {
  readonly listen: string;
  readonly output?: string | undefined;
  readonly keepSecrets?: true | undefined;
  readonly tlsCa?: string | undefined;
}

export async function record(url: string, options: RecordOptions): Promise<number> {
  const signals = new StopSignals();
  const { host, port } = addressIn(options.listen);
  const tls = await captureTls(options);
  const file = options.output === undefined ? undefined : await created(options.output);
  const lines = new Lines(file);
  lines.write(headText(url, Date.now()));
  const onFault = (error: unknown) => complain(`A connection has ended: ${error}`);
  const keepsSecrets = options.keepSecrets === true;
  const write = (line: string) => lines.write(line);
  const recorder = await startRecorder({ url, tls, host, port, keepsSecrets, write, onFault });
  complain(`Recording what comes to ${host}:${recorder.port}, for ${url}`);
  await signals.first;
  await recorder.close();
  await lines.end();
  const { sessions, messages } = recorder.counts;
  complain(`Recorded ${messages} messages of ${sessions} connections`);
  return EXIT_OK;
}

/** Lines for a file, one write at a time, or for standard output. */
class Lines {
  readonly #file: FileHandle | undefined;
  #waiting = "";
  #writing: Promise<void> | undefined;

  constructor(file: FileHandle | undefined) {
    this.#file = file;
  }

  write(line: string): void {
    if (this.#file === undefined) return print(line);
    this.#waiting += `${line}\n`;
    this.#writing ??= this.#drain(this.#file);
  }

  async end(): Promise<void> {
    await this.#writing;
    await this.#file?.close();
  }

  async #drain(file: FileHandle): Promise<void> {
    // What else comes in this turn goes with it.
    await Promise.resolve();
    try {
      while (this.#waiting !== "") {
        const text = this.#waiting;
        this.#waiting = "";
        await file.write(text);
      }
    } catch (cause) {
      complain(`The recording is not complete: ${cause instanceof Error ? cause.message : cause}`);
    }
    this.#writing = undefined;
  }
}

/** Others shall not read what was said. */
async function created(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const reason = isThere ? "found one of that name" : String(cause);
    throw new StartError(`Cannot write ${path}: ${reason}, expected a new file`, { cause });
  }
}

function addressIn(text: string): { readonly host: string; readonly port: number } {
  const [, bracketed, plain, digits = ""] = /^(?:(?:\[(.+)\]|([^:]+)):)?(\d{1,5})$/.exec(text) ??
    [];
  if (digits !== "" && Number(digits) <= 65535) {
    return { host: bracketed ?? plain ?? "127.0.0.1", port: Number(digits) };
  }
  throw new UsageError(`Cannot listen on ${JSON.stringify(text)}: expected a port, or host:port`);
}
