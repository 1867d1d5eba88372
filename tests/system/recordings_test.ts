/** `realmway record` and `replay`: what clients and a router said, as a file, and again against the same and other routers. */
import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ApplicationError, type Authentication, connect, JoinError } from "realmway";
import { type Node, parseConfig, startNode } from "realmway/node";
import { signingKey } from "../../auth/cryptosign.ts";
import { hashScramPassword } from "../../auth/hash.ts";
import { endAll, freePort, launch, openConfig, run, workplace } from "./cli_process.ts";

const TICKET = "a secret ticket";
const SECRET = "a secret that answers challenges";
const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
const CONFIG = openConfig([
  { type: "websocket", endpoint },
  { type: "rawsocket", endpoint },
  {
    type: "websocket",
    endpoint,
    auth: {
      ticket: {
        type: "static",
        principals: { "joe": { ticket: TICKET, role: "anonymous" } },
      },
    },
  },
]);

let directory: string;
let remove: () => Promise<void>;
let node: Node;
let url: string;
let rawUrl: string;
let secureUrl: string;

before(async () => {
  ({ directory, remove } = await workplace());
  node = await startNode(parseConfig(CONFIG), { directory });
  [url = "", rawUrl = "", secureUrl = ""] = node.listeners.map(({ urls }) => urls[0] ?? "");
});
after(async () => {
  endAll();
  await node?.stop();
  await remove?.();
});

type Line = Readonly<Record<string, unknown>> & { readonly message?: readonly unknown[] };

/** Records what `use` does over the proxy. Resolves to the file and its lines. */
async function recorded(
  name: string,
  router: string,
  use: (url: (scheme: "ws" | "rs") => string) => Promise<void>,
  ...options: string[]
): Promise<{ readonly file: string; readonly lines: Line[] }> {
  const file = join(directory, name);
  const recorder = launch(["record", router, "-o", name, ...options], directory);
  const [, port] = await recorder.untilComplaint(/comes to 127\.0\.0\.1:(\d+)/);
  await use((scheme) => `${scheme}://127.0.0.1:${port}${scheme === "ws" ? "/" : ""}`);
  assert.equal(await recorder.end("SIGINT"), 0);
  const text = await readFile(file, "utf8");
  return { file, lines: text.trimEnd().split("\n").map((line) => JSON.parse(line)) };
}

/** Two sessions that use everything which gives out ids. */
async function talk(url: (scheme: "ws" | "rs") => string): Promise<void> {
  const callee = await connect({ url: url("ws"), realm: "realm1", serializers: ["cbor"] });
  const caller = await connect({ url: url("rs"), realm: "realm1", serializers: ["msgpack"] });
  const registration = await callee.register("com.test.add", ([a, b], _kwargs, details) => {
    details.progress([0]);
    return Number(a) + Number(b);
  });
  const seen = Promise.withResolvers<unknown>();
  const subscription = await callee.subscribe("com.test.topic", ([bytes]) => seen.resolve(bytes));
  assert.equal(await caller.call("com.test.add", [2, 3], {}, { onProgress: () => {} }), 5);
  const sent = Uint8Array.of(1, 2, 255);
  // And here the authid that the router has made up.
  const options = { acknowledge: true, eligibleAuthid: [callee.authid ?? ""] } as const;
  await caller.publish("com.test.topic", [sent], { at: 2 ** 60 }, options);
  assert.deepEqual(await seen.promise, sent);
  // Ids of sessions stand in arguments here.
  const ids = await caller.call("wamp.session.list");
  assert.deepEqual(ids, [callee.id, caller.id]);
  await assert.rejects(caller.call("com.test.nowhere"), ApplicationError);
  await subscription.unsubscribe();
  await registration.unregister();
  await caller.leave();
  await callee.leave();
}

const messages = (lines: readonly Line[], session: number, from: string) =>
  lines.filter((line) => line["session"] === session && line["from"] === from)
    .flatMap(({ message }) => message === undefined ? [] : [message]);

const again = (file: string, to: string, ...options: string[]) =>
  run(["replay", file, to, ...options], directory);

test("record: writes who said what and when, whatever the serializer, into a file for its owner alone", async () => {
  const { file, lines } = await recorded("talk.jsonl", url, talk);
  const [head, first] = lines;
  assert.deepEqual([head?.["recording"], head?.["url"]], [1, url]);
  assert.deepEqual(first?.["connected"], { kind: "websocket", serializer: "cbor" });
  const types = messages(lines, 2, "client").map(([type]) => type);
  assert.deepEqual(types, [1, 48, 16, 48, 48, 6]);
  const [, , , publish] = [0, 0, 0, messages(lines, 2, "client").find(([type]) => type === 16)];
  assert.deepEqual(publish?.slice(3), ["com.test.topic", ["\0AQL/"], { at: 2 ** 60 }]);
  assert.equal(
    messages(lines, 2, "router").find(([type]) => type === 8)?.[4],
    "wamp.error.no_such_procedure",
  );
  const times = lines.slice(1).map(({ ms }) => Number(ms));
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  assert.ok(lines.some(({ closed }) => closed !== undefined));
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const twice = await run(["record", url, "-o", "talk.jsonl"], directory);
  assert.deepEqual([twice.code, /found one of that name/.test(twice.stderr)], [1, true]);
});

test("replay: the same router answers as recorded, in other ids, over WebSocket and RawSocket", async () => {
  const { file, lines } = await recorded("same.jsonl", url, talk);
  const answers = lines.filter(({ from, message }) => from === "router" && message !== undefined);
  for (const to of [url, rawUrl]) {
    for (const options of [[], ["--strict"]]) {
      const { code, stdout, stderr } = await again(file, to, ...options);
      assert.deepEqual([code, stderr], [0, ""], stdout);
      assert.match(
        stdout,
        new RegExp(`of the answers ${answers.length} as recorded, 0 different\n$`),
      );
    }
  }
});

test("replay: what is answered differently, more, or not at all is shown, and exits with 1", async () => {
  const { file, lines } = await recorded("other.jsonl", url, talk);
  // As another router would have answered.
  const changed = lines.flatMap((line): Line[] => {
    const { message } = line;
    if (message?.[0] === 50 && message[3] !== undefined && Object(message[3])[0] === 5) {
      return [{ ...line, message: [...message.slice(0, 3), [6]] }];
    }
    if (message?.[0] === 17) return [];
    if (message?.[0] === 65) return [line, { ...line, message: [36, message[2], 1, {}] }];
    return [line];
  });
  const text = changed.map((line) => JSON.stringify(line)).join("\n");
  await writeFile(join(directory, "changed.jsonl"), text);
  const { code, stdout } = await again("changed.jsonl", url, "--json", "--patience", "300");
  assert.equal(code, 1);
  const values = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const summary = values.pop();
  assert.equal(summary["different"], 3);
  const found = (isIt: (one: { recorded: unknown[]; replayed: unknown[] }) => boolean) =>
    assert.ok(values.some(isIt), stdout);
  found(({ recorded, replayed }) =>
    recorded?.[0] === 50 && Object(recorded[3])[0] === 6 && Object(replayed[3])[0] === 5
  );
  found(({ recorded, replayed }) => recorded?.[0] === 36 && replayed === null);
  found(({ recorded, replayed }) => recorded === null && replayed[0] === 17);
  const shown = await again(file, secureUrl, "--patience", "300");
  assert.equal(shown.code, 1);
  assert.match(shown.stdout, /Session 1\n {2}- WELCOME .*\n {2}\+ ABORT .*authentication_required/);
});

test("record: tickets are left out unless they shall be kept, and replay says which it lacks", async () => {
  const join1 = (ticket: string) => async (at: (scheme: "ws") => string) => {
    const authentication = { ticket: { authid: "joe", ticket } };
    const session = await connect({ url: at("ws"), realm: "realm1", authentication });
    await session.leave();
  };
  const without = await recorded("without.jsonl", secureUrl, join1(TICKET));
  assert.ok(!(await readFile(without.file, "utf8")).includes(TICKET));
  const lacking = await again(without.file, secureUrl);
  assert.equal(lacking.code, 1);
  assert.match(lacking.stderr, /^Cannot replay the authentication of session 1: .*--keep-secrets/);
  const withSecret = await recorded("with.jsonl", secureUrl, join1(TICKET), "--keep-secrets");
  const kept = await again(withSecret.file, secureUrl);
  assert.deepEqual([kept.code, kept.stderr], [0, ""], kept.stdout);
  const denied = await recorded("denied.jsonl", secureUrl, async (at) => {
    await assert.rejects(join1("wrong")(at), JoinError);
  }, "--keep-secrets");
  assert.equal((await again(denied.file, secureUrl)).code, 0);
});

test("replay: sessions that answer challenges join anew by credentials that are given, and by wrong ones do not", async () => {
  const [seed, wrong] = ["0f".repeat(32), "f0".repeat(32)];
  const role = "anonymous";
  const hashed = await hashScramPassword(SECRET, { kdf: "pbkdf2", iterations: 4096 });
  const { publicKey } = await signingKey(seed);
  const auth = {
    wampcra: { type: "static", users: { joe: { secret: SECRET, role } } },
    scram: { type: "static", principals: { joe: { ...hashed, role } } },
    cryptosign: { type: "static", principals: { joe: { authorized_keys: [publicKey], role } } },
    ticket: { type: "static", principals: { joe: { ticket: SECRET, role } } },
  };
  const config = parseConfig(openConfig([{ type: "websocket", endpoint, auth }]));
  const strict = await startNode(config, { directory });
  const [router = ""] = strict.listeners.flatMap(({ urls }) => urls);
  const cases: [Authentication, string, string][] = [
    [{ wampcra: { authid: "joe", secret: SECRET } }, SECRET, "no"],
    [{ scram: { authid: "joe", password: SECRET } }, SECRET, "no"],
    [{ cryptosign: { authid: "joe", privkey: seed } }, seed, wrong],
    [{ ticket: { authid: "joe", ticket: SECRET } }, SECRET, "no"],
  ];
  for (const [authentication, secret, other] of cases) {
    const [method = ""] = Object.keys(authentication);
    const { file } = await recorded(`${method}.jsonl`, router, async (at) => {
      const session = await connect({ url: at("ws"), realm: "realm1", authentication });
      assert.equal(await session.call("wamp.session.count"), 1);
      await session.leave();
    });
    const replayed = (SECRET_OF_JOE: string, ...options: string[]) =>
      run(
        ["replay", file, router, "--authmethod", method, "--secret-env", "SECRET_OF_JOE"].concat(
          options,
        ),
        directory,
        { SECRET_OF_JOE },
      );
    const { code, stdout, stderr } = await replayed(secret, "--authid", "joe");
    assert.deepEqual([code, stderr], [0, ""], `${method}: ${stdout}`);
    assert.match(stdout, / 0 different\n$/);
    const denied = await replayed(other, "--authid", "joe");
    assert.equal(denied.code, 1, method);
    assert.match(denied.stdout, /- WELCOME .*\n {2}\+ ABORT /);
    // Not for who is in the recording.
    const others = await replayed(secret, "--authid", "jane");
    assert.match(others.stderr, /^Cannot replay the authentication of session 1: .*credentials/);
  }
  await strict.stop();
  const lone = await run(["replay", "wampcra.jsonl", router, "--authid", "joe"], directory);
  assert.deepEqual([lone.code, /found no --authmethod/.test(lone.stderr)], [2, true]);
});

test("record: tokens by which sessions are taken up are left out", async () => {
  const config = openConfig([{ type: "websocket", endpoint }]);
  const [worker] = config.workers;
  const realms = worker?.realms.map((realm) => ({ ...realm, "resumption": {} }));
  const resuming = await startNode(
    parseConfig({ ...config, "workers": [{ ...worker, realms }] }),
    { directory },
  );
  const [router = ""] = resuming.listeners.flatMap(({ urls }) => urls);
  const { lines } = await recorded("resumable.jsonl", router, async (at) => {
    const options = { url: at("ws"), realm: "realm1", resumable: true };
    await (await connect(options)).leave();
  });
  const [welcome] = messages(lines, 1, "router");
  assert.equal(Object(welcome?.[2])["resume_token"], "******");
  await resuming.stop();
});

test("record and replay: routers that are not there, and files that are no recordings, have their words and codes", async () => {
  const nowhere = `ws://127.0.0.1:${await freePort()}/`;
  const { file, lines } = await recorded("nobody.jsonl", nowhere, async (at) => {
    await assert.rejects(connect({ url: at("ws"), realm: "realm1" }));
  });
  assert.ok(lines.some(({ broken }) => String(broken).includes("nobody listens there")));
  assert.equal((await again(file, nowhere)).code, 3);
  await writeFile(join(directory, "text.jsonl"), "hello\n");
  await writeFile(join(directory, "later.jsonl"), '{"recording": 2}\n');
  const head = '{"recording":1,"url":"","started":""}\n';
  await writeFile(join(directory, "odd.jsonl"), `${head}{"ms":1,"session":1,"from":"me"}\n`);
  const said = (what: string) => `${head}{"ms":1,"session":1,"from":"client",${what}}\n`;
  await writeFile(join(directory, "short.jsonl"), said('"message":[48]'));
  await writeFile(join(directory, "id.jsonl"), said('"message":[48,-1,{},"com.test"]'));
  await writeFile(join(directory, "serial.jsonl"), said('"connected":{"serializer":"ubjson"}'));
  const cases: [string[], number, RegExp][] = [
    [
      ["replay", "short.jsonl", url],
      1,
      /short\.jsonl: line 2: found no message of a client \(.*\)\n$/,
    ],
    [["replay", "id.jsonl", url], 1, /line 2: found no message of a client \(.*found -1/],
    [["replay", "serial.jsonl", url], 1, /line 2: found serializer "ubjson", expected json, /],
    [["replay", "missing.jsonl", url], 1, /^Cannot read the recording missing\.jsonl: /],
    [["replay", "text.jsonl", url], 1, /line 1: found no JSON/],
    [["replay", "later.jsonl", url], 1, /line 1: found "recording" 2, expected 1/],
    [["replay", "odd.jsonl", url], 1, /line 2: found "from" "me", expected client or router/],
    [["record", url, "--listen", "here"], 2, /expected a port, or host:port/],
    [["record", url, "--tls-ca", "missing.crt"], 1, /^Cannot read missing\.crt: /],
  ];
  for (const [args, expected, words] of cases) {
    const { code, stderr } = await run(args, directory);
    assert.equal(code, expected, `${args.join(" ")}\n${stderr}`);
    assert.match(stderr, words);
  }
});
