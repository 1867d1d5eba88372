/** A configuration as it may be shown to people: without secrets. */
import { SECRETS } from "./secret_keys.ts";

const MASK = "******";

/** Names of variables whose values are better not shown. */
const TELLING = /secret|token|passw|key|credential/i;

/** A copy with masks in place of secrets, and of passwords in URLs; names of files that hold secrets stay. */
export function masked(value: unknown, key: PropertyKey = "", holder: PropertyKey = ""): unknown {
  if (typeof value === "string") {
    const isSecret = SECRETS.includes(key) || (holder === "vars" && TELLING.test(String(key)));
    return isSecret ? MASK : value.replace(/(:\/\/[^/?#@:]*):[^/?#@]*@/g, `$1:${MASK}@`);
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => masked(item, key, holder));
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [name, masked(child, name, key)]),
  );
}
