/** What is done to get from one configuration to another while the node runs. Made by `changes.ts`, done by `router_steps.ts` and `reloader.ts`. */
import type { RouterComponentConfig } from "../config/schema_component.ts";
import type { LinkConfig } from "../config/schema_link.ts";
import type { RealmConfig, RoleConfig } from "../config/schema_realm.ts";
import type { WorkerConfig } from "../config/schema.ts";
import type { TransportConfig } from "../config/schema_transport.ts";
import type { Difference } from "./changes.ts";
import type { Piece, TemplatePiece } from "./layout.ts";

type Realm = { readonly realm: string };

/** Of realms and transports, in the order in which they are done. */
export type RouterStep =
  | { readonly kind: "start realm"; readonly piece: Piece<RealmConfig> }
  | { readonly kind: "start template" | "stop template"; readonly piece: TemplatePiece }
  | {
    readonly kind: "change template";
    readonly piece: TemplatePiece;
    readonly roles: Difference<Piece<RoleConfig>>;
  }
  | { readonly kind: "start transport"; readonly piece: Piece<TransportConfig> }
  | { readonly kind: "change schemas"; readonly piece: Piece<RealmConfig> }
  | {
    readonly kind: "start role" | "change role";
    readonly piece: Piece<RoleConfig>;
    readonly of: Piece<RealmConfig>;
  }
  | { readonly kind: "change transport"; readonly piece: Piece<TransportConfig> }
  | {
    readonly kind: "remove role";
    readonly piece: Piece<RoleConfig>;
    readonly of: Piece<RealmConfig>;
  }
  | {
    readonly kind: "start link" | "change link";
    readonly piece: Piece<LinkConfig>;
    readonly of: Piece<RealmConfig>;
  }
  | {
    readonly kind: "stop link";
    readonly piece: Piece<LinkConfig>;
    readonly of: Piece<RealmConfig>;
  }
  | { readonly kind: "stop realm"; readonly piece: Piece<RealmConfig> }
  | { readonly kind: "stop transport"; readonly piece: Piece<TransportConfig> };

export interface ComponentStep {
  readonly kind: "start component" | "change component" | "stop component";
  readonly piece: Piece<RouterComponentConfig>;
}

export interface ChildStep {
  readonly kind: "start worker" | "change worker" | "stop worker";
  readonly piece: Piece<WorkerConfig>;
}

export type Step = RouterStep | ComponentStep | ChildStep;
