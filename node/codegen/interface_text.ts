/** What a realm's reflection tells as a TypeScript interface for `typed`. Used by `realmway codegen`. */
import { isDict } from "../../wamp/options.ts";
import type { Dict } from "../../wamp/message.ts";
import { parametersOf, typeOf } from "./schema_type.ts";

/** As `describe` of reflection has it. */
export interface Described {
  readonly uri: string;
  readonly kind: "procedure" | "topic" | "error";
  readonly description: Dict;
  /** Of a pattern that is registered or subscribed to, and not described: no URI to be called. */
  readonly pattern: string | undefined;
}

/** What came from a router, read. */
export function describedOf(
  uri: string,
  kind: Described["kind"],
  answer: unknown,
): Described {
  const { description, live } = isDict(answer) ? answer : {};
  const matches = (Array.isArray(live) ? live : []).map((one) => isDict(one) ? one["match"] : "");
  const isPattern = !isDict(description) && matches.length > 0 && !matches.includes("exact");
  return {
    uri,
    kind,
    description: isDict(description) ? description : {},
    pattern: isPattern ? matches.find((one) => typeof one === "string") ?? "" : undefined,
  };
}

/** @param name of the interface. @param source said in the head: "ws://127.0.0.1:8080/ws, realm1" */
export function interfaceText(all: readonly Described[], name: string, source: string): string {
  const of = (kind: string) => all.filter((one) => one.kind === kind && one.pattern === undefined);
  const patterns = all.filter(({ pattern }) => pattern !== undefined);
  const errors = of("error").map(({ uri }) => JSON.stringify(uri));
  return [
    ...comment([`By "realmway codegen" of ${source}. For typed<${name}>(session).`], ""),
    ...patterns.map(({ uri, pattern }) =>
      `// A pattern, which no name is known of: "${text(uri)}" (${text(pattern ?? "")})`
    ),
    `export interface ${name} {`,
    "  procedures: {",
    ...of("procedure").flatMap((one) => member(one, procedureType(one.description))),
    "  };",
    "  topics: {",
    ...of("topic").flatMap((one) => member(one, `[${parametersOf(one.description["args"])}]`)),
    "  };",
    "}",
    ...(errors.length === 0 ? [] : ["", `export type ${name}Error = ${errors.join(" | ")};`]),
    "",
  ].join("\n");
}

function procedureType({ args, result }: Dict): string {
  return `(${parametersOf(args)}) => ${result === undefined ? "unknown" : typeOf(result)}`;
}

function member({ uri, description }: Described, type: string): readonly string[] {
  const { description: said, title, kwargs, errors } = description;
  const thrown = (Array.isArray(errors) ? errors : []).filter((one) => typeof one === "string");
  const lines = [
    ...[title, said].filter((one) => typeof one === "string" && one !== ""),
    ...(kwargs === undefined ? [] : [`Named arguments: ${typeOf(kwargs)}`]),
    ...(thrown.length > 0 ? [`Errors: ${thrown.join(", ")}`] : []),
  ];
  return [...comment(lines.map(String), "    "), `    ${JSON.stringify(uri)}: ${type};`];
}

function comment(paragraphs: readonly string[], indent: string): readonly string[] {
  const lines = paragraphs.flatMap((one) => one.split(/\r\n|[\r\n\u2028\u2029]/)).map(text);
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${lines[0]} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}

/** Ends no comment, and no line. */
function text(line: string): string {
  return line.replaceAll("*/", "*\\/").replaceAll(/[\r\n\u2028\u2029]/g, " ");
}
