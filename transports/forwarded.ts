/**
 * Whom proxies speak for: addresses that are trusted, and what they say in `X-Forwarded-For` or `Forwarded` [RFC 7239]. Each proxy appends who
 * it was asked by, so the last address that is no trusted proxy is the peer's; what stands before it, anybody may have written.
 */
import { BlockList, isIP } from "node:net";
import type { Address } from "./byte_stream.ts";

export class TrustedProxies {
  readonly #list = new BlockList();

  /** @param networks addresses, or networks as "10.0.0.0/8"; `problemOf` says whether they are. */
  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = "", bits] = network.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  has(host: string): boolean {
    const version = isIP(host);
    return version !== 0 && this.#list.check(host, version === 6 ? "ipv6" : "ipv4");
  }

  /** The peer behind the proxy at `remote`; undefined when that is no proxy of ours, or says nothing.
   * @param headers of the request, with lower-case names. */
  peerBehind(
    remote: Address,
    headers: Readonly<Record<string, string | undefined>>,
  ): Address | undefined {
    if ("host" in remote && !this.has(remote.host)) return undefined;
    const chain = addressesIn(headers);
    let peer: Address | undefined;
    for (const address of chain.toReversed()) {
      if (address === undefined) break;
      peer = address;
      if (!this.has(address.host)) break;
    }
    return peer;
  }
}

/** What is wrong with an address or network; undefined when nothing is. */
export function networkProblem(network: string): string | undefined {
  const [address = "", bits, ...more] = network.split("/");
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  // A zone ("fe80::1%eth0") is of this machine, and no list of addresses takes it.
  const isNetwork = version !== 0 && !address.includes("%") && more.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
  return isNetwork ? undefined : 'an address, or a network such as "10.0.0.0/8"';
}

interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** In order, the first the farthest; undefined for what is no address. */
function addressesIn(
  headers: Readonly<Record<string, string | undefined>>,
): (TcpAddress | undefined)[] {
  const forwardedFor = headers["x-forwarded-for"];
  if (forwardedFor !== undefined) return forwardedFor.split(",").map(addressOf);
  return (headers["forwarded"] ?? "").split(",").flatMap((element) => {
    const [, node] = /(?:^|;)\s*for=("[^"]*"|[^;,\s]*)/i.exec(element) ?? [];
    return node === undefined ? [] : [addressOf(node.replaceAll('"', ""))];
  });
}

/** "192.0.2.1", "192.0.2.1:4711", "[2001:db8::1]:4711", "2001:db8::1". */
function addressOf(text: string): TcpAddress | undefined {
  const plain = text.trim();
  if (isIP(plain) !== 0) return { host: plain, port: 0 };
  const [, bracketed, dotted, port = "0"] =
    /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(plain) ?? [];
  const host = bracketed ?? dotted ?? "";
  return isIP(host) === 0 ? undefined : { host, port: Number(port) };
}
