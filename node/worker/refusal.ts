/** What a node cannot do when it is told to while it runs, under the names of Crossbar.io's errors. Thrown by workers; `management/` answers with it. */
import { NO_SUCH_OBJECT } from "./error_uris.ts";

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
