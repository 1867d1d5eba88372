/** What a node cannot do when it is told to while it runs, under the names of Crossbar.io's errors. Thrown by workers; `management/` answers with it. */

export const NO_SUCH_OBJECT = "crossbar.error.no_such_object";
export const ALREADY_RUNNING = "crossbar.error.already_running";
export const ALREADY_EXISTS = "crossbar.error.already_exists";
export const NOT_RUNNING = "crossbar.error.not_running";
export const INVALID_CONFIGURATION = "crossbar.error.invalid_configuration";
export const CANNOT_LISTEN = "crossbar.error.cannot_listen";
export const CANNOT_STOP = "crossbar.error.cannot_stop";
export const CANNOT_START = "crossbar.error.cannot_start";
export const INVALID_ARGUMENT = "crossbar.invalid_argument";
export const FEATURE_UNAVAILABLE = "crossbar.error.feature_unavailable";
export const NO_SUCH_WORKER = "crossbar.error.no_such_worker";

export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly uri: string;

  constructor(uri: string, text: string, options?: ErrorOptions) {
    super(text, options);
    this.uri = uri;
  }
}

/** The record of that id, or the refusal that names all there are. */
export function recordOf<T>(records: ReadonlyMap<string, T>, id: string, what: string): T {
  const record = records.get(id);
  if (record !== undefined) return record;
  const ids = [...records.keys()].join(", ") || "none";
  throw new Refusal(NO_SUCH_OBJECT, `Cannot find ${what} "${id}": expected one of: ${ids}`);
}
