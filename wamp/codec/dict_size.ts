/** How large dictionaries of messages may be. Asked by the codecs that read bytes. */
import { DecodeError } from "../protocol_error.ts";

/** Options and details beyond this are refused: reading them takes a while, and everybody else waits meanwhile. */
export const MAX_DICT_BYTES = 262_144;

export function expectDictSize(field: string, size: number): void {
  if (size <= MAX_DICT_BYTES) return;
  throw new DecodeError(
    `Cannot read ${field}: found ${size} bytes, expected at most ${MAX_DICT_BYTES}`,
  );
}
