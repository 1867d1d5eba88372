/** `realmway doctor`: all that this router announces is true; what a router only pretends is found out. */
import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { BROKER_FEATURES, DEALER_FEATURES } from "../../wamp/features.ts";
import { endAll, launch, openConfig, run, type Running, workplace } from "./cli_process.ts";

const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };

let node: Running;
let directory: string;
let remove: () => Promise<void>;
let webSocket: string;
let rawSocket: string;

before(async () => {
  const config = openConfig([{
    type: "universal",
    endpoint,
    rawsocket: {},
    websocket: { ws: {} },
  }]);
  ({ directory, remove } = await workplace(config));
  node = launch(["start"], directory);
  const [, found = ""] = await node.until(/"url":"([^"]*)"/);
  [webSocket = "", rawSocket = ""] = ["ws:", "rs:"].map((scheme) =>
    found.split(" ").find((url) => url.startsWith(scheme)) ?? ""
  );
});

after(async () => {
  await node.end();
  endAll();
  await remove();
});

interface Diagnosis {
  readonly role: string;
  readonly feature: string;
  readonly state: string;
  readonly found?: string;
}

test("doctor: every feature that this router announces works, or cannot be checked from outside", async () => {
  for (const args of [[webSocket], [rawSocket, "--serializer", "cbor"]]) {
    const { code, stdout, stderr } = await run(["doctor", ...args, "--json"], directory);
    assert.deepEqual([code, stderr], [0, ""], stdout);
    const { features }: { features: Diagnosis[] } = JSON.parse(stdout);
    const unchecked = features.filter(({ state }) => state === "unchecked");
    assert.deepEqual(features.filter(({ state }) => !["works", "unchecked"].includes(state)), []);
    assert.deepEqual(unchecked.map(({ feature }) => feature).toSorted(), [
      "call_trustlevels",
      "publication_trustlevels",
      "x_call_trustlevels",
      "x_publication_trustlevels",
    ]);
    for (
      const [role, names] of [["dealer", DEALER_FEATURES], ["broker", BROKER_FEATURES]] as const
    ) {
      const seen = features.filter((one) => one.role === role).map(({ feature }) => feature);
      for (const name of Object.keys(names)) {
        assert.ok(seen.includes(name) || seen.includes(name.slice(2)), `${role} ${name}`);
      }
    }
  }
});

test("doctor: prints a line for each feature, for people", async () => {
  const { code, stdout } = await run(["doctor", webSocket], directory);
  assert.equal(code, 0);
  assert.match(stdout, /^Realmway-\S+ at ws:/);
  assert.match(stdout, /\n {2}dealer {2}call_canceling +works\n/);
  assert.match(stdout, /\n {2}broker {2}publication_trustlevels +is announced, cannot be checked/);
});

test("doctor: exits with 3 without a router, and with 4 where the realm is not there", async () => {
  const nobody = await run(["doctor", "rs://127.0.0.1:1"], directory);
  assert.equal(nobody.code, 3);
  const nowhere = await run(["doctor", webSocket, "--realm", "nowhere"], directory);
  assert.deepEqual([nowhere.code, nowhere.stdout], [4, ""]);
});

/** A router that welcomes everybody, refuses every request, and announces one feature. Speaks JSON over RawSocket. */
async function liar() {
  const welcome = { roles: { dealer: { features: { "call_canceling": true } }, broker: {} } };
  const reply = (socket: Socket, message: readonly unknown[]) => {
    const body = new TextEncoder().encode(JSON.stringify(message));
    const frame = new Uint8Array(4 + body.length);
    new DataView(frame.buffer).setUint32(0, body.length);
    frame.set(body, 4);
    socket.write(frame);
  };
  let sessions = 0;
  const answer = (socket: Socket, [type, request]: readonly unknown[]) => {
    if (type === 1) reply(socket, [2, ++sessions, welcome]);
    else if (type === 6) reply(socket, [6, {}, "wamp.close.goodbye_and_out"]);
    else reply(socket, [8, type, request, {}, "com.test.error.never"]);
  };
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    let isOpen = false;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      if (!isOpen && rest.length >= 4) {
        socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0));
        rest = rest.subarray(4);
        isOpen = true;
      }
      while (isOpen && rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
        const end = 4 + rest.readUInt32BE(0);
        answer(socket, JSON.parse(rest.subarray(4, end).toString()));
        rest = rest.subarray(end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `rs://127.0.0.1:${address.port}`, close: () => server.close() };
}

test("doctor: names what is announced and does not work, and exits with 1", async () => {
  const router = await liar();
  const { code, stdout, stderr } = await run(["doctor", router.url, "--json"], directory);
  router.close();
  assert.deepEqual([code, stderr], [1, ""]);
  const { features }: { features: Diagnosis[] } = JSON.parse(stdout);
  assert.deepEqual(features.filter(({ state }) => state !== "absent"), [{
    role: "dealer",
    feature: "call_canceling",
    state: "broken",
    found: "REGISTER is answered by com.test.error.never ",
  }]);
  assert.ok(features.length > 20);
});
