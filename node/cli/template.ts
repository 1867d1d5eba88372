/** The configuration that `init` writes and `dev` runs: one realm, one port on this machine for everything, no authentication. */

/** @param port on 127.0.0.1; 0 for any free one. */
export function commentedConfig(port: number): string {
  return `// A node of Realmway. The format is Crossbar.io's node configuration, version 2, with comments.
// "realmway check" says what is wrong with this file; "realmway start" runs it.
{
  "version": 2,
  "workers": [
    {
      "type": "router",
      "realms": [
        {
          // Sessions join a realm; those of different realms never meet.
          "name": "realm1",
          "roles": [
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
            }
          ]
        }
      ],
      "transports": [
        {
          // WebSocket (/ws), RawSocket and HTTP on one port.
          "type": "universal",
          // Only programs of this machine reach 127.0.0.1. Leave "interface" out for all networks.
          "endpoint": { "type": "tcp", "port": ${port}, "interface": "127.0.0.1" },
          "rawsocket": {},
          "websocket": { "ws": {} },
          "web": { "paths": { "/": { "type": "nodeinfo" } } }
        }
      ]
    }
  ]
}
`;
}
