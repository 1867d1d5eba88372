/** What all principals of the configuration have: what they become, and secrets that may stand elsewhere. Part of `schema_auth.ts`. */
import { z } from "zod";
import { anyValue, section, text } from "./fields.ts";
import { realmName } from "./schema_names.ts";

export const who = () => ({
  "role": text('Role, which the realm must have; without it "default-role" holds').optional(),
  "realm": realmName.describe("Realm that it joins, whichever it asks for").optional(),
  "extra": z.record(z.string(), anyValue, "an object").optional()
    .describe("authextra that it is welcomed with"),
});

const fromFile = section("A secret in a file of its own, which its owner alone may read", () => ({
  "file": text("The file, in the node directory; a line break at its end does not count"),
}));

/** A secret: itself, `"$VARIABLE"`, or `{"file": "…"}`. */
export function secretText(doc: string) {
  return z.union(
    [z.string().min(1), fromFile],
    'a string that is not empty, or {"file": "..."}',
  ).describe(`${doc}; "$VARIABLE" takes it from the environment, {"file": "..."} from a file`);
}
