/** IDs: integers from 1 to 2^53. [WAMP ids] */

/** The largest ID. It is exact in a double; its successor is not. */
export const MAX_ID = 9007199254740992;

export function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_ID;
}

/** The ID that follows in session scope: counts from 1 and wraps to 1 behind 2^53. */
export function nextId(id: number): number {
  return id === MAX_ID ? 1 : id + 1;
}
