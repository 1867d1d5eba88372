/** Code generated for realms whose callees would like to write it themselves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Described, interfaceText } from "../../../../node/codegen/interface_text.ts";

const EVIL = 'x"; }\n*/ evil(); /*\r\n\u2028evil();\u2029// `${evil()}` \\" \\*/';

/** What is left when comments and texts are taken away. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n\r\u2028\u2029]*|"(?:[^"\\\n]|\\[^\n])*"/g, "");
}

test("Codegen: nothing that a realm says becomes code", () => {
  const schema = {
    title: EVIL,
    type: "object",
    properties: { [EVIL]: { enum: [EVIL] }, a: { const: EVIL, type: EVIL } },
    required: [EVIL],
    additionalProperties: { type: EVIL },
  };
  const description = {
    title: EVIL,
    description: EVIL,
    kwargs: schema,
    errors: [EVIL, { toString: 5 }],
    args: { prefixItems: [schema, { title: "arguments" }], minItems: EVIL },
    result: { $ref: EVIL },
  };
  const kinds = ["procedure", "topic", "error"] as const;
  const all = kinds.flatMap((kind): Described[] =>
    [EVIL, "__proto__", "constructor"].map((uri) => ({
      uri,
      kind,
      description,
      pattern: undefined,
    }))
  );
  all.push({ uri: EVIL, kind: "procedure", description: {}, pattern: EVIL });
  const text = interfaceText(all, "Shop", `ws://127.0.0.1/${EVIL}, ${EVIL}`);
  assert.doesNotMatch(code(text), /evil|`|\/|\*|"/);
  assert.match(text, /"__proto__": \(/);
});
