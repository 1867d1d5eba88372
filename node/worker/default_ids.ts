/** Ids of what has none in the configuration, by its place there, as Crossbar.io numbers them. */

/** "realm001" */
export function numbered(kind: string, index: number): string {
  return `${kind}${String(index + 1).padStart(3, "0")}`;
}

interface Named {
  readonly id?: string | undefined;
}

/** "worker001" */
export function workerId({ id }: Named, index: number): string {
  return id ?? numbered("worker", index);
}

/** "component1" */
export function componentId({ id }: Named, index: number): string {
  return id ?? `component${index + 1}`;
}
