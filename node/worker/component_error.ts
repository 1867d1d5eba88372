/** Why a component could not be started, by Crossbar.io's URIs: what the log and who asked for it are told. */
import { StartError } from "../start_error.ts";

export class ComponentError extends StartError {
  readonly uri: string;

  /** @param uri of `error_uris.ts`, or the router's reason why it could not join. */
  constructor(uri: string, text: string, options?: ErrorOptions) {
    super(text, options);
    this.uri = uri;
  }
}

export function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
