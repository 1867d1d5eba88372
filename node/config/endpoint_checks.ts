/** Ports from the environment that are missing there, and endpoints that two transports claim. Works on the raw value, as `checks.ts` does. */
import { type Environment, variableIn } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { PORT } from "./schema_endpoint.ts";
import { type Found, select } from "./select.ts";
import { formatPath, type Path } from "./source.ts";

/** Of one worker. */
export function endpointProblems(worker: Found, env: Environment): Problem[] {
  const problems: Problem[] = [];
  const sockets = new Map<string, Path>();
  const endpoints = select(worker.value, ["transports", "*", "endpoint"], worker.path);
  for (const endpoint of endpoints) {
    const socket = select(endpoint.value, ["path"], endpoint.path)[0];
    if (typeof socket?.value === "string") {
      const first = sockets.get(socket.value);
      if (first === undefined) sockets.set(socket.value, endpoint.path);
      else problems.push({ path: socket.path, text: claimText(`"${socket.value}"`, first) });
    }
    const inherited = inheritedName(endpoint);
    if (inherited !== undefined) {
      const first = sockets.get(inherited);
      if (first === undefined) sockets.set(inherited, endpoint.path);
      else problems.push({ path: endpoint.path, text: claimText("a socket", first) });
    }
    problems.push(...portProblems(endpoint, env));
  }
  const claims = portClaims(worker, env);
  for (const [i, claim] of claims.entries()) {
    const rival = claims.slice(0, i).find((other) => clash(claim, other));
    if (rival === undefined) continue;
    problems.push({ path: claim.path, text: claimText(String(claim.port), rival.endpoint) });
  }
  return problems;
}

function portProblems(endpoint: Found, env: Environment): Problem[] {
  const at = (key: string) => select(endpoint.value, [key], endpoint.path)[0];
  const [port, range] = [at("port"), at("portrange")];
  if (port?.value === undefined && range === undefined) {
    if (at("type")?.value !== "tcp") return [];
    return [{ path: [...endpoint.path, "port"], text: `missing, expected ${PORT}` }];
  }
  if (port !== undefined && range !== undefined) {
    return [{ path: range.path, text: 'found it beside "port", expected one of both' }];
  }
  const [first, last]: unknown[] = Array.isArray(range?.value) ? range.value : [];
  if (range !== undefined && typeof first === "number" && typeof last === "number") {
    if (first <= last) return [];
    return [{ path: range.path, text: `found ${first} before ${last}, expected the lesser first` }];
  }
  const number = port && portNumber(port.value, env);
  return port !== undefined && typeof number === "string"
    ? [{ path: port.path, text: number }]
    : [];
}

/** A key of its own for each socket of the service manager. */
function inheritedName({ value }: Found): string | undefined {
  if (select(value, ["type"])[0]?.value !== "inherited") return undefined;
  const [name, index] = ["name", "index"].map((key) => select(value, [key])[0]?.value);
  return `inherited ${name ?? ""} ${index ?? 0}`;
}

/** A port that a transport wants. */
export interface Claim {
  readonly port: number;
  readonly address: unknown;
  readonly isShared: boolean;
  /** Of the port, and of its endpoint. */
  readonly path: Path;
  readonly endpoint: Path;
}

/** Those of a worker whose number is known. */
export function portClaims(worker: Found, env: Environment): Claim[] {
  return select(worker.value, ["transports", "*", "endpoint"], worker.path).flatMap((endpoint) =>
    select(endpoint.value, ["port"], endpoint.path).flatMap(({ path, value }) => {
      const port = portNumber(value, env);
      if (typeof port !== "number" || port === 0) return [];
      const address = select(endpoint.value, ["interface"])[0]?.value;
      const isShared = select(endpoint.value, ["shared"])[0]?.value === true;
      return [{ port, address, isShared, path, endpoint: endpoint.path }];
    })
  );
}

const ALL_INTERFACES: readonly unknown[] = [undefined, "0.0.0.0", "::"];

/** Whether one would take the other's connections. */
export function clash(
  one: { readonly port: unknown; readonly address: unknown },
  other: { readonly port: unknown; readonly address: unknown },
): boolean {
  return one.port === other.port &&
    (one.address === other.address || ALL_INTERFACES.includes(one.address) ||
      ALL_INTERFACES.includes(other.address));
}

export function claimText(what: string, path: Path): string {
  return `found ${what}, which ${formatPath(path)} listens on, expected an endpoint of its own`;
}

/** The port that a configuration names, perhaps by a variable; a text says what is wrong with that; undefined: not ours to judge. */
export function portNumber(port: unknown, env: Environment): number | string | undefined {
  if (typeof port === "number") return port;
  if (typeof port !== "string") return undefined;
  const name = variableIn(port);
  const digits = name === undefined ? port : env[name];
  if (name !== undefined && digits === undefined) {
    return `found "${port}", expected the environment variable ${name} to be set`;
  }
  if (digits === undefined || !/^\d{1,5}$/.test(digits) || Number(digits) > 65535) {
    if (name === undefined) return undefined;
    return `found "${port}" with the value ${
      JSON.stringify(digits)
    }, expected a port from 0 to 65535`;
  }
  return Number(digits);
}
