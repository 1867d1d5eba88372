/** A node that cannot start for a reason outside of its configuration, such as a port in use. The command line prints it and exits with 1. */
export class StartError extends Error {
  override readonly name = "StartError";
}
