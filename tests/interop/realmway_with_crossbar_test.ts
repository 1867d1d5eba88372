import { conformance } from "./conformance.ts";
import { crossbar } from "./foreign_routers.ts";

conformance("realmway-deno", crossbar);
