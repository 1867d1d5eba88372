import assert from "node:assert/strict";
import { test } from "node:test";
import {
  concat,
  fromBase64,
  fromHex,
  isEqual,
  randomBytes,
  toBase64,
  toHex,
  utf8,
  xor,
} from "../../../auth/bytes.ts";

test("Bytes: hexadecimal goes there and back, lower-case, either case taken", () => {
  assert.equal(toHex(Uint8Array.of(0, 15, 255)), "000fff");
  assert.deepEqual(fromHex("000FfF"), Uint8Array.of(0, 15, 255));
  assert.deepEqual(fromHex(""), new Uint8Array());
});

test("Bytes: what is no hexadecimal, or of another length, is none", () => {
  for (const text of ["0", "0g", "0x00", " 00", "00 ", 12, null, undefined, ["00"], {}]) {
    assert.equal(fromHex(text), undefined, String(text));
  }
  assert.equal(fromHex("0000", 1), undefined);
  assert.equal(fromHex("00", 2), undefined);
});

test("Bytes: Base64 is canonical: padded, no whitespace, no stray bits", () => {
  for (const text of ["", "f", "fo", "foo", "foob", "fooba", "foobar"]) {
    const bytes = utf8(text);
    assert.deepEqual(fromBase64(toBase64(bytes)), bytes, text);
  }
  for (const text of ["Zg", "Zg=", "Zh==", "Zm9v\n", " Zm9v", "Zm-_", "====", "Z===", 7, null]) {
    assert.equal(fromBase64(text), undefined, String(text));
  }
});

test("Bytes: combining and comparing look at every byte", () => {
  assert.deepEqual(
    concat(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3)),
    Uint8Array.of(1, 2, 3),
  );
  assert.deepEqual(xor(Uint8Array.of(0xf0, 1), Uint8Array.of(0xff, 1)), Uint8Array.of(0x0f, 0));
  assert.throws(() => xor(new Uint8Array(1), new Uint8Array(2)), /expected one length/);
  const bytes = randomBytes(32);
  assert(isEqual(bytes, bytes.slice()));
  for (let i = 0; i < 32; i++) {
    const other = bytes.slice();
    other[i] = (other[i] ?? 0) ^ 1;
    assert(!isEqual(bytes, other));
  }
  assert(!isEqual(bytes, bytes.slice(1)));
});
