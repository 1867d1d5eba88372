/** See scenarios_*.ts for what is tested, and clients.ts for this client. */
import { conformance } from "./conformance.ts";

conformance("realmway-bun");
