import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, fromHex, toHex, utf8 } from "../../../auth/bytes.ts";
import * as native from "../../../auth/crypto.ts";
import * as noble from "../../../auth/crypto_noble.ts";

function hex(text: string): Bytes {
  const bytes = fromHex(text);
  assert(bytes !== undefined);
  return bytes;
}

const IMPLEMENTATIONS = { native, noble };

/** RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
const ED25519 = [
  {
    seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    message: "",
    signature:
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6" +
      "1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  },
  {
    seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    message: "72",
    signature:
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e45" +
      "8f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  },
  {
    seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    message: "af82",
    signature:
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae" +
      "67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  },
  {
    seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    message:
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c2" +
      "3a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    signature:
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfd" +
      "fbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  },
];

for (const [name, crypto] of Object.entries(IMPLEMENTATIONS)) {
  test(`Crypto: Ed25519 of RFC 8032, ${name}`, async () => {
    for (const { seed, publicKey, message, signature } of ED25519) {
      assert.equal(toHex(await crypto.ed25519PublicKey(hex(seed))), publicKey);
      assert.equal(toHex(await crypto.ed25519Sign(hex(seed), hex(message))), signature);
      assert(await crypto.ed25519Verify(hex(publicKey), hex(signature), hex(message)));
    }
  });

  test(`Crypto: Ed25519 verifies nothing else, ${name}`, async () => {
    const { publicKey, message, signature } = ED25519[2] ?? assert.fail();
    const verify = (key: Bytes, text: Bytes, data: Bytes) => crypto.ed25519Verify(key, text, data);
    const broken = (text: string) => hex(text).map((byte, i) => i === 31 ? byte ^ 1 : byte);
    assert(!await verify(hex(publicKey), hex(signature), hex("af83")));
    assert(!await verify(hex(publicKey), broken(signature), hex(message)));
    assert(!await verify(broken(publicKey), hex(signature), hex(message)));
    assert(!await verify(hex(publicKey).slice(1), hex(signature), hex(message)));
    assert(!await verify(hex(publicKey), hex(signature).slice(1), hex(message)));
    assert(!await verify(new Uint8Array(), new Uint8Array(), hex(message)));
    assert(!await verify(new Uint8Array(32).fill(2), new Uint8Array(64), hex(message)));
  });

  test(`Crypto: HMAC-SHA-256 of RFC 4231 and PBKDF2 of RFC 7914, ${name}`, async () => {
    assert.equal(
      toHex(await crypto.hmacSha256(utf8("Jefe"), utf8("what do ya want for nothing?"))),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    assert.equal(
      toHex(await crypto.pbkdf2(utf8("passwd"), utf8("salt"), 1, 64)),
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc" +
        "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    );
    assert.equal(
      toHex(await crypto.sha256(utf8("abc"))),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
}

test("Crypto: keys of small order verify nothing, though the equation would hold", async () => {
  const identity = hex("01" + "00".repeat(31));
  const signature = hex("01" + "00".repeat(63));
  assert(!await native.ed25519Verify(identity, signature, utf8("whatever")));
  const { Point } = await import("@noble/ed25519");
  const small = ["00".repeat(32), "01" + "00".repeat(31), "ec" + "ff".repeat(30) + "7f"].concat(
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  );
  for (const key of small) {
    assert(Point.fromHex(key).isSmallOrder(), key);
    assert(!await native.ed25519Verify(hex(key), signature, utf8("whatever")), key);
  }
});

test("Crypto: Argon2id is that of the reference implementation", async () => {
  // argon2-cffi 25.1: secret "password", salt "somesaltSOMESALT", t=2, m=512, p=1
  const hash = await native.argon2id(utf8("password"), utf8("somesaltSOMESALT"), 2, 512);
  assert.equal(toHex(hash), "4554d2808ca6c6ecdd4f063bbbeb4afc26eed0250dbe799097d30491b13275cd");
});

test("Crypto: secrets are the same or not, whatever their length", async () => {
  assert(await native.isSameSecret("secret", "secret"));
  assert(!await native.isSameSecret("secret", "secret2"));
  assert(!await native.isSameSecret("secret", ""));
  assert(await native.isSameSecret("", ""));
  assert(!await native.isSameSecret("é", "e\u0301"));
});
