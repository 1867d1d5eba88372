/** Which service of a web transport a path belongs to; the same for plain requests and for WebSocket upgrades. */
import type { WebPathsConfig, WebServiceConfig } from "../config/schema_web.ts";
import type { WebPath } from "./web_path.ts";

export interface FoundService {
  readonly config: Exclude<WebServiceConfig, { readonly type: "path" }>;
  /** What is left of the path below the service. */
  readonly rest: WebPath;
}

/** The service named by the first name of the path, else the one for "/"; undefined when there is neither. */
export function findService(paths: WebPathsConfig, path: WebPath): FoundService | undefined {
  const [name] = path.names;
  if (name !== undefined && name !== "/" && Object.hasOwn(paths, name)) {
    const rest = { names: path.names.slice(1), isDirectory: path.isDirectory };
    return within(paths[name], rest);
  }
  return within(paths["/"], path);
}

function within(config: WebServiceConfig | undefined, rest: WebPath): FoundService | undefined {
  if (config === undefined) return undefined;
  return config.type === "path" ? findService(config.paths, rest) : { config, rest };
}

/** Every service, with the names that lead to it. */
export function* everyService(
  paths: WebPathsConfig,
  names: readonly string[] = [],
): Iterable<{ readonly config: FoundService["config"]; readonly names: readonly string[] }> {
  for (const [name, config] of Object.entries(paths)) {
    const place = name === "/" ? names : [...names, name];
    if (config.type === "path") yield* everyService(config.paths, place);
    else yield { config, names: place };
  }
}
