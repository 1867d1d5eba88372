/**
 * Trustroots of cryptosign: a peer whose key nobody has configured is known by a chain of certificates, from a delegate certificate
 * with its key to the root that the operator trusts. Checks the specification's rules CCR-1 to CCR-12 on the chain that the peer sends.
 * DEVIATION: standalone trustroots alone. Those that are stored on a blockchain need a node of that chain to ask. `validFrom` is
 * compared with the block number if the operator has a source of it. [WAMP trustrootcerts]
 */
import type { Dict } from "../wamp/message.ts";
import { isDict } from "../wamp/options.ts";
import { fromHex, toHex } from "./bytes.ts";
import { addressIn, type Certificate, signerOf, uintIn } from "./eip712.ts";
import type { Principals } from "./principals.ts";

export interface Trustroot {
  /** Ethereum address of the root's issuer: "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57". */
  readonly trustroot: string;
  /** The role of all who come with a chain. */
  readonly role: string;
  /** What the certificates must name, where they must: the address of the realm, of the contract, and the id of the blockchain. */
  readonly realm?: string;
  readonly verifyingContract?: string;
  readonly chainId?: number;
}

export interface TrustrootOptions {
  /** The number of the newest block, as `validFrom` counts. Default: `validFrom` is only compared between certificates. */
  readonly blockNumber?: () => Promise<bigint>;
}

/** The root certificate may do this. */
const CAPABILITY_ROOT_CA = 1n;
const MOST_CERTIFICATES = 8;
const DELEGATE = "EIP712DelegateCertificate";
const AUTHORITY = "EIP712AuthorityCertificate";

/** For `cryptosignRouter`: who has a chain up to the trustroot of the realm, is known by the delegate's address.
 *
 * @param trustroots by realm. */
export function trustrootPrincipals(
  trustroots: Readonly<Record<string, Trustroot>>,
  options: TrustrootOptions = {},
): Principals {
  const byRealm = new Map(Object.entries(trustroots));
  return {
    async find({ request, publicKey }) {
      const root = byRealm.get(request.realm);
      if (root === undefined || publicKey === undefined) return undefined;
      const block = await options.blockNumber?.();
      const chain = await verifiedChain(request.authextra, root, block);
      const [delegate] = chain ?? [];
      if (delegate?.key !== publicKey) return undefined;
      return { "authid": delegate.name, "role": root.role, "pubkey": publicKey };
    },
  };
}

/** What the rules compare, of either type of certificate. Addresses in lower case. */
interface Link {
  /** Who vouches: the issuer; of a delegate certificate, the delegate. */
  readonly signer: string;
  /** Who is vouched for. */
  readonly subject: string;
  /** The subject as it is written with its checksum. */
  readonly name: string;
  readonly chainId: bigint;
  readonly contract: string;
  readonly validFrom: bigint;
  /** Of an authority certificate. */
  readonly realm: string | undefined;
  readonly capabilities: bigint;
  /** Of a delegate certificate: the peer's public key, 64 hexadecimal digits. */
  readonly key: string | undefined;
}

/** The links of the peer's chain, delegate first; undefined when any rule is broken. */
async function verifiedChain(
  authextra: Dict,
  root: Trustroot,
  block: bigint | undefined,
): Promise<readonly Link[] | undefined> {
  const given = authextra["certificates"];
  const asked = addressIn(authextra, "trustroot");
  const trusted = root.trustroot.toLowerCase();
  if (!Array.isArray(given) || given.length < 2 || given.length > MOST_CERTIFICATES) {
    return undefined;
  }
  if (asked?.toLowerCase() !== trusted) return undefined;
  const links: Link[] = [];
  for (const [index, entry] of given.entries()) {
    const link = await linkOf(entry, index === 0 ? DELEGATE : AUTHORITY);
    if (link === undefined) return undefined;
    links.push(link);
  }
  const isChain = links.every((link, i) => {
    const next = links[i + 1];
    return isExpected(link, root, block) && isLike(link, links) &&
      (next === undefined ? isRoot(link, trusted) : isVouchedFor(link, next));
  });
  return isChain ? links : undefined;
}

/** CCR-3, CCR-10 to CCR-12. */
async function linkOf(entry: unknown, type: Certificate["type"]): Promise<Link | undefined> {
  // Crossbar.io's clients put a hash before certificate and signature.
  const [data, signature] = Array.isArray(entry) ? entry.slice(-2) : [];
  const message = isDict(data) ? data["message"] : undefined;
  if (!isDict(data) || !isDict(message) || data["primaryType"] !== type) return undefined;
  const isDelegate = type === DELEGATE;
  const signer = addressIn(message, isDelegate ? "delegate" : "issuer");
  const subject = addressIn(message, isDelegate ? "delegate" : "subject");
  const contract = addressIn(message, "verifyingContract");
  const realm = isDelegate ? undefined : addressIn(message, "realm");
  if (signer === undefined || subject === undefined || contract === undefined) return undefined;
  const recovered = await signerOf({ type, message }, signature);
  if (recovered === undefined || recovered.toLowerCase() !== signer.toLowerCase()) return undefined;
  return {
    signer: signer.toLowerCase(),
    subject: subject.toLowerCase(),
    name: recovered,
    chainId: uintIn(message, "chainId") ?? -1n,
    contract: contract.toLowerCase(),
    validFrom: uintIn(message, "validFrom") ?? -1n,
    realm: realm?.toLowerCase(),
    capabilities: uintIn(message, "capabilities") ?? 0n,
    key: isDelegate ? keyIn(message) : undefined,
  };
}

function keyIn(message: Dict): string | undefined {
  const bytes = fromHex(String(message["csPubKey"]).replace(/^0x/, ""), 32);
  return bytes && toHex(bytes);
}

/** CCR-1 and CCR-2, as far as the operator expects something. */
function isExpected(link: Link, root: Trustroot, block: bigint | undefined): boolean {
  const { chainId, verifyingContract, realm } = root;
  return (chainId === undefined || link.chainId === BigInt(chainId)) &&
    (verifyingContract === undefined || link.contract === verifyingContract.toLowerCase()) &&
    (realm === undefined || link.realm === undefined || link.realm === realm.toLowerCase()) &&
    (block === undefined || link.validFrom < block);
}

/** CCR-1 and CCR-2: all certificates of a chain are about one realm, contract and blockchain. */
function isLike(link: Link, links: readonly Link[]): boolean {
  const root = links.at(-1);
  return link.chainId === root?.chainId && link.contract === root.contract &&
    (link.realm === undefined || link.realm === root.realm);
}

/** CCR-4. */
function isRoot(link: Link, trusted: string): boolean {
  return link.signer === link.subject && link.signer === trusted &&
    (link.capabilities & CAPABILITY_ROOT_CA) !== 0n;
}

/** CCR-5 to CCR-9: `next` is about who signed `link`, began before it, and may do all that it may do. */
function isVouchedFor(link: Link, next: Link): boolean {
  return link.signer === next.subject && next.validFrom <= link.validFrom &&
    (link.capabilities & ~next.capabilities) === 0n;
}
