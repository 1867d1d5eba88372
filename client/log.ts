/** Where the library reports what nobody awaits: failed handlers, revoked registrations. Programs may pass a `Log` of their own. */
import type { Log } from "./transport.ts";

/** Warnings and errors to the console, the rest nowhere. */
export const consoleLog: Log = {
  debug() {},
  info() {},
  warn(text, properties) {
    // deno-lint-ignore no-console -- the library's last resort; silence would hide faults
    console.warn(written(text, properties), ...causes(properties));
  },
  error(text, properties) {
    // deno-lint-ignore no-console -- as above
    console.error(written(text, properties), ...causes(properties));
  },
};

/** `text` with its {placeholders} filled in. */
function written(text: string, properties: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (_all, key: string) => String(properties[key]));
}

function causes(properties: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.values(properties).filter((value) => value instanceof Error);
}
