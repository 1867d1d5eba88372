/**
 * One step of a change in a router worker: made ready, then done. Runs while nothing else may change the worker (`RouterWorker.exclusively`).
 * What the management API has stopped meanwhile is passed over where it was to end, and started where it was to change.
 */
import type { RealmConfig, RoleConfig } from "../config/schema_realm.ts";
import { CLOSE_REALM, KILLED } from "../../wamp/uris.ts";
import type { Prepared } from "../worker/prepared.ts";
import { preparedLink, preparedRealm, preparedRole } from "../worker/prepared_realm.ts";
import { RouterTransport } from "../worker/router_transport.ts";
import { type RealmRecord, realmStopped, type RouterWorker } from "../worker/router_worker.ts";
import type { Piece } from "./layout.ts";
import type { RouterStep } from "./steps.ts";

/** Rejects with StartError, ListenError or Refusal. */
export async function prepare(worker: RouterWorker, step: RouterStep): Promise<Prepared> {
  switch (step.kind) {
    case "start realm": {
      const { id, config } = step.piece;
      worker.expectNoRealm(id, config.name);
      const realm = await preparedRealm(id, config, worker);
      return { commit: async () => void await realm.begin(), abandon: () => realm.abandon() };
    }
    case "change schemas": {
      const { id, config } = step.piece;
      return at(worker, id, (record) => void (record.config = config));
    }
    case "start role":
    case "change role":
      return await roleChange(worker, step.of.id, step);
    case "remove role":
      return at(worker, step.of.id, (record) => removedRole(record, step.piece));
    case "start link":
    case "change link": {
      const { of, piece: { id, config } } = step;
      if (step.kind === "start link" && worker.realms.has(of.id)) worker.expectNoLink(of.id, id);
      const link = await preparedLink(id, config, of.config.name, worker.parts);
      return at(worker, of.id, async (record) => {
        await record.links.get(id)?.link.stop();
        record.links.set(id, link);
        void link.link.start();
      });
    }
    case "stop link":
      return at(worker, step.of.id, async ({ links }) => {
        const record = links.get(step.piece.id);
        links.delete(step.piece.id);
        await record?.link.stop();
      });
    case "stop realm":
      return at(worker, step.piece.id, async (record) => {
        await realmStopped(worker, record, CLOSE_REALM);
      });
    case "start template":
    case "change template":
    case "stop template": {
      // Loaded with the first template.
      const { templateChange } = await import("./template_steps.ts");
      return await templateChange(worker, step);
    }
    case "start transport":
    case "change transport":
    case "stop transport":
      return await transportChange(worker, step);
    default:
      return step satisfies never;
  }
}

type TransportStep = Extract<
  RouterStep,
  { readonly kind: "start transport" | "change transport" | "stop transport" }
>;

async function transportChange(
  worker: RouterWorker,
  { kind, piece: { id, config } }: TransportStep,
): Promise<Prepared> {
  const running = worker.transports.get(id);
  if (kind === "stop transport") {
    const stop = async () => {
      worker.transports.delete(id);
      await running?.stop(worker.parts.goodbyeMs());
    };
    return { commit: stop, abandon: nothing };
  }
  if (kind === "change transport" && running !== undefined) {
    return await running.prepareChange(config);
  }
  worker.expectNoTransport(id);
  const transport = new RouterTransport(id, config, worker.parts);
  await transport.start();
  return {
    commit: () => void worker.transports.set(id, transport),
    abandon: () => transport.stop(0),
  };
}

/** @param of what the realm is configured as from now on. */
export async function roleChange(
  worker: RouterWorker,
  realm: string,
  { kind, piece: { id, config }, of }: {
    readonly kind: "start role" | "change role";
    readonly piece: Pick<Piece<RoleConfig>, "id" | "config">;
    readonly of: Pick<Piece<RealmConfig>, "config">;
  },
): Promise<Prepared> {
  // Stopped by the management API, the realm has nothing to change.
  if (!worker.realms.has(realm)) return { commit: nothing, abandon: nothing };
  if (kind === "start role") worker.expectNoRole(realm, id, config.name);
  const { role, options } = await preparedRole(id, config, of.config, worker.parts);
  return {
    commit: () => {
      const record = worker.realms.get(realm);
      // One on demand may have been removed meanwhile.
      if (record === undefined) return role.authorization?.end();
      const before = record.roles.get(id);
      record.roles.set(id, role);
      if (record.realm.role(config.name) === undefined) record.realm.addRole(options);
      else record.realm.replaceRole(options);
      return before?.authorization?.end();
    },
    abandon: () => role.authorization?.end(),
  };
}

export function removedRole({ realm, roles }: RealmRecord, { id, config }: Piece<RoleConfig>) {
  const record = roles.get(id);
  roles.delete(id);
  realm.removeRole(config.name, KILLED, `The role "${config.name}" is no longer configured`);
  return record?.authorization?.end();
}

/** Nothing happens where the realm does not run any more. */
function at(
  worker: RouterWorker,
  realm: string,
  act: (record: RealmRecord) => void | Promise<void>,
): Prepared {
  const commit = () => {
    const record = worker.realms.get(realm);
    return record && act(record);
  };
  return { commit, abandon: nothing };
}

function nothing(): void {}
