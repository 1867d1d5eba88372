import { conformance } from "./conformance.ts";
import { nexus } from "./foreign_routers.ts";

conformance("realmway-deno", nexus);
