/** Why a component could not be started, by Crossbar.io's URIs: what the log and who asked for it are told. */
import { StartError } from "../start_error.ts";

/** Module not found, faulty, without the class or function, or with something else under that name. */
export const CLASS_IMPORT_FAILED = "crossbar.error.class_import_failed";
/** The constructor or a callback threw. */
export const CANNOT_START = "crossbar.error.cannot_start";
/** No connection came about. */
export const CANNOT_CONNECT = "crossbar.error.cannot_connect";
export const ALREADY_RUNNING = "crossbar.error.already_running";
export const NO_SUCH_OBJECT = "crossbar.error.no_such_object";

export class ComponentError extends StartError {
  readonly uri: string;

  /** @param uri one of the above, or the router's reason why it could not join. */
  constructor(uri: string, text: string, options?: ErrorOptions) {
    super(text, options);
    this.uri = uri;
  }
}

export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
