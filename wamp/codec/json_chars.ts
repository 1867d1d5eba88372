/** The bytes that JSON is made of. */
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const ARRAY = 0x5b;
export const ARRAY_END = 0x5d;
export const OBJECT = 0x7b;
export const OBJECT_END = 0x7d;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const ZERO = 0x30;
export const NINE = 0x39;
export const PLUS = 0x2b;

/** 1 for the bytes that need attention within a string: quote, backslash and control characters. */
export const SPECIAL = Uint8Array.from(
  { length: 256 },
  (_, byte) => Number(byte < 0x20 || byte === QUOTE || byte === BACKSLASH),
);
