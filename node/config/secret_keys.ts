/** Keys whose strings no problem, log line, page or command may show, wherever they stand. */
import { SECRET_KEYS } from "./schema_auth.ts";

/** Those of principals, of links and of the HTTP bridge. */
export const SECRETS: readonly PropertyKey[] = [
  ...SECRET_KEYS,
  "password",
  "privkey",
  "token",
  "github_secret",
];
