/** Where a transport listens: TCP, with or without TLS, a unix domain socket, or an inherited socket. */
import { z } from "zod";
import { networkProblem } from "../../transports/forwarded.ts";
import { flag, kinds, refused, section, text, whole } from "./fields.ts";

export const PORT = 'a port from 0 to 65535 (0: any free one), or "$VARIABLE" of the environment';

const file = (doc: string) => text(`${doc}: a PEM file, relative to the node directory`);

const tls = section("TLS of the endpoint", () => ({
  "key": file("Private key, without passphrase"),
  "certificate": file("Certificate"),
  "chain_certificates": z.array(file("Intermediate certificate")).optional()
    .describe("Certificates between ours and the authority's root"),
  "ca_certificates": z.array(file("Certificate of an authority")).min(1).optional()
    .describe("When given, clients must show a certificate that one of these authorities issued"),
  "dhparam": refused("keys are exchanged over elliptic curves only; remove the key"),
  "ciphers": text("Ciphers of TLS 1.2 in OpenSSL's notation (default: the runtime's)").optional(),
  "min_version": z.enum(["1.2", "1.3"]).default("1.2").describe("Least version of TLS"),
}));

/** DEVIATION: Crossbar.io has 50 by default, which many clients that reconnect at once overrun. */
const backlog = whole(
  { min: 1, max: 65535 },
  "Connections that may wait to be accepted (default: 511); Bun always takes 512",
).optional();

/** Beyond Crossbar.io. */
const behindProxy = () => ({
  "proxy_protocol": flag(
    false,
    "Peers are balancers that say by the PROXY protocol, version 1 or 2, whom they speak for; connections without are closed",
  ),
  "trusted_proxies": z.array(
    z.string().refine((text) => networkProblem(text) === undefined, {
      error: 'an address, or a network such as "10.0.0.0/8"',
    }),
  ).default([]).describe(
    "Addresses and networks whose X-Forwarded-For or Forwarded headers, and PROXY headers, are believed (default: headers none, PROXY all)",
  ),
});

const ENDS = "the first and the last port of a range";
const RANGE = "a port from 1 to 65535";
const rangeEnd = z.int(RANGE).min(1, RANGE).max(65535, RANGE);

const tcp = section("A TCP port", () => ({
  "type": z.literal("tcp"),
  "port": z.union([
    z.int(PORT).min(0, PORT).max(65535, PORT),
    z.string().regex(/^(\d{1,5}|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})$/, PORT),
  ], PORT).optional().describe(
    'Port; 0 takes any free one. "$PORT" takes it from the environment variable PORT',
  ),
  "portrange": z.array(rangeEnd, ENDS).min(2, ENDS).max(2, ENDS).optional()
    .describe(
      "In place of the port: first and last of a range, of which the first free one is taken",
    ),
  "interface": text(
    "Address or host name to listen on (default: all interfaces). 127.0.0.1 is this machine only",
  ).optional(),
  "version": z.union([z.literal(4), z.literal(6)], "4 or 6").optional().describe(
    "Version of IP (default: what the interface says, else 4); 6 without an interface accepts both",
  ),
  backlog,
  "shared": flag(
    false,
    "Let other processes listen on the same port; Linux spreads the connections",
  ),
  "tls": tls.optional(),
  ...behindProxy(),
  "user_timeout": refused(
    "no runtime can set TCP_USER_TIMEOUT; remove the key and use auto_ping_timeout",
  ),
}));

const unix = section("A unix domain socket", () => ({
  "type": z.literal("unix"),
  "path": text("Path of the socket, relative to the node directory; a stale socket is replaced"),
  backlog,
  ...behindProxy(),
}));

/** Beyond Crossbar.io. */
const inherited = section(
  "A socket that the service manager has opened and passes on (systemd: a .socket unit)",
  () => ({
    "type": z.literal("inherited"),
    "name": text("What the manager calls it, systemd by FileDescriptorName= (default: any)")
      .optional(),
    "index": whole({ min: 0, max: 1023 }, "Which of those, in the manager's order, from 0")
      .default(0),
    "tls": tls.optional(),
    ...behindProxy(),
  }),
);

const REFUSED = {
  "twisted": 'endpoints of Twisted are Python; write a "tcp" or "unix" endpoint',
  "onion": 'Tor services come with a later version; write a "tcp" endpoint and point Tor to it',
};

export const endpoint = kinds("Where to listen", [tcp, unix, inherited], [
  "tcp",
  "unix",
  "inherited",
], REFUSED);

export type EndpointConfig = z.output<typeof endpoint>;
export type TlsConfig = z.output<typeof tls>;
