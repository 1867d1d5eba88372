/** Realmway's client under load: `realmway.ts URL SECONDS`. */
import process from "node:process";
import { connect } from "realmway";
import { measure } from "./load.ts";

const [url = "", seconds = ""] = process.argv.slice(2);
const session = await connect({ url, realm: "realm1" });
await measure({
  call: (procedure, argument) => session.call(procedure, [argument]),
  subscribe: (topic, handler) => session.subscribe(topic, handler),
}, Number(seconds));
await session.leave();
process.exit(0);
