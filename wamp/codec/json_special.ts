/**
 * JSON with what JSON.parse knows nothing of: binary as U+0000 and Base64, integers of 64 bits as bigints, floats beyond 2^53 with a fraction.
 * Browsers load it at the first message that has some of it (`json_text.ts`). [WAMP serialization_binary_json]
 */
import { MAX_ID } from "../id.ts";
import { SPECIAL } from "./is_special_json.ts";

/** Strings, so that nothing within them is taken for a number, and whole numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;
/** Marks what stands for an integer; nobody can send a string that begins so. */
const MARK = `\0${crypto.getRandomValues(new Uint32Array(4)).join("-")}:`;

/** As JSON.parse, and with binary values and bigints. Throws SyntaxError. */
export function readValue(text: string): unknown {
  if (!SPECIAL.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKENS, (token) => {
    return LONG_INTEGER.test(token) ? JSON.stringify(MARK + token) : token;
  });
  return JSON.parse(marked, (_key, value) => typeof value === "string" ? special(value) : value);
}

/** Of a string that begins with U+0000 and what it stands for, that; else the string. */
function special(text: string): unknown {
  if (!text.startsWith("\0")) return text;
  if (text.startsWith(MARK)) {
    const value = BigInt(text.slice(MARK.length));
    const isExact = value <= MAX_ID && value >= -MAX_ID;
    return !isExact && value >= -(2n ** 63n) && value < 2n ** 64n ? value : Number(value);
  }
  const base64 = text.slice(1);
  if (base64.length % 4 !== 0 || !/^[\w+/]*={0,2}$/.test(base64) || base64.includes("_")) {
    return text;
  }
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
