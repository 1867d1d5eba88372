/**
 * What `init` writes, and `dev` runs: configurations to begin with, each of which starts as it is. Keys and certificates are made for the
 * node alone.
 */
import { hostname } from "node:os";
import { formatKeyFile, generateKeyPair, type KeyPair } from "../../auth/keygen.ts";
import { VERSION } from "../../wamp/version.ts";
import { certified } from "./self_signed.ts";
import type { Template } from "./template_names.ts";

export interface LaidOutFile {
  readonly name: string;
  readonly text: string;
  /** For its owner alone. */
  readonly isSecret?: boolean;
}

export interface LaidOut {
  readonly files: readonly LaidOutFile[];
  /** Command lines that try it. @param directory the node's, as one would type it. */
  readonly tries: (directory: string) => readonly string[];
}

/** @param port on 127.0.0.1; 0 for any free one. */
export async function laidOut(template: Template, port: number): Promise<LaidOut> {
  switch (template) {
    case "minimal":
      return { files: [config(commentedConfig(port))], tries: () => [] };
    case "tls":
      return await withTls(port);
    case "authenticated":
      return await withPrincipals(port);
    case "container":
      return withContainer(port);
  }
}

/** One realm, one port on this machine for everything, no authentication. @param port on 127.0.0.1; 0 for any free one. */
export function commentedConfig(port: number): string {
  return node(`${router(OPEN_ROLE, everything(port))}`);
}

async function withTls(port: number): Promise<LaidOut> {
  const names = ["localhost", hostname(), "127.0.0.1", "::1"];
  const { key, certificate, authority } = await certified([...new Set(names)], Date.now());
  const tls = `
          // A certificate for this machine alone, for 13 months. Clients trust it by ca.crt. Put the files
          // of your own in their places, or name them here.
          "endpoint": {
            "type": "tcp",
            "port": ${port},
            "interface": "127.0.0.1",
            "tls": { "key": "server.key", "certificate": "server.crt", "min_version": "1.2" }
          },`;
  return {
    files: [
      config(node(router(OPEN_ROLE, everything(port, tls)))),
      { name: "server.key", text: key, isSecret: true },
      { name: "server.crt", text: certificate },
      { name: "ca.crt", text: authority },
    ],
    tries: (directory) => [
      `realmway publish com.example.hello 1 --acknowledge -u wss://localhost:${port}/ws --tls-ca ${directory}/ca.crt`,
    ],
  };
}

async function withPrincipals(port: number): Promise<LaidOut> {
  const [admin, user] = [await generateKeyPair(), await generateKeyPair()];
  const roles = `
            {
              // May do everything.
              "name": "admin",
              "permissions": [
                {
                  "uri": "",
                  "match": "prefix",
                  "allow": { "call": true, "register": true, "publish": true, "subscribe": true }
                }
              ]
            },
            {
              // Uses what there is below com.example., and offers nothing.
              "name": "user",
              "permissions": [
                {
                  "uri": "com.example.",
                  "match": "prefix",
                  "allow": { "call": true, "register": false, "publish": false, "subscribe": true },
                  "disclose": { "caller": true, "publisher": true }
                }
              ]
            }`;
  const transport = `
        {
          "type": "websocket",
          // Only programs of this machine reach 127.0.0.1. Add "tls" before you leave "interface" out.
          "endpoint": { "type": "tcp", "port": ${port}, "interface": "127.0.0.1" },
          "auth": {
            "cryptosign": {
              "type": "static",
              // Who may join, by their public keys. "realmway keygen joe.priv" makes another pair;
              // the private key is Joe's, and the router never sees it.
              "principals": {
                "admin": {
                  "role": "admin",
                  "authorized_keys": ["${admin.publicKey}"]
                },
                "user": {
                  "role": "user",
                  "authorized_keys": ["${user.publicKey}"]
                }
              }
            }
          }
        }`;
  return {
    files: [
      config(node(router(roles, transport))),
      ...keyFiles("admin", admin),
      ...keyFiles("user", user),
    ],
    tries: (directory) => [
      "realmway publish com.example.hello 1 --acknowledge " +
      `-u ws://127.0.0.1:${port}/ --authmethod cryptosign --authid admin ` +
      `--secret-file ${directory}/admin.priv`,
    ],
  };
}

function withContainer(port: number): LaidOut {
  const socket = `,
        {
          // For the container: no other machine reaches it.
          "type": "rawsocket",
          "endpoint": { "type": "unix", "path": "router.sock" }
        }`;
  const container = `,
    {
      // A process of its own, started anew when it fails, in which components run.
      "type": "container",
      "options": { "restart": "restart-on-failed" },
      "components": [
        {
          "type": "class",
          "classname": "./hello.ts:Hello",
          "realm": "realm1",
          "transport": { "type": "rawsocket", "endpoint": { "type": "unix", "path": "router.sock" } }
        }
      ]
    }`;
  const component =
    `/** A component: onJoin runs when it has joined its realm. Change it, and start the node again. */
import type { ApplicationSession } from "realmway";

export class Hello {
  async onJoin(session: ApplicationSession): Promise<void> {
    await session.register("com.example.greet", ([name]) => \`Hello, \${name}\`);
  }
}
`;
  const text = node(`${router(OPEN_ROLE, everything(port) + socket)}${container}`);
  return {
    files: [config(text), { name: "hello.ts", text: component }],
    tries: () => [`realmway call com.example.greet Joe -u ws://127.0.0.1:${port}/ws`],
  };
}

function config(text: string): LaidOutFile {
  return { name: "config.json", text };
}

function keyFiles(name: string, keys: KeyPair): LaidOutFile[] {
  const about = { "creator": `realmway-${VERSION}`, "created-at": new Date().toISOString() };
  return [
    { name: `${name}.priv`, text: formatKeyFile(keys, about), isSecret: true },
    { name: `${name}.priv.pub`, text: formatKeyFile({ publicKey: keys.publicKey }, about) },
  ];
}

function node(workers: string): string {
  return `// A node of Realmway. The format is Crossbar.io's node configuration, version 2, with comments.
// "realmway check" says what is wrong with this file; "realmway start" runs it.
{
  "version": 2,
  "controller": {
    // By this socket "realmway status", "top", "realm list" and others manage the node while it runs.
    // Only the node's own user may open it.
    "management": { "socket": "management.sock" }
  },
  "workers": [${workers}
  ]
}
`;
}

function router(roles: string, transports: string): string {
  return `
    {
      "type": "router",
      "realms": [
        {
          // Sessions join a realm; those of different realms never meet.
          "name": "realm1",
          "roles": [${roles}
          ]
        }
      ],
      "transports": [${transports}
      ]
    }`;
}

const OPEN_ROLE = `
            {
              // Sessions without credentials get this role. It may do everything: fine on your own
              // machine, not on a network.
              "name": "anonymous",
              "permissions": [
                {
                  "uri": "",
                  "match": "prefix",
                  "allow": { "call": true, "register": true, "publish": true, "subscribe": true }
                }
              ]
            }`;

function everything(port: number, endpoint = plainEndpoint(port)): string {
  return `
        {
          // WebSocket (/ws), RawSocket and HTTP on one port.
          "type": "universal",${endpoint}
          "rawsocket": {},
          "websocket": { "ws": {} },
          "web": { "paths": { "/": { "type": "nodeinfo" } } }
        }`;
}

function plainEndpoint(port: number): string {
  return `
          // Only programs of this machine reach 127.0.0.1. Leave "interface" out for all networks.
          "endpoint": { "type": "tcp", "port": ${port}, "interface": "127.0.0.1" },`;
}
