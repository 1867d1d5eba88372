/**
 * From a file, a text or a value to a checked configuration, or to a `ConfigError` with everything that is wrong with it.
 * Three readers look at it, each in full: the schema, the checks of what values say about each other, the files it names.
 */
import { keepAuthOrder } from "./auth_order.ts";
import { checkRelations, type Environment } from "./checks.ts";
import { fileProblems } from "./files.ts";
import { type Assembled, readAssembled } from "./include.ts";
import { ConfigError, expectation, type Problem, problemsOf } from "./problems.ts";
import { type NodeConfig, nodeSchema } from "./schema.ts";
import { formatPath } from "./source.ts";
import { checkTransports } from "./transport_checks.ts";
import { expandVariables, withMeanings } from "./variables.ts";

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
  let source: Assembled;
  try {
    source = await readAssembled(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(path, [{ path: [], text: `the file cannot be read: ${reason}` }]);
  }
  if (source.mistakes.length > 0) throw new ConfigError(path, source.mistakes);
  const { config, problems, value } = examined(source.value, env);
  if (directory !== undefined) problems.push(...await fileProblems(value, directory));
  if (config === undefined || problems.length > 0) throw errorOf(path, problems, source);
  return config;
}

interface Examined {
  /** Undefined when the schema complains. */
  readonly config: NodeConfig | undefined;
  readonly problems: Problem[];
  /** What was looked at: with variables filled in. */
  readonly value: unknown;
}

/** All that is wrong with a value, without throwing. */
export function examined(given: unknown, env: Environment): Examined {
  const expanded = expandVariables(given, env);
  let { value } = expanded;
  let result = parsed(value);
  // What a variable means, the schema alone can tell: only strings that it complains of become numbers and flags.
  const issues = result.error?.issues ?? [];
  const misread = expanded.whole.filter((path) =>
    issues.some((issue) => formatPath(issue.path) === formatPath(path))
  );
  if (misread.length > 0) {
    value = withMeanings(value, misread);
    result = parsed(value);
  }
  const unset = expanded.problems.map(({ path }) => formatPath(path));
  const problems = [
    ...expanded.problems,
    ...schemaProblems(result, value).filter(({ path }) => !unset.includes(formatPath(path))),
    ...checkRelations(value, env),
    ...checkTransports(value),
  ];
  if (result.success) keepAuthOrder(result.data, value);
  return { config: result.data, problems, value };
}

function schemaProblems({ error }: ReturnType<typeof parsed>, value: unknown): Problem[] {
  return error === undefined ? [] : problemsOf(error.issues, value);
}

// Parsed once: generated code would never pay for being generated.
function parsed(value: unknown) {
  return nodeSchema.safeParse(value, { error: expectation, jitless: true });
}

function errorOf(
  name: string,
  problems: readonly Problem[],
  source: Assembled | undefined,
): ConfigError {
  return new ConfigError(name, problems.map((problem) => located(problem, source)).sort(inOrder));
}

function located(problem: Problem, source: Assembled | undefined): Problem {
  const position = source?.position(problem.path);
  return position === undefined ? problem : { ...problem, position };
}

function inOrder(a: Problem, b: Problem): number {
  return (a.position?.file ?? "").localeCompare(b.position?.file ?? "") ||
    (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
    (a.position?.column ?? 0) - (b.position?.column ?? 0);
}
