/** `realmway schema`: the configuration's JSON Schema, for editors, or the reference page that is made of it. */
import { compactSchema, editorSchema } from "../config/editor_schema.ts";
import { referencePage } from "../config/reference.ts";
import { print } from "./output.ts";

export function schema({ format }: { readonly format: string }): number {
  print(
    format === "markdown"
      ? referencePage(editorSchema())
      : JSON.stringify(compactSchema(), undefined, 2),
  );
  return 0;
}
