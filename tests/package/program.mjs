// The npm package as its users use it: a router and two sessions, by the names that they import. Run by .ci/run, lane "package".
import assert from "node:assert/strict";
import { CallResult, connect, KeyRing } from "realmway";
import { parseConfig, startNode } from "realmway/node";
import {
  connectWS,
  listenWS,
  WebSocketClientFactory,
  WebSocketServerFactory,
} from "realmway/protocols";
import { Router } from "realmway/router";

const realms = [{ name: "realm1", roles: [{ name: "anonymous", "allow-by-default": true }] }];
const transports = [{
  type: "websocket",
  endpoint: { type: "tcp", interface: "127.0.0.1", port: 0 },
}];
const config = parseConfig({ version: 2, workers: [{ type: "router", realms, transports }] });
const node = await startNode(config, { directory: "." });
const url = node.listeners[0].urls[0];
const key = KeyRing.newSecret();
const join = () => {
  const keyring = new KeyRing([{ uri: "com.secret.", cipher: "xsalsa20poly1305", key }]);
  return connect({ url, realm: "realm1", serializers: ["cbor"], keyring });
};
const [alice, bob] = [await join(), await join()];
await bob.register("com.secret.twice", (args) => new CallResult([...args, ...args]));
assert.deepEqual((await alice.call("com.secret.twice", [1])).args, [1, 1]);
await Promise.all([alice.leave(), bob.leave()]);
await node.stop();

const listener = await listenWS(new WebSocketServerFactory("ws://127.0.0.1:0"));
const client = await connectWS(new WebSocketClientFactory(listener.url));
client.sendClose();
assert.equal((await client.closed).wasClean, true);
await listener.close();
assert.equal(typeof Router, "function");
