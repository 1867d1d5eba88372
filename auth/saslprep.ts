/**
 * SASLprep (RFC 4013): the one form of names and passwords that peers type in different ways. Used by `scram.ts` on both sides.
 * The tables of RFC 3454 as regular expressions. DEVIATION: normalized by the platform's version of Unicode and not by 3.2, and
 * code points that 3.2 did not know are let through, as RFC 4013 has it for queries.
 */

/** Table B.1: mapped to nothing. */
const NOTHING =
  /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/** Table C.1.2: mapped to a space. */
const SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** Tables C.1.2 and C.2.1 to C.9. */
const PROHIBITED = new RegExp(
  [
    SPACE.source,
    // C.2.1, C.2.2: control characters
    String.raw`[\p{Cc}\u06dd\u070f\u180e\u200c\u200d\u2028\u2029\u2060-\u2063\u206a-\u206f\ufeff]`,
    String.raw`[\ufff9-\ufffc\u{1d173}-\u{1d17a}]`,
    // C.3 private use, C.4 no characters, C.5 surrogates
    String.raw`[\p{Co}\p{Noncharacter_Code_Point}\p{Cs}]`,
    // C.6 to C.9: not for plain text, not canonical, changing display, tagging
    String.raw`[\ufffd\u2ff0-\u2ffb\u0340\u0341\u200e\u200f\u202a-\u202e]`,
    String.raw`[\u{e0001}\u{e0020}-\u{e007f}]`,
  ].join("|"),
  "u",
);
/** Table D.1: written from right to left. */
const RIGHT_TO_LEFT = String
  .raw`[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]`;
const HAS_RIGHT_TO_LEFT = new RegExp(RIGHT_TO_LEFT, "u");
const IS_RIGHT_TO_LEFT = new RegExp(`^${RIGHT_TO_LEFT}(?:.*${RIGHT_TO_LEFT})?$`, "su");
/** Table D.2, as good as: letters that are not of table D.1. */
const HAS_LEFT_TO_RIGHT = new RegExp(`(?!${RIGHT_TO_LEFT})\\p{L}`, "u");

/** @returns undefined when `text` has a character that is prohibited, or mixes directions of writing. */
export function saslprep(text: string): string | undefined {
  const prepared = text.replace(NOTHING, "").replace(SPACE, " ").normalize("NFKC");
  if (PROHIBITED.test(prepared)) return undefined;
  if (!HAS_RIGHT_TO_LEFT.test(prepared)) return prepared;
  const isOneWay = IS_RIGHT_TO_LEFT.test(prepared) && !HAS_LEFT_TO_RIGHT.test(prepared);
  return isOneWay ? prepared : undefined;
}
