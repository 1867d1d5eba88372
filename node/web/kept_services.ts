/**
 * What of a web transport stays when its configuration changes: connections by long-polling, which their service knows, and services that the
 * management API has started.
 */
import type { TransportConfig } from "../config/schema.ts";
import type { WebPathsConfig, WebServiceConfig } from "../config/schema_web.ts";

/** @param running paths as they are now. @param before as they were configured. @returns `config`, with the very objects of what stays. */
export function keptServices(
  config: TransportConfig,
  running: WebPathsConfig,
  before: TransportConfig,
): TransportConfig {
  const configured = pathsOf(before);
  const added = Object.entries(running).filter(([path]) => !configured.includes(path));
  const paths = (wanted: WebPathsConfig) => (
    { ...Object.fromEntries(added), ...kept(wanted, running) }
  );
  if (config.type === "web") return { ...config, paths: paths(config.paths) };
  if (config.type !== "universal" || config.web === undefined) return config;
  return { ...config, web: { ...config.web, paths: paths(config.web.paths) } };
}

function pathsOf(config: TransportConfig): string[] {
  if (config.type === "web") return Object.keys(config.paths);
  if (config.type !== "universal") return ["/"];
  return Object.keys({ ...config.websocket, ...config.web?.paths });
}

function kept(wanted: WebPathsConfig, running: WebPathsConfig): WebPathsConfig {
  return Object.fromEntries(
    Object.entries(wanted).map(([path, service]) => [path, keptOne(service, running[path])]),
  );
}

function keptOne(
  wanted: WebServiceConfig,
  running: WebServiceConfig | undefined,
): WebServiceConfig {
  if (wanted.type === "path" && running?.type === "path") {
    return { ...wanted, paths: kept(wanted.paths, running.paths) };
  }
  const isSame = JSON.stringify(wanted) === JSON.stringify(running);
  return isSame && running?.type === "longpoll" ? running : wanted;
}
