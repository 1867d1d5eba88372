/** The address in a peer's name, by which failures and sessions are counted. */

/** Without its port: "tcp4:192.0.2.1:50000" is "192.0.2.1"; of IPv6 the network that one customer has. */
export function addressIn(peer: string): string {
  const [, kind, rest = ""] = /^(tcp4|tcp6|unix):?(.*)$/.exec(peer) ?? [];
  if (kind === undefined || kind === "unix") return "unix";
  const address = rest.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  if (kind !== "tcp6" || isLoopback(address)) return address;
  return mapped(address) ?? networkOf(address);
}

/** The IPv4 address that balancers write as "::ffff:192.0.2.1" or "0:0:0:0:0:ffff:c000:201". */
function mapped(address: string): string | undefined {
  const [, rest] = /^(?:::|(?:0+:){5})ffff:([\da-f.:]+)$/i.exec(address) ?? [];
  if (rest === undefined || rest.includes(".")) return rest;
  const [high = 0, low = 0] = rest.split(":").map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** The first 64 bits: a customer has all of them. */
function networkOf(address: string): string {
  const [front = "", back] = address.split("::");
  const groups = (text: string | undefined) => text ? text.split(":") : [];
  const missing = 8 - groups(front).length - groups(back).length;
  const all = back === undefined
    ? groups(front)
    : [...groups(front), ...Array<string>(Math.max(0, missing)).fill("0"), ...groups(back)];
  return all.slice(0, 4).join(":");
}

/** This machine, and unix sockets: perhaps a proxy for many. */
export function isLoopback(address: string): boolean {
  return address === "unix" || address === "::1" || /^(::ffff:)?127\./.test(address);
}
