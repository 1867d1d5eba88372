/** How `realmway top` shows its figures: a screen for people at a terminal, a line elsewhere. */
import { columns } from "./columns.ts";
import { styled } from "./output.ts";
import { bytesText, durationText, rateText } from "./quantities.ts";
import type { Figures } from "./top_figures.ts";

/** Slow consumers that a screen has room for. */
const MOST_SLOW = 10;

export function lineOf(figures: Figures): string {
  const { time, sessions, rates, memory, cpu, "slow_consumers": slow } = figures;
  return [
    time,
    `sessions=${sessions}`,
    `received=${rateText(rates.received)}/s`,
    `sent=${rateText(rates.sent)}/s`,
    `calls=${rateText(rates.calls)}/s`,
    `publications=${rateText(rates.publications)}/s`,
    `events=${rateText(rates.events)}/s`,
    `dropped=${rateText(rates.dropped_events)}/s`,
    `slow=${slow.length}`,
    `memory=${bytesText(memory.rss).replace(" ", "")}`,
    `cpu=${percent(cpu)}`,
  ].join(" ");
}

/** @param title of the node. */
export function screenOf(title: string, figures: Figures): string {
  const { uptime, sessions, rates, realms, memory, cpu, "slow_consumers": slow } = figures;
  const parts = [
    `${styled("bold", title)}, up for ${durationText(uptime)}`,
    `Memory ${bytesText(memory.rss)}, heap ${bytesText(memory.heap)}; processor ${percent(cpu)}`,
    `Sessions ${sessions}; in ${rateText(rates.received)} messages/s, ` +
    `${bytesText(rates.received_bytes)}/s; out ${rateText(rates.sent)} messages/s, ` +
    `${bytesText(rates.sent_bytes)}/s; dropped ${rateText(rates.dropped_events)} events/s`,
    "",
    columns(
      ["REALM", "SESSIONS", "IN/S", "OUT/S", "CALLS/S", "PUBLISHED/S", "EVENTS/S", "BEHIND"],
      realms.map(({ name, sessions: joined, rates: one, behind }) => [
        name,
        joined,
        ...[one.received, one.sent, one.calls, one.publications, one.events].map(rateText),
        behind,
      ]),
    ),
  ];
  if (slow.length > 0) {
    const rows = slow.slice(0, MOST_SLOW).map((one) => [
      one.realm,
      one.session,
      one.authid,
      one.peer,
      bytesText(one.waiting),
      one.behind ? "yes" : "no",
    ]);
    const titles = ["SLOW CONSUMER OF", "SESSION", "AUTHID", "PEER", "WAITING", "BEYOND LIMIT"];
    parts.push("", columns(titles, rows));
    if (slow.length > MOST_SLOW) parts.push(`and ${slow.length - MOST_SLOW} more`);
  }
  return parts.join("\n");
}

function percent(part: number): string {
  return `${(part * 100).toFixed(0)}%`;
}
