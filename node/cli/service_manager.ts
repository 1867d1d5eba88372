/**
 * What systemd is told by its notify socket (sd_notify(3)): that the node is ready, what it is doing, that it reloads or stops, and, where the unit has
 * `WatchdogSec`, that its event loop turns. Does nothing where NOTIFY_SOCKET is not set. Linux alone has it.
 */
import { setInterval } from "node:timers";
import type { Log } from "../../router/ports.ts";
import { monotonicMicros, sendDatagram } from "../../transports/runtime/runtime.ts";
import type { Environment } from "../config/environment.ts";

/** Of Linux; the first two bytes are the family. */
const MOST_PATH_BYTES = 107;

export class ServiceManager {
  readonly #address: Uint8Array<ArrayBuffer> | undefined;
  readonly #watchdogMs: number | undefined;
  readonly #log: Log;
  #hasFailed = false;
  #watchdog: ReturnType<typeof setInterval> | undefined;

  /** @param env NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read. @param pid of this process. */
  constructor(env: Environment, pid: number, log: Log) {
    this.#log = log;
    const path = env["NOTIFY_SOCKET"] ?? "";
    this.#address = path === "" ? undefined : addressOf(path);
    if (path !== "" && this.#address === undefined) this.#failed(`found ${JSON.stringify(path)}`);
    const { WATCHDOG_USEC: period, WATCHDOG_PID: watched } = env;
    const isOurs = watched === undefined || watched === String(pid);
    if (period !== undefined && /^[1-9]\d*$/.test(period) && isOurs) {
      this.#watchdogMs = Number(period) / 1000;
    }
  }

  /** The node takes connections. From now on the watchdog is fed, twice as often as it wants. @param status for `systemctl status`. */
  async ready(status: string): Promise<void> {
    await this.#notify(`READY=1\nSTATUS=${oneLine(status)}`);
    if (this.#watchdogMs === undefined || this.#address === undefined) return;
    this.#watchdog = setInterval(() => void this.#notify("WATCHDOG=1"), this.#watchdogMs / 2);
    this.#watchdog.unref();
  }

  /** The configuration is read anew; `reloaded` follows. */
  async reloading(status: string): Promise<void> {
    if (this.#address === undefined || this.#hasFailed) return;
    try {
      const now = await monotonicMicros();
      await this.#notify(`RELOADING=1\nMONOTONIC_USEC=${now}\nSTATUS=${oneLine(status)}`);
    } catch (cause) {
      this.#failed(cause instanceof Error ? cause.message : String(cause));
    }
  }

  async reloaded(status: string): Promise<void> {
    await this.#notify(`READY=1\nSTATUS=${oneLine(status)}`);
  }

  /** The watchdog is fed on: a node that hangs while it stops is to be ended, too. */
  async stopping(status: string): Promise<void> {
    await this.#notify(`STOPPING=1\nSTATUS=${oneLine(status)}`);
  }

  async #notify(text: string): Promise<void> {
    if (this.#address === undefined || this.#hasFailed) return;
    try {
      const bytes = new TextEncoder().encode(text);
      if (!await sendDatagram(this.#address, bytes)) this.#failed("found nobody there");
    } catch (cause) {
      this.#failed(cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** Once: what cannot be told now cannot be told later. */
  #failed(found: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const text =
      "Cannot tell the service manager by NOTIFY_SOCKET: {found}, expected a unix socket";
    this.#log.warn(text, { found });
  }
}

/** A `sockaddr_un`; "@" begins an abstract name. Undefined for what is no such address. */
function addressOf(path: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new TextEncoder().encode(path);
  const isAbstract = path.startsWith("@");
  if (bytes.length > MOST_PATH_BYTES || !(isAbstract || path.startsWith("/"))) return undefined;
  // A path ends with a NUL; an abstract name begins with one, and ends where the address does.
  const address = new Uint8Array(2 + bytes.length + (isAbstract ? 0 : 1));
  new Uint16Array(address.buffer, 0, 1)[0] = 1;
  address.set(bytes, 2);
  if (isAbstract) address[2] = 0;
  return address;
}

function oneLine(text: string): string {
  return text.replaceAll("\n", " ");
}
