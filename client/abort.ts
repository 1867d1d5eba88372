/** One signal of two. */

/** Aborts when `own` does, or `other`, where there is one. */
export function either(own: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? own : AbortSignal.any([other, own]);
}
