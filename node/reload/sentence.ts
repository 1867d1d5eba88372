/** A step in words, for logs and for who asked for it. */
import type { Step } from "./steps.ts";

const PAST = {
  "start": "started",
  "change": "changed",
  "remove": "removed",
  "stop": "stopped",
} as const;

/** `role "backend" of realm "realm1" changed` */
export function sentence(step: Step): string {
  const [verb, what] = step.kind.split(" ", 2);
  const done = Object.entries(PAST).find(([word]) => word === verb)?.[1];
  if (step.kind === "change schemas") return `schemas of realm "${step.piece.config.name}" changed`;
  const name = "name" in step.piece.config ? step.piece.config.name : step.piece.id;
  const place = "of" in step ? ` of realm "${step.of.config.name}"` : "";
  return `${what} "${name}"${place} ${done}`;
}
