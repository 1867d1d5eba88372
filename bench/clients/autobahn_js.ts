/** Autobahn|JS under load: `autobahn_js.ts URL SECONDS`. */
import process from "node:process";
import { require } from "../../tests/interop/js/packages.ts";
import { measure } from "./load.ts";

const autobahn = require("autobahn");
const [url = "", seconds = ""] = process.argv.slice(2);
const connection = new autobahn.Connection({ url, realm: "realm1" });
interface Session {
  call(procedure: string, args: unknown[]): Promise<unknown>;
  subscribe(topic: string, handler: () => void): Promise<unknown>;
}
connection.onopen = async (session: Session) => {
  await measure({
    call: (procedure, argument) => session.call(procedure, [argument]),
    subscribe: (topic, handler) => session.subscribe(topic, handler),
  }, Number(seconds));
  process.exit(0);
};
connection.open();
