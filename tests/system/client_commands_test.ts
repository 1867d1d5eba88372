/** `realmway call`, `publish`, `subscribe` and `register`, as processes, against a node. */
import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ApplicationError, CallResult, connect, type Session } from "realmway";
import { type Node, parseConfig, startNode } from "realmway/node";
import {
  endAll,
  freePort,
  launch,
  openConfig,
  run,
  type Running,
  workplace,
} from "./cli_process.ts";

const TLS = join(dirname(fileURLToPath(import.meta.url)), "..", "kit", "tls");
const ENV = { "TICKET": "secret!!!" };

let node: Node;
let session: Session;
let directory: string;
let remove: () => Promise<void>;
let url: string;
let secureUrl: string;
let rawUrl: string;

const endpoint = { type: "tcp", interface: "127.0.0.1", port: 0 };
const role = "anonymous";

before(async () => {
  ({ directory, remove } = await workplace());
  const key = join(TLS, "server.key");
  const certificate = join(TLS, "server.crt");
  const tls = { key, certificate };
  const principals = { "joe": { ticket: ENV.TICKET, role } };
  const users = { "joe": { secret: ENV.TICKET, role } };
  const auth = {
    ticket: { type: "static", principals },
    wampcra: { type: "static", users },
  };
  const config = openConfig([
    { type: "websocket", endpoint },
    { type: "websocket", endpoint: { ...endpoint, tls }, auth },
    { type: "rawsocket", endpoint },
  ]);
  node = await startNode(parseConfig(config), { directory });
  [url = "", secureUrl = "", rawUrl = ""] = node.listeners.map(({ urls }) => urls[0] ?? "");
  session = await connect({ url, realm: "realm1" });
});

after(async () => {
  endAll();
  await session.leave();
  await node.stop();
  await remove();
});

const at = (...args: string[]) => [...args, "--url", url];
/** Behind "--" is the command that answers. */
const behind = (command: string[], ...args: string[]) => [...at(...args), "--", ...command];

test("call: prints one string as it is, everything else as JSON, and takes arguments as JSON or strings", async () => {
  const registration = await session.register("com.test.echo", (args, kwargs) => {
    return new CallResult(args, kwargs);
  });
  const cases: [string[], string][] = [
    [["text"], "text\n"],
    [["2", "two", '"2"', "[1]"], '2 "two" "2" [1]\n'],
    [["--strings", "2"], "2\n"],
    [["--args", '[1, {"a": null}]'], '1 {"a":null}\n'],
    [["-k", "a=1", "-k", "b=x", "--kwargs", '{"c": true}'], 'c=true a=1 b="x"\n'],
    [["9007199254740993"], "9007199254740993\n"],
    [["2", "--json"], '{"args":[2],"kwargs":{}}\n'],
    [[], ""],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await run(at("call", "com.test.echo", ...args), directory);
    assert.deepEqual([stdout, stderr, code], [expected, "", 0], args.join(" "));
  }
  await registration.unregister();
});

test("call: speaks every serializer over WebSocket and RawSocket", async () => {
  const registration = await session.register("com.test.add", ([a, b]) => Number(a) + Number(b));
  for (const address of [url, rawUrl]) {
    for (const serializer of ["json", "msgpack", "cbor", "cbor,json"]) {
      const args = ["call", "com.test.add", "2", "3", "--serializer", serializer, "-u", address];
      const { code, stdout, stderr } = await run(args, directory);
      assert.deepEqual([stdout, stderr, code], ["5\n", "", 0], `${address} ${serializer}`);
    }
  }
  await registration.unregister();
});

test("call: prints each partial result on its line before the result", async () => {
  const registration = await session.register("com.test.count", (_args, _kwargs, details) => {
    details.progress([1]);
    details.progress([2], { of: 3 });
    return 3;
  });
  const plain = await run(at("call", "com.test.count", "--progress"), directory);
  assert.equal(plain.stdout, "1\n2 of=3\n3\n");
  const json = await run(at("call", "com.test.count", "--progress", "--json"), directory);
  assert.deepEqual(json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line)), [
    { progress: true, args: [1], kwargs: {} },
    { progress: true, args: [2], kwargs: { of: 3 } },
    { args: [3], kwargs: {} },
  ]);
  const silent = await run(at("call", "com.test.count"), directory);
  assert.equal(silent.stdout, "3\n");
  await registration.unregister();
});

test("call: errors of the application go to standard error, with --json to standard output, and exit with 1", async () => {
  const registration = await session.register("com.test.fail", () => {
    throw new ApplicationError("com.test.error.bad", ["Too bad", 7], { why: "so" });
  });
  const { code, stdout, stderr } = await run(at("call", "com.test.fail"), directory);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.equal(stderr, 'com.test.error.bad: "Too bad" 7 why="so"\n');
  const json = await run(at("call", "com.test.fail", "--json"), directory);
  assert.deepEqual([json.code, json.stderr, JSON.parse(json.stdout)], [1, "", {
    error: "com.test.error.bad",
    args: ["Too bad", 7],
    kwargs: { why: "so" },
  }]);
  await registration.unregister();
});

test("call: --timeout ends the call with wamp.error.timeout", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const registration = await session.register("com.test.slow", () => promise);
  const { code, stderr } = await run(at("call", "com.test.slow", "--timeout", "50"), directory);
  assert.equal(code, 1);
  assert.match(stderr, /^wamp\.error\.timeout/);
  resolve();
  await registration.unregister();
});

test("call: SIGINT cancels the call in flight, and exits with 130", async () => {
  const started = Promise.withResolvers<void>();
  const canceled = Promise.withResolvers<void>();
  const registration = await session.register("com.test.wait", (_args, _kwargs, { signal }) => {
    started.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        canceled.resolve();
        reject(signal.reason);
      });
    });
  });
  const caller = launch(at("call", "com.test.wait"), directory);
  await started.promise;
  caller.send("SIGINT");
  await canceled.promise;
  assert.equal(await caller.ended, 130);
  assert.deepEqual(caller.output, { stdout: "", stderr: "" });
  await registration.unregister();
});

test("Client commands: exit with 3 without a router, 4 when it refuses, 5 when it ends the session, 2 for wrong usage", async () => {
  const port = await freePort();
  const cases: [string[], number, RegExp][] = [
    [["call", "com.test.a", "-u", `ws://127.0.0.1:${port}/ws`], 3, /^Cannot connect to "ws:/],
    [["call", "com.test.a", "-u", "http://127.0.0.1/"], 3, /^Cannot connect to "http:/],
    [at("publish", "com.test.a", "-r", "nowhere"), 4, /no_such_realm/],
    [at("call", "com.test.a", "--secret-env", "TICKET"), 2, /found a secret, expected none/],
    [at("call", "com.test.a", "--authmethod", "ticket"), 2, /expected one of --secret-file and/],
    [at("call", "com.test.a", "--authmethod", "scram", "--secret-env", "TICKET"), 2, /no --authid/],
    [at("call", "com.test.a", "--serializer", "xml"), 2, /found "xml", expected json, msgpack/],
    [at("call", "com.test.a", "-k", "novalue"), 2, /Expected name=value/],
    [at("call", "com.test.a", "--args", "1"), 2, /expected one JSON list/],
    [at("publish", "com.test.a", "--exclude", "x"), 2, /Expected session IDs/],
    [at("register", "com.test.a"), 2, /found neither, expected a command or --echo/],
  ];
  for (const [args, expected, text] of cases) {
    const { code, stdout, stderr } = await run(args, directory, ENV);
    assert.deepEqual([code, stdout], [expected, ""], `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, text);
    assert.ok(!stderr.includes("    at "), `no stack: ${stderr}`);
  }
  const subscriber = launch(at("subscribe", "com.test.a"), directory);
  await subscriber.untilComplaint(/Subscribed/);
  await session.call("wamp.session.kill_all", [], { reason: "com.test.enough" });
  assert.equal(await subscriber.ended, 5);
  assert.match(subscriber.output.stderr, /The session has ended: com\.test\.enough/);
});

test("Client commands: authenticate by ticket and wampcra with secrets from a private file or the environment, over TLS", async () => {
  const file = join(directory, "joe.secret");
  await writeFile(file, `${ENV.TICKET}\n`, { mode: 0o600 });
  const host = secureUrl.replace("127.0.0.1", "localhost");
  const tls = ["-u", host, "--tls-ca", join(TLS, "ca.crt")];
  const me = (...more: string[]) =>
    run(["call", "wamp.session.count", ...tls, ...more], directory, ENV);
  for (const method of ["ticket", "wampcra"]) {
    const auth = ["--authmethod", method, "--authid", "joe"];
    for (const secret of [["--secret-file", file], ["--secret-env", "TICKET"]]) {
      const { code, stdout, stderr } = await me(...auth, ...secret);
      assert.deepEqual([code, stderr], [0, ""], `${method} ${secret}`);
      assert.match(stdout, /^\d+\n$/);
    }
    const wrong = await me(...auth, "--secret-env", "HOME");
    assert.equal(wrong.code, 4, wrong.stderr);
  }
  await chmod(file, 0o644);
  const open = await me("--authmethod", "ticket", "--authid", "joe", "--secret-file", file);
  assert.equal(open.code, 1);
  assert.match(open.stderr, /expected that its owner alone may read it/);
});

test("publish and subscribe: events are printed one a line, until --count of them", async () => {
  const subscriber = launch(
    at("subscribe", "com.test.", "--match", "prefix", "-n", "2"),
    directory,
  );
  const json = launch(at("subscribe", "com.test.topic", "--json"), directory);
  await Promise.all([subscriber, json].map((one) => one.untilComplaint(/Subscribed to com/)));
  const publish = (...args: string[]) => run(at("publish", "com.test.topic", ...args), directory);
  const first = await publish("Hello", "--acknowledge");
  assert.match(first.stdout, /^\d+\n$/);
  assert.deepEqual(await publish("1", "two", "-k", "x=3"), { code: 0, stdout: "", stderr: "" });
  assert.equal(await subscriber.ended, 0);
  assert.equal(subscriber.output.stdout, 'com.test.topic Hello\ncom.test.topic 1 "two" x=3\n');
  await json.until(/\n.*\n/);
  assert.equal(await json.end("SIGINT"), 0);
  const [event] = json.output.stdout.split("\n");
  const { publication, ...rest } = JSON.parse(event ?? "");
  assert.equal(String(publication), first.stdout.trim());
  assert.deepEqual(rest, { topic: "com.test.topic", args: ["Hello"], kwargs: {}, details: {} });
});

test("publish and subscribe: --retain keeps an event for --get-retained", async () => {
  await run(at("publish", "com.test.kept", "42", "--retain", "--acknowledge"), directory);
  const later = await run(at("subscribe", "com.test.kept", "--get-retained", "-n", "1"), directory);
  assert.deepEqual([later.code, later.stdout], [0, "com.test.kept 42\n"]);
});

test("publish: --exclude and --eligible choose who receives the event", async () => {
  const seen: unknown[] = [];
  const mine = await connect({ url, realm: "realm1" });
  await mine.subscribe("com.test.choice", ([text]) => seen.push(text));
  const publish = (text: string, ...args: string[]) =>
    run(at("publish", "com.test.choice", text, "--acknowledge", ...args), directory);
  await publish("excluded", "--exclude", String(mine.id));
  await publish("not eligible", "--eligible-authrole", "guard,admin");
  await publish("eligible", "--eligible", `1,${mine.id}`);
  assert.deepEqual(seen, ["eligible"]);
  await mine.leave();
});

test("register: --echo answers calls, until SIGINT", async () => {
  const callee = launch(at("register", "com.test.echoed", "--echo"), directory);
  await callee.untilComplaint(/Registered/);
  const caller = await connect({ url, realm: "realm1" });
  assert.equal(await caller.call("com.test.echoed", ["x"]), "x");
  assert.equal(await callee.end("SIGINT"), 0);
  await caller.leave();
});

async function answering(command: string[], ...args: string[]): Promise<[Session, Running]> {
  const callee = launch(behind(command, "register", "com.test.run", ...args), directory);
  await callee.untilComplaint(/Registered/);
  return [await connect({ url, realm: "realm1" }), callee];
}

test("register: a command is run for each call, reads it as JSON and prints the answer", async () => {
  const [caller, callee] = await answering(["cat"]);
  assert.deepEqual(await caller.call("com.test.run", [1], { a: "b" }), {
    procedure: "com.test.run",
    args: [1],
    kwargs: { a: "b" },
    details: {},
  });
  assert.equal(await callee.end(), 0);
  await caller.leave();
});

test("register: a command that fails is an error with what it said; one that is not there says so", async () => {
  const [caller, callee] = await answering(["sh", "-c", "echo broken >&2; exit 3"]);
  await assert.rejects(caller.call("com.test.run"), {
    uri: "wamp.error.runtime_error",
    args: ["broken"],
    kwargs: { "exit_code": 3 },
  });
  await callee.end();
  const [, missing] = await answering(["/nowhere/command"]);
  await assert.rejects(caller.call("com.test.run"), /Cannot run \/nowhere\/command/);
  await missing.end();
  await caller.leave();
});

test("register: lines are partial results, envelopes have arguments with names and errors", async () => {
  const [caller, lines] = await answering(["printf", "1\\n2\\n3\\n"], "--answer", "lines");
  const seen: unknown[] = [];
  const onProgress = ([value]: readonly unknown[]) => seen.push(value);
  assert.equal(await caller.call("com.test.run", [], {}, { onProgress }), 3);
  assert.deepEqual(seen, [1, 2]);
  await lines.end();
  const good = ["echo", '{"args": [1, 2], "kwargs": {"a": true}}'];
  const [, envelope] = await answering(good, "--answer", "envelope");
  assert.deepEqual(await caller.call("com.test.run"), new CallResult([1, 2], { a: true }));
  await envelope.end();
  const bad = ["echo", '{"error": "com.test.error.no", "args": ["No"]}'];
  const [, failing] = await answering(bad, "--answer", "envelope");
  await assert.rejects(caller.call("com.test.run"), { uri: "com.test.error.no", args: ["No"] });
  await failing.end();
  await caller.leave();
});

test("register: cancelling a call ends its command", async () => {
  const script =
    "trap 'echo ended >> ended.txt; exit 0' TERM; echo 1; while :; do sleep 0.05; done";
  const [caller, callee] = await answering(["sh", "-c", `${script}`], "--answer", "lines");
  const stop = new AbortController();
  const calling = caller.call("com.test.run", [], {}, { signal: stop.signal, cancelMode: "kill" });
  // The answer of a killed call comes from the callee, once the command has ended.
  stop.abort(new Error("given up"));
  await assert.rejects(calling, /given up/);
  await callee.end();
  await caller.leave();
});
