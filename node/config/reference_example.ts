/**
 * An example of a section for the reference page: what it must have, and a few of its defaults. A test checks each against the schema.
 * Values that a schema cannot make up come from `SAMPLES`.
 */
import type { EditorSchema } from "./editor_schema.ts";
import { alternativesOf, resolved } from "./reference.ts";

/** By key, as people would write them. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  "id": "example1",
  "name": "realm1",
  "realm": "realm1",
  "classname": "hello.adder.Adder",
  "join": "./hello.ts:joined",
  "executable": "./program.sh",
  "role": "anonymous",
  "uri": "com.example.",
  "port": 8080,
  "host": "127.0.0.1",
  "path": "router.sock",
  "url": "ws://127.0.0.1:8080/ws",
  "directory": "../web",
  "paths": { "/": { "type": "nodeinfo" }, "ws": { "type": "websocket" } },
  "websocket": { "ws": {} },
  "rawsocket": {},
  "value": { "greeting": "hello" },
  "key": "server.key",
  "certificate": "server.crt",
  "authid": "joe",
  "ticket": "$JOE_TICKET",
  "secret": "$JOE_SECRET",
  "password": "$LINK_PASSWORD",
  "privkey": "$LINK_KEY",
  "token": "$LINK_TOKEN",
  "authenticator": "com.example.authenticate",
  "authorizer": "com.example.authorize",
  "create": "./authenticator.ts:create",
  "file": "joe.secret",
  "algorithm": "EdDSA",
  "kdf": "argon2id-13",
  "salt": "000102030405060708090a0b0c0d0e0f",
  "iterations": 4096,
  "memory": 512,
  "stored-key": "0f".repeat(32),
  "server-key": "f0".repeat(32),
  "authorized_keys": ["2f".repeat(32)],
  "principals": {},
  "rate": 100,
  "require_ip": ["10.0.0.0/8"],
  "certificate-sha256": "3c".repeat(32),
  "certificate-sha1": "3c".repeat(20),
};

/** Keys that nobody must write, but that show what a section is for. */
const TELLING: readonly string[] = [
  "permissions",
  "allow",
  "roles",
  "realms",
  "transports",
  "websocket",
  "rawsocket",
  "secret",
  "ticket",
  "role",
];

/** How many keys with a default an example shows. */
const MOST_DEFAULTS = 4;

/** @param schema of a section. */
export function exampleOf(schema: EditorSchema, root: EditorSchema): unknown {
  return valueOf(schema, root, "", 0);
}

/** A value of the key `key`. */
export function sampleFor(schema: EditorSchema, root: EditorSchema, key: string): unknown {
  return valueOf(schema, root, key, 1);
}

function valueOf(given: EditorSchema, root: EditorSchema, key: string, depth: number): unknown {
  const schema = resolved(given, root);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.default ?? schema.enum[0];
  if (depth > 0 && schema.properties === undefined && schema.oneOf === undefined) {
    const sample = sampleOf(key, schema);
    if (sample !== undefined) return sample;
  }
  const [first] = alternativesOf(schema);
  if (first !== undefined) return valueOf(first, root, key, depth);
  if (schema.properties !== undefined) return sectionOf(schema, root, depth);
  if (schema.items !== undefined) {
    const item = valueOf(schema.items, root, key, depth + 1);
    return Array.from({ length: schema.minItems ?? 1 }, () => item);
  }
  if (schema.default !== undefined) return schema.default;
  switch (schema.type) {
    case "boolean":
      return true;
    case "integer":
    case "number":
      return 1;
    case "object":
      return {};
    default:
      return "example";
  }
}

/** Of all keys that look like this. */
const ADDRESS = `0x${"a1".repeat(20)}`;

function sampleOf(key: string, { pattern }: EditorSchema): unknown {
  const candidates = [...(Object.hasOwn(SAMPLES, key) ? [SAMPLES[key]] : []), ADDRESS];
  if (pattern === undefined) return candidates.length > 1 ? candidates[0] : undefined;
  return candidates.find((one) => typeof one === "string" && new RegExp(pattern).test(one));
}

function sectionOf(schema: EditorSchema, root: EditorSchema, depth: number): unknown {
  const keys = Object.entries(schema.properties ?? {})
    .map(([name, given]) => [name, resolved(given, root)] as const)
    .filter(([, one]) => one.refused === undefined);
  const required = schema.required ?? [];
  const isPlain = (one: EditorSchema) =>
    one.default !== undefined && (typeof one.default !== "object" || one.default === null);
  const defaults = depth > 0
    ? []
    : keys.filter(([, one]) => isPlain(one)).slice(0, MOST_DEFAULTS).map(([name]) => name);
  const shown = keys.filter(([name]) =>
    required.includes(name) || defaults.includes(name) || (depth < 2 && TELLING.includes(name))
  );
  return Object.fromEntries(
    shown.map(([name, one]) => [
      name,
      isPlain(one) && !required.includes(name) ? one.default : valueOf(one, root, name, depth + 1),
    ]),
  );
}
