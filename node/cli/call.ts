/** `realmway call`: prints the result of one call, and its progress. SIGINT cancels the call. */
import { CallResult } from "../../client/call_result.ts";
import type { CallOptions } from "../../client/caller.ts";
import type { Dict } from "../../wamp/message.ts";
import type { ClientOptions } from "./client_options.ts";
import { withSession } from "./client_session.ts";
import { EXIT_OK } from "./exit_codes.ts";
import { argumentsOf, type PayloadOptions } from "./payload_options.ts";
import { print } from "./output.ts";
import { valuesText, valueText } from "./value_text.ts";

export interface CallCommandOptions extends ClientOptions, PayloadOptions {
  readonly timeout?: number | undefined;
  readonly progress?: true | undefined;
  readonly cancelMode: "killnowait" | "skip" | "kill";
  readonly discloseMe?: true | undefined;
  readonly runMode?: "partition" | "all" | undefined;
  readonly resourceKey?: string | undefined;
}

export async function call(
  procedure: string,
  texts: readonly string[],
  options: CallCommandOptions,
): Promise<number> {
  const { args, kwargs } = argumentsOf(texts, options);
  return await withSession(options, async (session, stop) => {
    const result = await session.call(procedure, args, kwargs, callOptions(options, stop));
    const isOne = !(result instanceof CallResult);
    const answer = isOne ? new CallResult(result === undefined ? [] : [result]) : result;
    show(answer.args, answer.kwargs, options);
    return EXIT_OK;
  });
}

function callOptions(options: CallCommandOptions, signal: AbortSignal): CallOptions {
  const { timeout, progress, cancelMode, discloseMe, runMode, resourceKey } = options;
  return {
    signal,
    cancelMode,
    ...(timeout !== undefined && { timeoutMs: timeout }),
    ...(progress && {
      onProgress: (args: readonly unknown[], kwargs: Dict) => show(args, kwargs, options, true),
    }),
    ...(discloseMe && { discloseMe }),
    ...(runMode && { runMode }),
    ...(resourceKey !== undefined && { resourceKey }),
  };
}

function show(
  args: readonly unknown[],
  kwargs: Dict,
  { json }: ClientOptions,
  isProgress = false,
): void {
  if (json) print(valueText({ ...(isProgress && { "progress": true }), args, kwargs }));
  else if (isProgress || args.length > 0 || Object.keys(kwargs).length > 0) {
    print(`${valuesText(args, kwargs)}\n`);
  }
}
