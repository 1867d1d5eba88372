/**
 * Which of several nodes a resource belongs to: by rendezvous hashing, so that each resource stays with its node when others come or go.
 * Used for sharded registrations and subscriptions. See docs/extensions.md, "Sharding". [WAMP rpc_sharded_registration]
 */

/** @param keys of the nodes; at least one. */
export function nodeOf(keys: Iterable<string>, resource: string): string {
  let best = "";
  let highest = -1;
  for (const key of keys) {
    const weight = weightOf(key, resource);
    // Of two with the same weight the same one wins, whatever the order.
    if (weight > highest || (weight === highest && key > best)) {
      best = key;
      highest = weight;
    }
  }
  return best;
}

/** 32 bits of FNV-1a over both keys, mixed once more: its high bits alone are too much alike for short keys. */
function weightOf(key: string, resource: string): number {
  let hash = 0x811c9dc5;
  for (const text of [key, resource]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
