/** The order of authmethods in a configuration file decides which is tried first, but a schema answers its own: here the file's is put back. */

/** Gives every `auth` of `config` the order that its keys have in `raw`, of which the schema made it. */
export function keepAuthOrder(config: unknown, raw: unknown): void {
  if (!isObject(config) || !isObject(raw)) return;
  for (const [key, value] of Object.entries(config)) {
    const given: unknown = Reflect.get(raw, key);
    // The value of a `json` service is the user's own.
    if (key === "value") continue;
    if (key === "auth" && isObject(value) && isObject(given)) reorder(value, Object.keys(given));
    else keepAuthOrder(value, given);
  }
}

function reorder(methods: object, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(methods, name)) continue;
    const method: unknown = Reflect.get(methods, name);
    Reflect.deleteProperty(methods, name);
    Reflect.set(methods, name, method);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
