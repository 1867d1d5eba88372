/** What a router does other than the feature says; the text is for people. Not a fault of ours. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** Throws a Finding unless `isTrue`. */
export function expect(isTrue: boolean, text: string): asserts isTrue {
  if (!isTrue) throw new Finding(text);
}
