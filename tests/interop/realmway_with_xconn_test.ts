import { conformance } from "./conformance.ts";
import { xconn } from "./foreign_routers.ts";

conformance("realmway-deno", xconn);
