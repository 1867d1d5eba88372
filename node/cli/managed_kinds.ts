/** What of a node can be listed, shown, started and stopped from the command line: one entry each. `operate.ts` runs them, `operator_commands.ts` has the options. */
import { isDict } from "../../wamp/options.ts";
import { ContainerController } from "../management/container_controller.ts";
import type { RouterController } from "../management/controller.ts";
import type { Managed } from "./node_session.ts";
import { UsageError } from "./usage_error.ts";

/** A line of a list, and all that is known of it. */
export interface Listed {
  readonly info: object;
  readonly cells: readonly unknown[];
}

export interface Kind {
  readonly name: "realm" | "role" | "link" | "transport" | "component" | "worker";
  readonly description: string;
  /** It is of a realm, which is named first. */
  readonly isInRealm: boolean;
  readonly columns: readonly string[];
  /** A piece of configuration, for help. */
  readonly example: string;
  list(managed: Managed, realm: string): Promise<Listed[]>;
  show(managed: Managed, id: string, realm: string): Promise<object>;
  start(managed: Managed, id: string, config: Config, realm: string): Promise<object>;
  stop(managed: Managed, id: string, realm: string): Promise<object>;
}

type Config = Readonly<Record<string, unknown>>;

const STATES = ["", "created", "starting", "started", "failed", "stopping", "stopped"];

/** The id of a realm that is named by its id or its name. */
export async function realmId(router: RouterController, wanted: string): Promise<string> {
  const ids = await router.realms();
  return ids.includes(wanted) ? wanted : (await router.realmByName(wanted)).id;
}

const realm: Kind = {
  name: "realm",
  description: "the realms that a node runs",
  isInRealm: false,
  columns: ["ID", "NAME", "SESSIONS", "ROLES", "CREATED"],
  example: "realm2.json",
  list: async (managed) => {
    const router = await managed.router();
    const stats = await router.realmStats();
    return await Promise.all((await router.realms()).map(async (id) => {
      const info = await router.realm(id);
      const { sessions = 0 } = stats[id] ?? {};
      const name = info.config["name"];
      return {
        info: { ...info, "sessions": sessions },
        cells: [id, name, sessions, info.roles.length, info.created],
      };
    }));
  },
  show: async (managed, wanted) => {
    const router = await managed.router();
    const id = await realmId(router, wanted);
    return { ...await router.realm(id), "stats": (await router.realmStats(id))[id] };
  },
  start: async (managed, id, config) => await (await managed.router()).startRealm(id, config),
  stop: async (managed, wanted) => {
    const router = await managed.router();
    return await router.stopRealm(await realmId(router, wanted));
  },
};

const role: Kind = {
  name: "role",
  description: "the roles of a realm",
  isInRealm: true,
  columns: ["ID", "NAME", "RULES", "DECIDES"],
  example: "guard.json",
  list: async (managed, of) => {
    const roles = await (await managed.router()).roles(of);
    return roles.map((info) => {
      const { name, permissions, authorizer } = info.config;
      const rules = Array.isArray(permissions) ? permissions.length : 0;
      return { info, cells: [info.id, name, rules, authorizer ?? "its rules"] };
    });
  },
  show: async (managed, id, of) => await (await managed.router()).role(of, id),
  start: async (managed, id, config, of) =>
    await (await managed.router()).startRole(of, id, config),
  stop: async (managed, id, of) => await (await managed.router()).stopRole(of, id),
};

const link: Kind = {
  name: "link",
  description: "the links of a realm to realms of other routers",
  isInRealm: true,
  columns: ["ID", "REALM", "TO", "CONNECTED", "STARTED"],
  example: "headquarters.json",
  list: async (managed, of) => {
    const router = await managed.router();
    return await Promise.all((await router.links(of)).map(async (id) => {
      const info = await router.link(of, id);
      const { transport, realm: far } = info.config;
      const to = isDict(transport) ? transport["url"] : undefined;
      return { info, cells: [id, far, to, info.connected ? "yes" : "no", info.started] };
    }));
  },
  show: async (managed, id, of) => await (await managed.router()).link(of, id),
  start: async (managed, id, config, of) =>
    await (await managed.router()).startLink(of, id, config),
  stop: async (managed, id, of) => await (await managed.router()).stopLink(of, id),
};

const transport: Kind = {
  name: "transport",
  description: "what a node listens on",
  isInRealm: false,
  columns: ["ID", "TYPE", "STATE", "URLS"],
  example: "tls.json",
  list: async (managed) => {
    const transports = await (await managed.router()).transports();
    return transports.map((info) => ({
      info,
      cells: [info.id, info.type, STATES[info.state], info.urls.join(" ")],
    }));
  },
  show: async (managed, id) => {
    const router = await managed.router();
    return { ...await router.transport(id), "stats": (await router.transportStats(id))[id] };
  },
  start: async (managed, id, config) =>
    await (await managed.router()).startTransport(id, config, true),
  stop: async (managed, id) => await (await managed.router()).stopTransport(id),
};

const component: Kind = {
  name: "component",
  description: "the components that run beside a node's router, or in a container",
  isInRealm: false,
  columns: ["ID", "TYPE", "REALM", "CREATED"],
  example: "backend.json",
  list: async (managed) => {
    const place = await managed.components();
    const infos = place instanceof ContainerController
      ? await Promise.all((await place.components()).map((id) => place.component(id)))
      : await place.components();
    return infos.map((info) => {
      const { id, config: { type, realm } } = info;
      return { info, cells: [id, type, realm, "created" in info ? info.created : info.started] };
    });
  },
  show: async (managed, id) => await (await managed.components()).component(id),
  start: async (managed, id, config) =>
    await (await managed.components()).startComponent(id, config),
  stop: async (managed, id) => await (await managed.components()).stopComponent(id),
};

const worker: Kind = {
  name: "worker",
  description: "the workers of a node: routers, containers and guests",
  isInRealm: false,
  columns: ["ID", "TYPE", "PID", "STATUS"],
  example: "guest.json",
  list: async ({ node }) =>
    await Promise.all((await node.workers()).map(async (id) => {
      const info = await node.worker(id);
      return { info, cells: [id, info.type, info.pid ?? "-", info.status] };
    })),
  show: ({ node }, id) => node.worker(id),
  start: ({ node }, id, config) => {
    const { type, ...rest } = config;
    if (type === "guest") return node.startWorker(id, type, rest);
    const { options = {}, ...others } = rest;
    const [other] = Object.keys(others);
    if (typeof type !== "string" || !isDict(options) || other !== undefined) {
      throw new UsageError(
        `Cannot start worker ${id}: found ${
          other === undefined ? "no such" : `"${other}" beside`
        } "type" and "options", ` +
          "expected these alone, or a guest with all its keys",
      );
    }
    return node.startWorker(id, type, options);
  },
  stop: ({ node }, id) => node.stopWorker(id),
};

export const KINDS: readonly Kind[] = [realm, role, link, transport, component, worker];
