/**
 * `realmway register`: answers calls by a command that is run for each, or with their own arguments. The command reads the call as JSON on
 * standard input; `call_command.ts` says what becomes of what it prints.
 */
import { CallResult } from "../../client/call_result.ts";
import type { CallHandler, RegisterOptions } from "../../client/registration.ts";
import type { Match } from "../../wamp/uri.ts";
import type { AnswerForm } from "./answer_forms.ts";
import { commandHandler } from "./call_command.ts";
import type { ClientOptions } from "./client_options.ts";
import { untilEnded, withSession } from "./client_session.ts";
import { complain } from "./output.ts";
import { UsageError } from "./usage_error.ts";

export interface RegisterCommandOptions extends ClientOptions {
  readonly echo?: true | undefined;
  readonly answer: AnswerForm;
  readonly match?: Match | undefined;
  readonly invoke?: NonNullable<RegisterOptions["invoke"]> | undefined;
  readonly concurrency?: number | undefined;
  readonly force?: true | undefined;
  readonly discloseCaller?: true | undefined;
  readonly nodeKey?: string | undefined;
}

export async function register(
  procedure: string,
  command: readonly string[],
  options: RegisterCommandOptions,
): Promise<number> {
  const [program, ...args] = command;
  if ((program === undefined) !== (options.echo === true)) {
    const found = program === undefined ? "neither" : "both";
    throw new UsageError(`Cannot answer calls: found ${found}, expected a command or --echo`);
  }
  const handler: CallHandler = program === undefined
    ? (args, kwargs) => new CallResult(args, kwargs)
    : commandHandler(program, args, options.answer);
  return await withSession(options, async (session, stop) => {
    await session.register(procedure, handler, registerOptions(options));
    complain(`Registered ${procedure}`);
    return await untilEnded(session, stop);
  });
}

function registerOptions(options: RegisterCommandOptions): RegisterOptions {
  const { match, invoke, concurrency, force, discloseCaller, nodeKey } = options;
  return {
    ...(match && { match }),
    ...(invoke && { invoke }),
    ...(concurrency !== undefined && { concurrency }),
    ...(force && { forceReregister: true }),
    ...(discloseCaller && { discloseCaller }),
    ...(nodeKey !== undefined && { nodeKey }),
  };
}
