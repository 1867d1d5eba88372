/** Sockets that the service manager has opened and passes on, systemd's way: LISTEN_FDS of them, from descriptor 3 on. sd_listen_fds(3). */
import process from "node:process";
import type { Environment } from "./config/environment.ts";
import { StartError } from "./start_error.ts";

/** Behind standard input, output and error. */
const FIRST = 3;

export interface WantedSocket {
  /** What the socket unit calls it. Undefined: any. */
  readonly name?: string | undefined;
  /** Which of those, counted from 0. */
  readonly index: number;
}

/** The descriptor of a socket. Throws a StartError where there is none. @param pid of the process that they must be for. */
export function inheritedSocket(
  { name, index }: WantedSocket,
  env: Environment,
  pid: number = process.pid,
): number {
  const all = socketsOf(env, pid);
  const named = all.filter((socket) => name === undefined || socket.name === name);
  const found = named[index];
  if (found !== undefined) return found.descriptor;
  const which = `${name === undefined ? "" : `named "${name}", `}number ${index}`;
  const have = all.length === 0
    ? "no sockets (LISTEN_FDS is not set for this process)"
    : `those named ${all.map((socket) => socket.name).join(", ")}`;
  throw new StartError(
    `Cannot listen on an inherited socket, ${which}: found ${have}, expected one from the service manager ` +
      "(systemd: a .socket unit)",
  );
}

function socketsOf(env: Environment, pid: number) {
  const { LISTEN_FDS: count = "", LISTEN_PID: owner, LISTEN_FDNAMES: names = "" } = env;
  if (!/^[1-9]\d{0,3}$/.test(count) || owner !== String(pid)) return [];
  const list = names.split(":");
  return Array.from({ length: Number(count) }, (_, i) => ({
    descriptor: FIRST + i,
    name: list[i] || "unknown",
  }));
}
