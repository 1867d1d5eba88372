/**
 * The path of a request as a list of names. What is let through can be joined to a directory: no name is empty, `.` or `..`, none
 * holds a slash, a backslash or NUL, also not percent-encoded. Called by `services.ts`.
 */

export interface WebPath {
  /** Decoded, without the leading slash. */
  readonly names: readonly string[];
  /** True when the path ends with a slash; true for "/". */
  readonly isDirectory: boolean;
}

/** Undefined when no honest client would send such a path. */
export function parseWebPath(url: string): WebPath | undefined {
  // Not `URL`: it would quietly resolve "..", also "%2e%2e".
  const match = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url);
  if (match?.[1] === undefined) return undefined;
  const parts = match[1].split("/");
  const isDirectory = parts.at(-1) === "" || parts.length === 1;
  const encoded = parts.slice(1, isDirectory ? -1 : undefined);
  const names: string[] = [];
  for (const part of encoded) {
    const name = decode(part);
    if (name === undefined || name === "" || name === "." || name === "..") return undefined;
    if (/[/\\\0]/.test(name)) return undefined;
    names.push(name);
  }
  return { names, isDirectory };
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    if (cause instanceof URIError) return undefined;
    throw cause;
  }
}
