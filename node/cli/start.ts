export async function start(_o: unknown): Promise<number> {
  await Promise.resolve();
  return 0;
}
