/** Which JSON text needs more than JSON.parse. Apart from `json_special.ts`, so that browsers need not load that to know. */

/** Integers beyond 2^53 and binary values, roughly: what JSON.parse knows nothing of. Most random IDs have fewer digits or smaller ones. */
export const SPECIAL = /9\d{15}|\d{17}|\\u0000/;
