/** `realmway codegen`: the TypeScript interface of a running realm, from its reflection. */
import { writeFile } from "node:fs/promises";
import type { Session } from "../../client/session.ts";
import * as uris from "../../wamp/uris.ts";
import { type Described, describedOf, interfaceText } from "../codegen/interface_text.ts";
import type { ClientOptions } from "./client_options.ts";
import { withSession } from "./client_session.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { print } from "./output.ts";
import { valueText } from "./value_text.ts";

export interface CodegenOptions extends ClientOptions {
  readonly output?: string | undefined;
  readonly name: string;
}

/** Requests on their way at a time. */
const AT_ONCE = 64;

const KINDS = [
  ["procedure", uris.REFLECTION_PROCEDURE_LIST, uris.REFLECTION_PROCEDURE_DESCRIBE],
  ["topic", uris.REFLECTION_TOPIC_LIST, uris.REFLECTION_TOPIC_DESCRIBE],
  ["error", uris.REFLECTION_ERROR_LIST, uris.REFLECTION_ERROR_DESCRIBE],
] as const;

export async function codegen(options: CodegenOptions): Promise<number> {
  return await withSession(options, async (session, signal) => {
    const all: Described[] = [];
    for (const [kind, list, describe] of KINDS) {
      all.push(...await described(session, kind, list, describe, signal));
    }
    const { url, realm, name, output, json } = options;
    const source = `${url}, ${realm}`;
    const lines = all.map(({ uri, kind, description, pattern }) =>
      valueText({ kind, uri, ...(pattern !== undefined && { "match": pattern }), description })
    );
    const text = json
      ? lines.map((line) => `${line}\n`).join("")
      : interfaceText(all, name, source);
    if (output === undefined) print(text.replace(/\n$/, ""));
    else await writeFile(output, text);
    return EXIT_OK;
  });
}

async function described(
  session: Session,
  kind: Described["kind"],
  list: string,
  describe: string,
  signal: AbortSignal,
): Promise<Described[]> {
  const listed = await session.call(list, [], {}, { signal });
  const names = (Array.isArray(listed) ? listed : [])
    .filter((uri) => typeof uri === "string" && !/^(?:wamp|crossbar)\./.test(uri));
  const all: Described[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some: string[] = names.slice(at, at + AT_ONCE);
    all.push(
      ...await Promise.all(some.map(async (uri) => {
        return describedOf(uri, kind, await session.call(describe, [uri], {}, { signal }));
      })),
    );
  }
  return all;
}
