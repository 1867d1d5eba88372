/**
 * The reference page of the configuration, as Markdown: every section with an example, and every key with what is allowed, its default and
 * what it is for. Made of the schema alone, so it cannot say anything else than `check` does. Called by the command `schema`.
 */
import type { EditorSchema } from "./editor_schema.ts";
import { exampleOf } from "./reference_example.ts";

/** An object with keys of its own, wherever it stands. */
export interface Section {
  readonly schema: EditorSchema;
  /** As `workers[].realms[].roles[]`; the first where it stands. */
  readonly path: string;
  /** What else leads to it. */
  readonly others: readonly string[];
}

/** All sections, each once, those that hold others before them. */
export function sectionsOf(root: EditorSchema): Section[] {
  const sections = new Map<string, Section & { readonly others: string[] }>();
  const entered = new Set<string>();
  const visit = (given: EditorSchema, path: string): void => {
    // What holds itself is entered once.
    if (given.$ref !== undefined && entered.has(given.$ref)) return;
    if (given.$ref !== undefined) entered.add(given.$ref);
    const schema = resolved(given, root);
    if (isAnyValue(schema)) return;
    for (const one of alternativesOf(schema)) visit(one, path);
    if (schema.items !== undefined) visit(schema.items, `${path}[]`);
    if (typeof schema.additionalProperties === "object") {
      visit(schema.additionalProperties, `${path}.<name>`);
    }
    if (schema.properties === undefined) return;
    // The same section may have other defaults in other places.
    const { default: _, description: __, ...identity } = schema;
    const key = JSON.stringify(identity);
    const known = sections.get(key);
    if (known !== undefined) {
      if (known.path !== path && !known.others.includes(path)) known.others.push(path);
      return;
    }
    sections.set(key, { schema, path, others: [] });
    for (const [name, child] of Object.entries(schema.properties)) {
      visit(child, path === "" ? name : `${path}.${name}`);
    }
  };
  visit(root, "");
  return [...sections.values()];
}

/** @param root what `editorSchema` makes. */
export function referencePage(root: EditorSchema): string {
  const sections = sectionsOf(root);
  return `${INTRODUCTION}\n${sections.map((section) => sectionText(section, root)).join("\n")}`;
}

const INTRODUCTION = `# Configuration reference

<!-- Written by "deno task docs" from the schema in node/config/: change it there. -->

Everything that may stand in a node's configuration, \`config.json\`, \`config.yaml\` or \`config.yml\` of the node directory. The keys are
Crossbar.io's, version 2, where there is a key of that meaning; [migration.md](migration.md) tells what is different. JSON may have comments.
Relative paths are relative to the node directory.

\`realmway check\` tells everything that is wrong with a file at once. \`realmway schema\` prints this as JSON Schema: write it to a file and
name that as \`"$schema"\` in the configuration, and editors complete and check while you type.

## Variables and includes

In any string \`\${NAME}\` stands for a variable of the environment and \`\${NAME:-default}\` for that or a default; a string may also be
\`$NAME\` as a whole, and is then a number or \`true\` or \`false\` where such is expected. \`$\${NAME}\` is the text itself. Variables that are
not set are told by \`check\`. Values of \`json\` services and JSON Schemas are left as they are.

\`{"$include": "realms.yaml"}\` stands for what that file holds, JSON or YAML, wherever an object or a list may stand; the name is relative to
the file that includes. Keys beside \`$include\` are added to the file's object, or take the place of its own. In a list, the items of an
included list are items:

\`\`\`json
{
  "version": 2,
  "workers": [
    {
      "type": "router",
      "realms": [{ "$include": "realms.yaml" }],
      "transports": [{ "$include": "websocket.json", "id": "public" }]
    }
  ]
}
\`\`\`

\`realmway config show\` prints what a file amounts to, without secrets, and \`realmway config show --json\` the same as JSON.

## Keys

In the headings \`[]\` is each item of a list, \`<name>\` a key that you choose. Keys marked **required** have no default.
`;

function sectionText(section: Section, root: EditorSchema): string {
  const { schema, others } = section;
  const keys = Object.entries(schema.properties ?? {}).map(([name, given]) => ({
    name,
    schema: resolved(given, root),
    isRequired: schema.required?.includes(name) === true,
  }));
  const known = keys.filter((key) => key.schema.not === undefined);
  const refused = keys.filter((key) => key.schema.not !== undefined);
  const rows = known.map(({ name, schema: key, isRequired }) =>
    `| \`${name}\` | ${cell(allowed(key, root))} | ${cell(defaultOf(key, isRequired))} | ${
      cell(key.description ?? resolvedItem(key, root)?.description ?? "")
    } |`
  );
  const types = keys.flatMap((key) => refusedTypesOf(key.schema, root));
  return [
    `## ${titleOf(section)}`,
    "",
    `${sentence(schema.description ?? "")}${
      others.length === 0 ? "" : ` Also at ${others.map((other) => `\`${other}\``).join(", ")}.`
    }`,
    "",
    ...(known.length === 0 ? [] : [
      "```json",
      JSON.stringify(exampleOf(schema, root), undefined, 2),
      "```",
      "",
      "| Key | Allowed | Default | |",
      "| --- | --- | --- | --- |",
      ...rows,
      "",
    ]),
    ...refused.map(({ name, schema: key }) => `- \`${name}\` is refused: ${key.refused}`),
    ...types.map(([where, remedy]) => `- ${where} is refused: ${remedy}`),
    ...(refused.length + types.length === 0 ? [] : [""]),
  ].join("\n");

  function refusedTypesOf(key: EditorSchema, root: EditorSchema): [string, string][] {
    const holder = [key, resolvedItem(key, root)].find((one) => one?.refusedTypes !== undefined);
    const name = keys.find(({ schema }) => schema === key)?.name ?? "";
    return Object.entries(holder?.refusedTypes ?? {}).map(([type, remedy]) => [
      `the type \`${type}\` of \`${name}\``,
      remedy,
    ]);
  }
}

/** With its type, where several may stand at one place. */
function titleOf({ schema, path }: Section): string {
  const type = schema.properties?.["type"];
  const isChosen = type?.const !== undefined && schema.required?.includes("type") === true;
  const place = path === "" ? "The file" : `\`${path}\``;
  return isChosen ? `${place} of type \`${type.const}\`` : place;
}

function sentence(text: string): string {
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function defaultOf(schema: EditorSchema, isRequired: boolean): string {
  if (isRequired) return "**required**";
  const { default: value } = schema;
  if (value === undefined || JSON.stringify(value) === "{}") return "";
  return `\`${JSON.stringify(value)}\``;
}

function allowed(schema: EditorSchema, root: EditorSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) {
    return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(", ");
  }
  if (isAnyValue(schema)) return "any value";
  if (schema.refused !== undefined) return schema.type === "array" ? "`[]`" : "`false`";
  const message = schema.errorMessage?.replace(/^expected /, "");
  if (message !== undefined && !VAGUE.includes(message)) return message;
  const others = alternativesOf(schema).map((one) => resolved(one, root));
  if (others.length > 0) return alternativesText(others, root);
  return typeText(schema, root);
}

function alternativesText(others: readonly EditorSchema[], root: EditorSchema): string {
  const types = others.flatMap((one) => {
    const type = one.properties?.["type"];
    return type?.const === undefined ? [] : [`\`${type.const}\``];
  });
  if (types.length === others.length) return `a section of type ${types.join(", ")}`;
  return [...new Set(others.map((one) => allowed(one, root)))].join(", or ");
}

function typeText(schema: EditorSchema, root: EditorSchema): string {
  const items = schema.items && resolved(schema.items, root);
  if (items !== undefined) return `a list: ${allowed(items, root)}`;
  if (schema.properties !== undefined) return "a section";
  const values = typeof schema.additionalProperties === "object"
    ? resolved(schema.additionalProperties, root)
    : undefined;
  if (values !== undefined) return `an object, each value: ${allowed(values, root)}`;
  return { "boolean": "`true`, `false`", "object": "an object", "null": "`null`" }[
    schema.type ?? ""
  ] ?? (schema.type === undefined ? "any value" : `a ${schema.type}`);
}

/** What JSON can say: text, numbers, lists of them and so on. */
function isAnyValue(schema: EditorSchema): boolean {
  const types = schema.anyOf?.map(({ type }) => type) ?? [];
  return types.includes("null") && types.includes("array") && types.includes("object");
}

/** What `check` says where it has nothing better. */
const VAGUE: readonly string[] = ["something else", "a string", "an object"];

function resolvedItem(schema: EditorSchema, root: EditorSchema): EditorSchema | undefined {
  return schema.items && resolved(schema.items, root);
}

export function alternativesOf(schema: EditorSchema): readonly EditorSchema[] {
  return schema.oneOf ?? schema.anyOf ?? [];
}

/** What a `$ref` stands for, with what stands beside it. */
export function resolved(schema: EditorSchema, root: EditorSchema): EditorSchema {
  const { $ref, ...own } = schema;
  if ($ref === undefined) return schema;
  const target = root.$defs?.[$ref.replace("#/$defs/", "")];
  if (target === undefined) throw new Error(`Cannot resolve ${$ref}: found no such definition`);
  return resolved({ ...target, ...own }, root);
}
