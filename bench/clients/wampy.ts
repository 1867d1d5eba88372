/** wampy under load: `wampy.ts URL SECONDS`. */
import process from "node:process";
import { require } from "../../tests/interop/js/packages.ts";
import { measure } from "./load.ts";

const { Wampy } = require("wampy");
const { JsonSerializer } = require("wampy/JsonSerializer.js");
const [url = "", seconds = ""] = process.argv.slice(2);
const wampy = new Wampy(url, {
  realm: "realm1",
  ws: require("websocket").w3cwebsocket,
  serializer: new JsonSerializer(),
  autoReconnect: false,
});
await wampy.connect();
await measure({
  call: async (procedure, argument) => (await wampy.call(procedure, [argument])).argsList?.[0],
  subscribe: (topic, handler) => wampy.subscribe(topic, handler),
}, Number(seconds));
process.exit(0);
