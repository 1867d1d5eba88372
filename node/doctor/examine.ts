/** Runs the checks one after another, each with names of its own, and says what is true of a router. Called by `cli/doctor.ts`. */
import { isDict } from "../../wamp/options.ts";
import { SessionClosedError } from "../../client/errors.ts";
import type { Dict } from "../../wamp/message.ts";
import type { Bench, Feature } from "./feature.ts";
import { FEATURES } from "./features.ts";
import { Finding } from "./finding.ts";
import type { Peer } from "./peer.ts";

/** "works" and "broken" are announced; "unannounced" works without; "absent" neither; "unchecked" is announced, and there is no check. */
export type State = "works" | "broken" | "unannounced" | "absent" | "unchecked";

export interface Diagnosis {
  readonly role: "broker" | "dealer";
  readonly feature: string;
  readonly state: State;
  /** What was found in place of what was expected. */
  readonly found?: string;
}

/** @param join a session of the realm. @param told is called as soon as something is known. */
export async function examine(
  join: () => Promise<Peer>,
  told: (diagnosis: Diagnosis) => void,
): Promise<readonly Diagnosis[]> {
  const all: Diagnosis[] = [];
  let welcome: Dict | undefined;
  for (const [at, feature] of FEATURES.entries()) {
    // New sessions for each: what one check leaves behind, or breaks, is no matter for the next.
    const peers = [await join(), await join(), await join()] as const;
    const [alice, bob, carol] = peers;
    welcome ??= alice.welcome;
    const prefix = `com.realmway.doctor.s${alice.id}.c${at}`;
    const bench = { alice, bob, carol, join, uri: (name: string) => `${prefix}.${name}` };
    const diagnosis = await diagnose(feature, bench, announced(alice.welcome, feature.role));
    await Promise.all(peers.map((peer) => peer.leave()));
    all.push(diagnosis);
    told(diagnosis);
  }
  for (const diagnosis of unchecked(welcome ?? {})) {
    all.push(diagnosis);
    told(diagnosis);
  }
  return all;
}

async function diagnose(
  { role, name, check }: Feature,
  bench: Bench,
  announced: readonly string[],
): Promise<Diagnosis> {
  const isAnnounced = announced.includes(name) || announced.includes(`x_${name}`);
  try {
    await check(bench);
    return { role, feature: name, state: isAnnounced ? "works" : "unannounced" };
  } catch (error) {
    // The router may also end a session for what it does not know.
    if (!(error instanceof Finding || error instanceof SessionClosedError)) throw error;
    return { role, feature: name, state: isAnnounced ? "broken" : "absent", found: error.message };
  }
}

/** Features of a role in WELCOME. */
function announced(welcome: Dict, role: "broker" | "dealer"): readonly string[] {
  const roles = welcome["roles"];
  const one = isDict(roles) ? roles[role] : undefined;
  const features = isDict(one) ? one["features"] : undefined;
  if (!isDict(features)) return [];
  return Object.keys(features).filter((name) => features[name] === true);
}

function unchecked(welcome: Dict): readonly Diagnosis[] {
  return (["dealer", "broker"] as const).flatMap((role) =>
    announced(welcome, role).filter((name) => {
      const isChecked = (one: Feature) => name === one.name || name === `x_${one.name}`;
      return !FEATURES.some((one) => one.role === role && isChecked(one));
    }).map((feature) => ({ role, feature, state: "unchecked" }) as const)
  );
}
