/** Steps that change templates of realms: what is made from now on, and the roles of the realms that there are. Part of `router_steps.ts`. */
import { plainRole, realmByTemplate } from "../config/schema_realm_template.ts";
import type { RoleConfig } from "../config/schema_realm.ts";
import type { Prepared } from "../worker/prepared.ts";
import type { RealmTemplates } from "../worker/realm_templates.ts";
import type { RealmRecord, RouterWorker } from "../worker/router_worker.ts";
import type { Piece } from "./layout.ts";
import { removedRole, roleChange } from "./router_steps.ts";
import type { RouterStep } from "./steps.ts";

type TemplateStep = Extract<
  RouterStep,
  { readonly kind: "start template" | "change template" | "stop template" }
>;

export async function templateChange(
  worker: RouterWorker,
  step: TemplateStep,
): Promise<Prepared> {
  const { id, config } = step.piece;
  const templates = await worker.realmTemplates();
  if (step.kind === "stop template") {
    return { commit: () => templates.remove(id), abandon: () => {} };
  }
  const roles = step.kind === "change template" ? await roleChanges(worker, step, templates) : [];
  return {
    commit: () => {
      templates.set(id, config);
      const waiting = roles.flatMap((one) => one.commit() ?? []);
      return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => {});
    },
    abandon: async () => {
      for (const one of roles) await one.abandon();
    },
  };
}

/** Of the realms that there are; what comes later has the new roles anyway. */
async function roleChanges(
  worker: RouterWorker,
  { piece: { id, config }, roles }: Extract<TemplateStep, { readonly kind: "change template" }>,
  templates: RealmTemplates,
): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  const plain = (piece: Piece<RoleConfig>) => ({ ...piece, config: plainRole(piece.config) });
  try {
    for (const record of templates.realmsOf(id)) {
      const { schemas } = config;
      const of = { id: record.id, config: realmByTemplate(config, record.config.name) };
      for (const piece of roles.added) {
        const step = { kind: "start role", piece: plain(piece), of } as const;
        prepared.push(await roleChange(worker, record.id, step));
      }
      for (const { now } of roles.changed) {
        const step = { kind: "change role", piece: plain(now), of } as const;
        prepared.push(await roleChange(worker, record.id, step));
      }
      prepared.push(...roles.removed.map((piece) => removal(record, piece)));
      const keep = () => void (record.config = { ...record.config, schemas });
      prepared.push({ commit: keep, abandon: () => {} });
    }
    return prepared;
  } catch (cause) {
    for (const one of prepared) await one.abandon();
    throw cause;
  }
}

function removal(record: RealmRecord, piece: Piece<RoleConfig>): Prepared {
  return { commit: () => removedRole(record, piece), abandon: () => {} };
}
