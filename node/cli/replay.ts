/** `realmway replay`: does again what a recording has, against any router, and says what was answered differently. Exits with 1 then. */
import { readFile } from "node:fs/promises";
import { readRecording, type Recording, type WireList } from "../capture/recording.ts";
import { type Difference, replay as replayAll } from "../capture/replay.ts";
import { DialError } from "../../transports/dial_url.ts";
import { typeNames } from "../../wamp/message.ts";
import { StartError } from "../start_error.ts";
import { clientMethods } from "../../auth/authentication.ts";
import type { ClientMethod } from "../../auth/authmethod.ts";
import { captureTls } from "./capture_tls.ts";
import { authenticationOf, type CredentialOptions } from "./credentials.ts";
import { EXIT_CONNECT, EXIT_FAILURE, EXIT_OK } from "./exit_codes.ts";
import { complain, print, styled } from "./output.ts";
import { UsageError } from "./usage_error.ts";
import { valueText } from "./value_text.ts";

export interface ReplayCommandOptions extends CredentialOptions {
  readonly patience: number;
  readonly strict?: true | undefined;
  readonly tlsCa?: string | undefined;
  readonly json?: true | undefined;
}

export async function replay(
  file: string,
  url: string,
  options: ReplayCommandOptions,
): Promise<number> {
  const credentials = await credentialsOf(options);
  const recording = await read(file);
  const tls = await captureTls(options);
  try {
    const { sent, same, differences } = await replayAll(recording, {
      url,
      tls,
      credentials,
      patienceMs: options.patience,
      isStrict: options.strict === true,
      onFault: (error) => complain(`A connection has ended: ${error}`),
    });
    for (const one of differences) print(options.json ? jsonOf(one) : textOf(one));
    if (options.json) print(valueText({ sent, same, "different": differences.length }));
    else {
      const style = differences.length === 0 ? "green" : "red";
      const found = styled(style, `${differences.length} different`);
      print(`${sent} messages sent; of the answers ${same} as recorded, ${found}`);
    }
    return differences.length === 0 ? EXIT_OK : EXIT_FAILURE;
  } catch (cause) {
    if (!(cause instanceof DialError)) throw cause;
    complain(cause.message);
    return EXIT_CONNECT;
  }
}

/** Undefined where sessions prove who they are as they did. */
async function credentialsOf(options: ReplayCommandOptions): Promise<ClientMethod | undefined> {
  const authentication = await authenticationOf(options);
  if (options.authmethod !== undefined) return authentication && clientMethods(authentication)[0];
  if (authentication === undefined) return undefined;
  throw new UsageError("Cannot use --authid: found no --authmethod, expected one");
}

async function read(file: string): Promise<Recording> {
  try {
    return readRecording(await readFile(file, "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`Cannot read the recording ${file}: ${reason}`, { cause });
  }
}

function jsonOf({ session, recorded, replayed }: Difference): string {
  return valueText({ session, "recorded": recorded ?? null, "replayed": replayed ?? null });
}

function textOf({ session, recorded, replayed }: Difference): string {
  return [
    styled("bold", `Session ${session}`),
    `  ${styled("red", `- ${shown(recorded)}`)}`,
    `  ${styled("green", `+ ${shown(replayed)}`)}`,
  ].join("\n");
}

function shown(what: WireList | string | undefined): string {
  if (what === undefined) return "nothing";
  if (typeof what === "string") return what;
  const [type, ...rest] = what;
  const name = typeof type === "number" ? typeNames.get(type) : undefined;
  return `${name ?? valueText(type)} ${rest.map(valueText).join(" ")}`;
}
