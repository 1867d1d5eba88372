/** What a link writes into the options of what it passes on: the way it came, and what its endpoints say to each other. */
import { type Dict, EMPTY_DICT } from "../../wamp/message.ts";
import { isDict } from "../../wamp/options.ts";
import type { LinkPeer } from "./link_peer.ts";

/** What belongs to one router alone: its meta API and its management. */
export function staysAtHome(uri: string): boolean {
  return /^(?:wamp|crossbar)(?:\.|$)/.test(uri);
}

/** One stop of a message's way. */
interface Stop {
  readonly session: number;
  readonly authid: string | null;
  readonly authrole: string | null;
}

/** The stops named in details or options of a message; none when it comes from a peer of that router. */
export function wayOf(dict: Dict, key = "forward_for"): readonly Stop[] {
  const way = dict[key];
  return Array.isArray(way) ? way.filter(isStop) : [];
}

function isStop(value: unknown): value is Stop {
  return isDict(value) && typeof value["session"] === "number";
}

/** The way with `peer`'s realm as its last stop. @param origin who sent it there, if that is disclosed. */
export function onward(way: readonly Stop[], peer: LinkPeer, origin?: Stop): readonly Stop[] {
  const { id: session, authid, authrole } = peer;
  const here = { session, authid, authrole };
  return origin === undefined || way.length > 0 ? [...way, here] : [origin, here];
}

/** Who published or called, where details tell. */
export function originOf(details: Dict, who: "publisher" | "caller"): Stop | undefined {
  const session = details[who];
  if (typeof session !== "number") return undefined;
  const authid = details[`${who}_authid`];
  const authrole = details[`${who}_authrole`];
  return {
    session,
    authid: typeof authid === "string" ? authid : null,
    authrole: typeof authrole === "string" ? authrole : null,
  };
}

/** Attributes that cross a link as they are: descriptions of the payload, and everybody's own. */
export function crossing(dict: Dict): Record<string, unknown> {
  const crossed: Record<string, unknown> = {};
  if (dict === EMPTY_DICT) return crossed;
  for (const [key, value] of Object.entries(dict)) {
    if (value !== null && /^(?:_|ppt_|enc_)/.test(key) && key !== "__proto__") crossed[key] = value;
  }
  return crossed;
}
