import { signAsync, utils } from "@noble/secp256k1";
import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, toHex } from "../../../auth/bytes.ts";
import { type Trustroot, trustrootPrincipals } from "../../../auth/certificates.ts";
import { cryptosignClient, cryptosignRouter, signingKey } from "../../../auth/cryptosign.ts";
import { certificateDigest, signerOf } from "../../../auth/eip712.ts";
import type { Dict } from "../../../wamp/message.ts";
import { admittedAs, assertDenied, play, requestWith } from "./auth_kit.ts";

const DELEGATE = "EIP712DelegateCertificate";
const AUTHORITY = "EIP712AuthorityCertificate";

type Entry = readonly [Dict, string];

/** The specification's third example: delegate, intermediate, root. */
const EXAMPLE: readonly Entry[] = [
  [
    {
      "primaryType": DELEGATE,
      "message": {
        "bootedAt": 1658765756680628959n,
        "chainId": 1,
        "csPubKey": "12ae0184b180e9a9c5e45be4a1afbce3c6491320063701cd9c4011a777d04089",
        "delegate": "0xf5173a6111B2A6B3C20fceD53B2A8405EC142bF6",
        "meta": "",
        "validFrom": 15212703,
        "verifyingContract": "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57",
      },
    },
    "8fe06bb269110c6bc0e011ea2b7da07091c674f7fe67458c1805157157da702b70b56cdf662666dc386820ded0116b6" +
    "b84151df1ed65210eeecd7e477cdb765b1b",
  ],
  [
    {
      "primaryType": AUTHORITY,
      "message": {
        "capabilities": 12,
        "chainId": 1,
        "issuer": "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57",
        "meta": "",
        "realm": "0xA6e693CC4A2b4F1400391a728D26369D9b82ef96",
        "subject": "0xf5173a6111B2A6B3C20fceD53B2A8405EC142bF6",
        "validFrom": 15212703,
        "verifyingContract": "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57",
      },
    },
    "0c0eb60a108dbd72a204b41c1d18505358e4e7886b0c9787192a33ac9e0f94c92ce158f8de576fa9cccf28a8c9404ed" +
    "66c2d355ea4ae7ee65cff0b73215b91bb1c",
  ],
  [
    {
      "primaryType": AUTHORITY,
      "message": {
        "capabilities": 63,
        "chainId": 1,
        "issuer": "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57",
        "meta": "",
        "realm": "0xA6e693CC4A2b4F1400391a728D26369D9b82ef96",
        "subject": "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57",
        "validFrom": 15212703,
        "verifyingContract": "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57",
      },
    },
    "be35c8d6ae735d3bd8b5e27b1e1a067eba53e6a1cb4ef0f607c4717435e8ffa676246e7d08dfb4e83c78ad26f423b72" +
    "7b5d2c90627bdf6c94c1dbdf01979c34b1c",
  ],
];
const TRUSTROOT = "0xf766Dc789CF04CD18aE75af2c5fAf2DA6650Ff57";
const EXAMPLE_KEY = "12ae0184b180e9a9c5e45be4a1afbce3c6491320063701cd9c4011a777d04089";

function finds(
  trustroot: Partial<Trustroot>,
  authextra: Dict,
  more: { readonly publicKey?: string; readonly realm?: string; readonly block?: bigint } = {},
) {
  const { publicKey = EXAMPLE_KEY, realm = "realm1", block } = more;
  const principals = trustrootPrincipals(
    { "realm1": { trustroot: TRUSTROOT, role: "user", ...trustroot } },
    block === undefined ? {} : { blockNumber: () => Promise.resolve(block) },
  );
  const request = requestWith({ authextra }, { realm });
  return principals.find({ authmethod: "cryptosign", request, authid: undefined, publicKey });
}

test("Certificates: the specification's example names the delegate, in its checksummed form", async () => {
  const authextra = { "certificates": EXAMPLE, "trustroot": TRUSTROOT };
  assert.deepEqual(await finds({}, authextra), {
    "authid": "0xf5173a6111B2A6B3C20fceD53B2A8405EC142bF6",
    "role": "user",
    "pubkey": EXAMPLE_KEY,
  });
  const hashed = EXAMPLE.map((entry) => ["00", ...entry]);
  assert(await finds({}, { ...authextra, "certificates": hashed }));
  const expected = {
    trustroot: TRUSTROOT.toLowerCase(),
    realm: "0xA6e693CC4A2b4F1400391a728D26369D9b82ef96",
    verifyingContract: TRUSTROOT,
    chainId: 1,
  };
  assert(await finds(expected, authextra, { block: 15212704n }));
});

test("Certificates: what the operator expects, the chain must have", async () => {
  const authextra = { "certificates": EXAMPLE, "trustroot": TRUSTROOT };
  const other = "0xA6e693CC4A2b4F1400391a728D26369D9b82ef97";
  const unmet: readonly Partial<Trustroot>[] = [
    { trustroot: other },
    { realm: other },
    { verifyingContract: other },
    { chainId: 5 },
  ];
  for (const trustroot of unmet) assert.equal(await finds(trustroot, authextra), undefined);
  assert.equal(await finds({}, authextra, { block: 15212703n }), undefined);
  assert.equal(await finds({}, authextra, { realm: "realm2" }), undefined);
  assert.equal(await finds({}, authextra, { publicKey: "00".repeat(32) }), undefined);
  for (const asked of [undefined, null, other, "0x", 7]) {
    assert.equal(await finds({}, { ...authextra, "trustroot": asked }), undefined);
  }
});

test("Certificates: of the example nothing can be changed or left out", async () => {
  const chains: unknown[] = [
    undefined,
    "x",
    [],
    EXAMPLE.slice(0, 1),
    EXAMPLE.slice(0, 2),
    EXAMPLE.slice(1),
    [...EXAMPLE].reverse(),
    Array.from({ length: 9 }, () => EXAMPLE[0]),
    [EXAMPLE[0], EXAMPLE[2]],
    [EXAMPLE[0], null, EXAMPLE[2]],
    [EXAMPLE[0], [], EXAMPLE[2]],
    [EXAMPLE[0], [{}, ""], EXAMPLE[2]],
  ];
  for (const [index, [data, signature]] of EXAMPLE.entries()) {
    const message = data["message"] as Dict;
    for (const key of Object.keys(message)) {
      for (const value of [undefined, 7, `0x${"1".repeat(40)}`, 2 ** 60]) {
        const changed = [{ ...data, "message": { ...message, [key]: value } }, signature];
        chains.push(EXAMPLE.map((entry, i) => i === index ? changed : entry));
      }
    }
    for (
      const sign of ["", "00".repeat(65), `${signature.slice(0, -2)}1d`, `f${signature.slice(1)}`]
    ) {
      chains.push(EXAMPLE.map((entry, i) => i === index ? [data, sign] : entry));
    }
  }
  for (const certificates of chains) {
    const authextra = { certificates, "trustroot": TRUSTROOT };
    assert.equal(await finds({}, authextra), undefined, String(certificates));
  }
});

const CLIENT_KEY = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
const { publicKey } = await signingKey(CLIENT_KEY);
const CONTRACT = `0x${"c".repeat(40)}`;
const REALM = `0x${"d".repeat(40)}`;

type Type = typeof DELEGATE | typeof AUTHORITY;

/** Somebody with an Ethereum key. */
async function party() {
  const secret = utils.randomSecretKey();
  const sign = async (type: Type, message: Dict): Promise<Entry> => {
    const digest = await certificateDigest({ type, message }) ?? assert.fail();
    const signature = await signAsync(digest, secret, { prehash: false, format: "recovered" });
    const [recovery = 0, ...rest] = signature;
    const hex = toHex(concat(Uint8Array.from(rest), Uint8Array.of(27 + recovery)));
    return [{ "primaryType": type, message }, hex];
  };
  // Whom it signs as: found out by signing once, with any address in the certificate.
  const probe = delegation(CONTRACT);
  const [, signature] = await sign(DELEGATE, probe);
  const address = await signerOf({ type: DELEGATE, message: probe }, signature) ?? assert.fail();
  return { sign, address };
}
type Party = Awaited<ReturnType<typeof party>>;

function delegation(delegate: string): Dict {
  return {
    "chainId": 1,
    "verifyingContract": CONTRACT,
    "validFrom": 30,
    "delegate": delegate,
    "csPubKey": publicKey,
    "bootedAt": 1,
    "meta": "",
  };
}

function authority(issuer: Party, subject: Party, capabilities: number, validFrom: number): Dict {
  return {
    "chainId": 1,
    "verifyingContract": CONTRACT,
    "validFrom": validFrom,
    "issuer": issuer.address,
    "subject": subject.address,
    "realm": REALM,
    "capabilities": capabilities,
    "meta": "{}",
  };
}

const [root, middle, leaf] = [await party(), await party(), await party()];
const messages = {
  leaf: delegation(leaf.address),
  lower: authority(middle, leaf, 12, 20),
  upper: authority(root, middle, 14, 10),
  root: authority(root, root, 63, 5),
};

async function joins(changes: Partial<Record<keyof typeof messages, Dict>> = {}): Promise<boolean> {
  const of = (key: keyof typeof messages): Dict => ({ ...messages[key], ...changes[key] });
  const certificates = [
    await leaf.sign(DELEGATE, of("leaf")),
    await middle.sign(AUTHORITY, of("lower")),
    await root.sign(AUTHORITY, of("upper")),
    await root.sign(AUTHORITY, of("root")),
  ];
  const trustroots = { "realm1": { trustroot: root.address, role: "user" } };
  const router = cryptosignRouter({ principals: trustrootPrincipals(trustroots) });
  const authextra = { certificates, "trustroot": root.address };
  const step = await play([router], [cryptosignClient({ privkey: CLIENT_KEY, authextra })]);
  if ("refusal" in step) assertDenied(step, "no such principal");
  else assert.equal(admittedAs(step).authid, leaf.address);
  return !("refusal" in step);
}

test("Certificates: a client with a chain to the trustroot of the realm is admitted", async () => {
  assert(await joins());
});

test("Certificates: each rule of the specification is needed, though all signatures are good", async () => {
  const other = `0x${"e".repeat(40)}`;
  const broken: readonly Parameters<typeof joins>[0][] = [
    { leaf: { "chainId": 5 } },
    { upper: { "verifyingContract": other } },
    { lower: { "realm": other } },
    { root: { "subject": middle.address } },
    { upper: { "subject": leaf.address } },
    { lower: { "subject": root.address } },
    { root: { "validFrom": 11 } },
    { upper: { "validFrom": 21 } },
    { lower: { "validFrom": 31 } },
    { upper: { "capabilities": 64 + 14 } },
    { lower: { "capabilities": 15 } },
    { root: { "capabilities": 62 } },
    { lower: { "issuer": leaf.address } },
    { leaf: { "delegate": middle.address } },
    { leaf: { "csPubKey": EXAMPLE_KEY } },
  ];
  for (const changes of broken) assert(!await joins(changes), JSON.stringify(changes));
});

test("Certificates: JSON's numbers beyond 2^53 have lost their digits, and are no longer what was signed", async () => {
  const message = { ...delegation(leaf.address), "bootedAt": 1658765756680628959n };
  const [, signature] = await leaf.sign(DELEGATE, message);
  assert.equal(await signerOf({ type: DELEGATE, message }, signature), leaf.address);
  const rounded = { ...message, "bootedAt": Number(1658765756680628959n) };
  assert.equal(await signerOf({ type: DELEGATE, message: rounded }, signature), undefined);
});
