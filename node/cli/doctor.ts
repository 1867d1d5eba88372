/** `realmway doctor`: what a router announces, and what is true. Exits with 1 when it announces a feature that does not work. */
import { type Diagnosis, examine, type State } from "../doctor/examine.ts";
import { Peer } from "../doctor/peer.ts";
import type { ClientOptions } from "./client_options.ts";
import { failed } from "./client_session.ts";
import { connectOptionsOf } from "./credentials.ts";
import { EXIT_FAILURE, EXIT_OK } from "./exit_codes.ts";
import { print, type Style, styled } from "./output.ts";
import { valueText } from "./value_text.ts";

const SHOWN: Readonly<Record<State, readonly [string, Style]>> = {
  works: ["works", "green"],
  broken: ["BROKEN", "red"],
  unannounced: ["works, but is not announced", "yellow"],
  absent: ["absent", "dim"],
  unchecked: ["is announced, cannot be checked from outside", "dim"],
};

export async function doctor(url: string, options: Omit<ClientOptions, "url">): Promise<number> {
  const wanted = { ...options, url };
  const connecting = await connectOptionsOf(wanted);
  try {
    const first = await Peer.join(connecting);
    const agent = first.welcome["agent"];
    await first.leave();
    if (!options.json) print(`${typeof agent === "string" ? agent : "A router"} at ${url}`);
    const told = options.json ? () => {} : (one: Diagnosis) => print(line(one));
    const found = await examine(() => Peer.join(connecting), told);
    if (options.json) print(valueText({ url, "agent": agent ?? null, "features": found }));
    return found.some(({ state }) => state === "broken") ? EXIT_FAILURE : EXIT_OK;
  } catch (error) {
    return failed(error, wanted);
  }
}

function line({ role, feature, state, found }: Diagnosis): string {
  const [text, style] = SHOWN[state];
  const note = found === undefined ? "" : `: ${found}`;
  return `  ${role}  ${feature.padEnd(32)}${styled(style, text)}${note}`;
}
