/** How `record` and `replay` trust a router: by the system's authorities, or by those of a file. */
import { readFile } from "node:fs/promises";
import type { ClientTlsOptions } from "../../transports/endpoint.ts";
import { StartError } from "../start_error.ts";

export async function captureTls(
  { tlsCa }: { readonly tlsCa?: string | undefined },
): Promise<ClientTlsOptions | undefined> {
  if (tlsCa === undefined) return undefined;
  try {
    return { ca: await readFile(tlsCa, "utf8") };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot read ${tlsCa}: ${reason}, expected certificates`, { cause });
  }
}
