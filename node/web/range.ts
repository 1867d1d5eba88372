/** One byte range of a file, as a request asks for it. [RFC 9110 section 14] */

export interface ByteRange {
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** Undefined: send everything, as for several ranges at once and for anything that is not understood. */
export function parseRange(
  headers: Headers,
  size: number,
  etag: string,
  modified: Date,
): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(headers.get("range") ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const condition = headers.get("if-range");
  if (condition !== null && condition !== etag && Date.parse(condition) !== modified.getTime()) {
    return undefined;
  }
  if (match[1] === "") {
    const count = Math.min(Number(match[2]), size);
    return count === 0 ? "unsatisfiable" : { start: size - count, end: size };
  }
  const start = Number(match[1]);
  const last = match[2] === "" ? Infinity : Number(match[2]);
  if (last < start) return undefined;
  return start >= size ? "unsatisfiable" : { start, end: Math.min(last + 1, size) };
}
