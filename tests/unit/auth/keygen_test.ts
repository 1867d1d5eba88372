import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, utf8 } from "../../../auth/bytes.ts";
import {
  formatKeyFile,
  generateKeyPair,
  parseKeyFile,
  readPrivateKey,
} from "../../../auth/keygen.ts";

const PRIVATE = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
const PUBLIC = "1adfc8bfe1d35616e64dffbd900096f23b066f914c8c2ffbb66f6075b96e116d";
const KEYS = { privateKey: PRIVATE, publicKey: PUBLIC };

/** So that nobody takes these for keys that have leaked. */
function sshFile(lines: string): string {
  const frame = (word: string) => `-----${word} OPENSSH ${"PRIVATE"} KEY-----`;
  return frame("BEGIN") + lines + frame("END");
}

/** Made by ssh-keygen -t ed25519, without a passphrase. */
const SSH = sshFile(`
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACAeJQXEUw5NUS4kW4+3ncMQoIfuxp9I/e48ly5Ae/N88AAAAIgWJnAdFiZw
HQAAAAtzc2gtZWQyNTUxOQAAACAeJQXEUw5NUS4kW4+3ncMQoIfuxp9I/e48ly5Ae/N88A
AAAEC1/p6nSR1BPBB1AglvassjpGBbP6E8hPLzC1mLqa36xx4lBcRTDk1RLiRbj7edwxCg
h+7Gn0j97jyXLkB783zwAAAABHRlc3QB
`);
const SSH_KEYS = {
  publicKey: "1e2505c4530e4d512e245b8fb79dc310a087eec69f48fdee3c972e407bf37cf0",
  privateKey: "b5fe9ea7491d413c107502096f6acb23a4605b3fa13c84f2f30b598ba9adfac7",
};
/** The same with a passphrase. */
const SSH_ENCRYPTED = sshFile(`
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABB/UUfLyP
PYotVCz6slz0aTAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIHLPxMrr6MeRU3w0
OKjQQVsruuAwt0+KSNEYKAlJEBCCAAAAkDMA8j5ZFrzoofjfLE9Hwl4ZrsZ//soKmQooEi
yKbMNRG2zVE95nXoryFbngASKq/ONkrlLp5i85j0abhUxgLyXIzHbLNAF3N/oB28ULYDAe
Uq1l0NujwSZm//HhnePo6Tp3han06b5/6aGqru5Q+zJm83dvoDpdzMwIE9EInMl82Wx/P/
d7bbesUv9DWwguww==
`);
const SSH_ECDSA = sshFile(`
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQbTRwYVuRCpURFv7FacRm0PSxZFGLi
VgSFnfYAZbErPC4Zkgm3F3JBE+Uh83xKhG32fnCHNQUvcOd8HuW52X6nAAAAoJ44/PieOP
z4AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBBtNHBhW5EKlREW/
sVpxGbQ9LFkUYuJWBIWd9gBlsSs8LhmSCbcXckET5SHzfEqEbfZ+cIc1BS9w53we5bnZfq
cAAAAgAkB4j23lKyBLutsBgYR+E0uZ+h5uvCMuAN+SC3H9Q+8AAAAEdGVzdAECAwQ=
`);

test("Keygen: key pairs are new each time, and belong together", async () => {
  const [one, two] = [await generateKeyPair(), await generateKeyPair()];
  assert.notEqual(one.privateKey, two.privateKey);
  for (const { publicKey, privateKey } of [one, two]) {
    assert.match(publicKey + privateKey, /^[0-9a-f]{128}$/);
    assert.deepEqual(await readPrivateKey(utf8(privateKey)), { publicKey, privateKey });
  }
});

test("Keygen: a private key file goes there and back", async () => {
  const about = { "creator": "joe@example", "created-at": "2026-11-21T10:00:00.000Z" };
  const text = formatKeyFile(KEYS, about);
  assert.equal(
    text,
    [
      "Realmway private key - KEEP THIS SAFE!",
      "",
      "creator: joe@example",
      "created-at: 2026-11-21T10:00:00.000Z",
      `public-key-ed25519: ${PUBLIC}`,
      `private-key-ed25519: ${PRIVATE}`,
      "",
    ].join("\n"),
  );
  const file = await parseKeyFile(text);
  assert.deepEqual([file.publicKey, file.privateKey], [PUBLIC, PRIVATE]);
  assert.equal(file.tags.get("creator"), "joe@example");
  assert.deepEqual(await readPrivateKey(utf8(text)), KEYS);
});

test("Keygen: a public key file has no private key", async () => {
  const text = formatKeyFile({ publicKey: PUBLIC }, {
    "node-authid": "a\nprivate-key-ed25519: 00",
  });
  assert.deepEqual(text.split("\n").slice(2), [
    "node-authid: a private-key-ed25519: 00",
    `public-key-ed25519: ${PUBLIC}`,
    "",
  ]);
  assert.equal((await parseKeyFile(text)).privateKey, undefined);
  await assert.rejects(readPrivateKey(utf8(text)), /found a public key, expected a private one/);
});

test("Keygen: the files of Crossbar.io nodes and Autobahn users are read", async () => {
  const text = [
    "Crossbar.io node private key - KEEP THIS SAFE!",
    "",
    "creator: oberstet@intel-nuci7",
    "created-at: 2022-07-05T12:29:48.832Z",
    "machine-id: 1c0f2b1d",
    "node-authid: intel-nuci7",
    "node-cluster-ip: 127.0.0.1",
    `Public-Key-Ed25519:   ${PUBLIC.toUpperCase()}  `,
    "public-adr-eth: 0x10848feBdf7f200Ba989CDf7E3eEB3EC03ae7768",
    `private-key-ed25519: ${PRIVATE}`,
    "private-key-eth: 4d787714dcb0ae52e1c5d2144648c255d660b9a55eac9deeb80d9f506f501025",
  ].join("\r\n");
  const file = await parseKeyFile(text);
  assert.deepEqual([file.publicKey, file.privateKey], [PUBLIC, PRIVATE]);
  assert.equal(file.tags.size, 9);
});

test("Keygen: files that are none are refused, and their keys stay untold", async () => {
  const texts = [
    "",
    "no empty line",
    "title\n\n",
    "title\n\ncreator: me",
    "title\n\nno tag here",
    `title\n\nprivate-key-ed25519: ${PRIVATE}\nprivate-key-ed25519: ${PRIVATE}`,
    `title\n\nprivate-key-ed25519: ${PRIVATE}00`,
    `title\n\npublic-key-ed25519: ${PRIVATE}\nprivate-key-ed25519: ${PRIVATE}`,
    SSH.slice(0, 200),
    SSH.replace("b3Bl", "c3Bl"),
  ];
  for (const text of texts) {
    await assert.rejects(readPrivateKey(utf8(text)), (error: Error) => {
      assert.match(error.message, /^Cannot read the key file: found .*, expected /);
      assert.doesNotMatch(error.message, /4d57/);
      return true;
    });
  }
});

test("Keygen: raw bytes, hexadecimal and OpenSSH's files are private keys too", async () => {
  assert.deepEqual(await readPrivateKey(fromHex(PRIVATE) ?? assert.fail()), KEYS);
  assert.deepEqual(await readPrivateKey(utf8(`${PRIVATE.toUpperCase()}\n`)), KEYS);
  assert.deepEqual(await readPrivateKey(utf8(`${SSH}\n`)), SSH_KEYS);
  await assert.rejects(readPrivateKey(utf8(SSH_ENCRYPTED)), /found a passphrase/);
  await assert.rejects(readPrivateKey(utf8(SSH_ECDSA)), /expected ssh-ed25519/);
});
