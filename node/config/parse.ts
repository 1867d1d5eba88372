/**
 * From a file, a text or a value to a checked configuration, or to a `ConfigError` with everything that is wrong with it.
 * Three readers look at it, each in full: the schema, the checks of what values say about each other, the files it names.
 */
import { readFile } from "node:fs/promises";
import { keepAuthOrder } from "./auth_order.ts";
import { checkRelations, type Environment } from "./checks.ts";
import { fileProblems } from "./files.ts";
import { ConfigError, expectation, type Problem, problemsOf } from "./problems.ts";
import { type NodeConfig, nodeSchema } from "./schema.ts";
import { readSource, type Source } from "./source.ts";
import { checkTransports } from "./transport_checks.ts";

/**
 * Checks a configuration that was made in a program. Throws `ConfigError`.
 * @param env where `"$VARIABLE"` is looked up; the caller passes `process.env`.
 */
export function parseConfig(value: unknown, env: Environment = {}): NodeConfig {
  const { config, problems } = examined(value, env);
  if (config === undefined || problems.length > 0) {
    throw errorOf("the configuration", problems, undefined);
  }
  return config;
}

/**
 * Reads and checks a configuration file. Throws `ConfigError`, also when the file cannot be read.
 * @param directory the node directory: when given, the files that the configuration names are looked for too.
 */
export async function readConfig(
  path: string,
  env: Environment = {},
  directory?: string,
): Promise<NodeConfig> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(path, [{ path: [], text: `the file cannot be read: ${reason}` }]);
  }
  const source = await readSource(text, path);
  if (source.mistakes.length > 0) {
    throw new ConfigError(path, source.mistakes.map((mistake) => ({ path: [], ...mistake })));
  }
  const { config, problems } = examined(source.value, env);
  if (directory !== undefined) problems.push(...await fileProblems(source.value, directory));
  if (config === undefined || problems.length > 0) throw errorOf(path, problems, source);
  return config;
}

/** @returns the configuration, unless the schema complains, and what is wrong. */
function examined(
  value: unknown,
  env: Environment,
): { readonly config: NodeConfig | undefined; readonly problems: Problem[] } {
  // Parsed once: generated code would never pay for being generated.
  const result = nodeSchema.safeParse(value, { error: expectation, jitless: true });
  const problems = [
    ...(result.success ? [] : problemsOf(result.error.issues, value)),
    ...checkRelations(value, env),
    ...checkTransports(value),
  ];
  if (result.success) keepAuthOrder(result.data, value);
  return { config: result.data, problems };
}

function errorOf(
  name: string,
  problems: readonly Problem[],
  source: Source | undefined,
): ConfigError {
  return new ConfigError(name, problems.map((problem) => located(problem, source)).sort(inOrder));
}

function located(problem: Problem, source: Source | undefined): Problem {
  const position = source?.position(problem.path);
  return position === undefined ? problem : { ...problem, position };
}

function inOrder(a: Problem, b: Problem): number {
  return (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
    (a.position?.column ?? 0) - (b.position?.column ?? 0);
}
