/** Options that do not go together. The command line prints it and exits with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
