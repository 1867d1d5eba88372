/** What the exit code of a command says. Part of the interface: scripts decide by them. `docs/cli.md` is made of this list. */

export const EXIT_OK = 0;
export const EXIT_FAILURE = 1;
export const EXIT_USAGE = 2;
export const EXIT_CONNECT = 3;
export const EXIT_JOIN = 4;
export const EXIT_LOST = 5;
/** 128 and the signal's number: see `exitCodeOf`. */
const EXIT_INTERRUPTED = 130;

export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT_OK, "done"],
  [EXIT_FAILURE, "it failed; of a client: the call, publication, … was answered with an error"],
  [EXIT_USAGE, "the command line or the configuration is wrong"],
  [EXIT_CONNECT, "no connection to the router came about"],
  [EXIT_JOIN, "the router refused the session: the realm, or the credentials"],
  [EXIT_LOST, "the session ended before the command was done"],
  [EXIT_INTERRUPTED, "SIGINT (Ctrl-C) ended it; 143: SIGTERM did"],
];
