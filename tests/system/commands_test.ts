/** The command line apart from a running node: help, check, init, exit codes. */
import assert from "node:assert/strict";
import { cp, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../wamp/version.ts";
import { endAll, launch, openConfig, run, workplace } from "./cli_process.ts";

after(endAll);

const KIT = join(dirname(fileURLToPath(import.meta.url)), "..", "kit");

test("Command line: help exits with 0 and shows examples, for each command", async () => {
  const { directory, remove } = await workplace();
  const helps = await Promise.all(
    [
      [],
      ["start"],
      ["check"],
      ["init"],
      ["keygen"],
      ["keys"],
      ["hash"],
      ["version"],
      ["call"],
      [
        "publish",
      ],
      ["subscribe"],
      ["register"],
      ["completion"],
      ["codegen"],
      ["doctor"],
    ].map((
      command,
    ) => run([...command, "--help"], directory)),
  );
  for (const { code, stdout, stderr } of helps) {
    assert.equal(code, 0);
    assert.match(stdout, /Usage: realmway/);
    assert.match(stdout, /Examples:\n {2}realmway /);
    assert.ok(!stdout.includes("\x1b["), "no colours without a terminal");
    assert.equal(stderr, "");
  }
  await remove();
});

test("Command line: the help of every command has examples of that command", async () => {
  const { directory, remove } = await workplace();
  const { stdout } = await run(["completion", "markdown"], directory);
  const [, ...sections] = stdout.split(/^## (?=realmway )/m);
  assert.ok(sections.length > 40, `${sections.length} commands`);
  for (const section of sections) {
    const [title = ""] = section.split("\n");
    const [, examples = ""] = section.split("Examples:\n");
    assert.match(examples, new RegExp(`^ {2}(.*[ (<])?${title}`), title);
  }
  const groups = [["config"], ["service"], ["realm"], ["worker"]];
  for (const help of await Promise.all(groups.map((one) => run([...one, "--help"], directory)))) {
    assert.match(help.stdout, /Examples:\n {2}realmway /);
  }
  await remove();
});

test("check --json: says what is wrong with places, warnings and exit code for programs", async () => {
  const { directory, remove } = await workplace(`{
  "version": 2,
  "workers": [{ "type": "router", "realms": [{ "nme": "realm1" }] }]
}`);
  const bad = await run(["check", "--json"], directory);
  assert.deepEqual([bad.code, bad.stderr], [2, ""]);
  const { ok, file, problems } = JSON.parse(bad.stdout);
  assert.deepEqual([ok, file], [false, join(directory, ".realmway", "config.json")]);
  const [missing, unknown] = problems;
  assert.deepEqual(
    [missing.path, missing.line, unknown.path, unknown.line, unknown.column],
    ["workers[0].realms[0].name", 3, "workers[0].realms[0].nme", 3, 48],
  );
  assert.match(unknown.text, /did you mean "name"/);
  const nowhere = await run(["check", "--json", "--cbdir", "nowhere"], directory);
  assert.deepEqual([nowhere.code, JSON.parse(nowhere.stdout).file], [2, null]);
  await writeFile(join(directory, ".realmway", "config.json"), JSON.stringify(openConfig([])));
  const good = await run(["check", "--json"], directory);
  assert.equal(good.code, 0);
  assert.deepEqual(JSON.parse(good.stdout), { ok: true, file, problems: [], warnings: [] });
  await remove();
});

test("Command line: version and --version name the version", async () => {
  const { directory, remove } = await workplace();
  const [long, short] = await Promise.all([
    run(["version"], directory),
    run(["--version"], directory),
  ]);
  assert.match(long.stdout, new RegExp(`^Realmway ${VERSION}\n(Deno|Bun) \\d`));
  assert.equal(short.stdout, `${VERSION}\n`);
  assert.deepEqual([long.code, short.code], [0, 0]);
  await remove();
});

test("Command line: a wrong command line exits with 2 and says why on standard error", async () => {
  const { directory, remove } = await workplace();
  const cases: [string[], RegExp][] = [
    [["strat"], /unknown command 'strat'\n\(Did you mean start\?\)/],
    [["start", "--cbdri", "x"], /unknown option '--cbdri'\n\(Did you mean --cbdir\?\)/],
    [["start", "--loglevel", "loud"], /Allowed choices are none, critical/],
    [["init", "--port", "http"], /Expected a port from 0 to 65535/],
    [["check", "a", "b"], /too many arguments/],
    [["start", "--config", ""], /'--config <file>' argument '' is invalid. Expected a name/],
    [["check", "--cbdir", ""], /'--cbdir <directory>' argument '' is invalid. Expected a name/],
  ];
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await run(args, directory);
    assert.deepEqual([code, stdout], [2, ""], args.join(" "));
    assert.match(stderr, expected);
  }
  await remove();
});

test("check: prints OK for a configuration that can be used", async () => {
  const { directory, remove } = await workplace(openConfig([]));
  const { code, stdout, stderr } = await run(["check"], directory);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^OK, .*\.realmway.config\.json can be used\n$/);
  await remove();
});

test("check: prints every problem with its line and exits with 2", async () => {
  const { directory, remove } = await workplace(`{
  "version": 2,
  "workers": [
    {
      "type": "router",
      "realms": [{ "nme": "realm1" }],
      "transports": [{ "type": "mqtt" }]
    }
  ]
}`);
  const { code, stdout, stderr } = await run(["check"], directory);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Cannot use .*config\.json: found 3 problems\n/);
  assert.match(stderr, /\n {2}6:18 workers\[0\]\.realms\[0\]\.name: missing/);
  assert.match(
    stderr,
    /\n {2}6:20 workers\[0\]\.realms\[0\]\.nme: found an unknown key, .*did you mean "name"\?\n/,
  );
  assert.match(stderr, /\n {2}7:24 workers\[0\]\.transports\[0\]\.type: "mqtt" is not supported/);
  await remove();
});

test("check: files that are named and missing are problems", async () => {
  const endpoint = { type: "tcp", port: 0, tls: { key: "key.pem", certificate: "." } };
  const paths = {
    "/": { type: "static", directory: "../www" },
    "self": { type: "static", directory: "." },
  };
  const { directory, remove } = await workplace(openConfig([{ type: "web", endpoint, paths }]));
  const { code, stderr } = await run(["check"], directory);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /endpoint\.tls\.key: found nothing at .*key\.pem, expected a file that can be read/,
  );
  assert.match(stderr, /endpoint\.tls\.certificate: found a directory at .*, expected a file/);
  assert.match(stderr, /paths\["\/"\]\.directory: found nothing at .*www, expected a directory/);
  assert.match(stderr, /paths\.self\.directory: found the node directory, which holds keys/);
  await remove();
});

test("check and start: TLS files that cannot be used are problems, told with all others", async () => {
  const tls = (file: string) => join(KIT, "tls", file);
  const endpoint = (files: object) => ({
    type: "tcp",
    port: 0,
    interface: "127.0.0.1",
    tls: files,
  });
  const text = {
    key: "config.json",
    certificate: "config.json",
    "ca_certificates": ["config.json"],
  };
  const foreign = { key: tls("server2.key"), certificate: tls("server.crt"), ciphers: "NONE-SUCH" };
  const { directory, remove } = await workplace(openConfig([
    { type: "rawsocket", endpoint: endpoint(text), typ: 1 },
    { type: "rawsocket", endpoint: endpoint(foreign) },
    {
      type: "rawsocket",
      endpoint: endpoint({
        key: tls("server.key"),
        certificate: tls("server.crt"),
        "chain_certificates": [tls("ca.crt")],
        ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256:HIGH",
      }),
    },
  ]));
  for (const command of ["check", "start"]) {
    const { code, stderr } = await run([command], directory);
    assert.equal(code, 2);
    assert.deepEqual(
      stderr.trimEnd().split("\n").slice(1).map((line) =>
        line.replace(/^ *\d+:\d+ workers\[0\]\.transports/, "").replaceAll(/\/\S*\//g, "…/")
      ),
      [
        "[0].endpoint.tls.key: found no private key that can be read in …/config.json, expected one in PEM without passphrase",
        "[0].endpoint.tls.certificate: found no certificate that can be read in …/config.json, expected one in PEM",
        "[0].endpoint.tls.ca_certificates[0]: found no certificate that can be read in …/config.json, expected one in PEM",
        '[0].typ: found an unknown key, expected one of "id", "type", "endpoint", "serializers", "serializer", "options", "max_message_size", "auth", "debug"; did you mean "type"?',
        "[1].endpoint.tls.key: found a private key of another certificate in …/server2.key, expected that of …/server.crt",
        '[1].endpoint.tls.ciphers: found "NONE-SUCH", expected ciphers that this runtime has, as ECDHE-RSA-AES128-GCM-SHA256, joined by :',
      ],
      command,
    );
  }
  await remove();
});

test("check and start: warn of services whose sessions all get a role that is not there", async () => {
  const endpoint = { type: "tcp", port: 0, interface: "127.0.0.1" };
  const auth = { anonymous: { type: "static", role: "guest", realm: "realm1" } };
  const config = openConfig([
    { type: "rawsocket", endpoint },
    { type: "universal", endpoint, websocket: { "ws": { auth } }, rawsocket: { auth } },
  ]);
  const [worker] = config.workers;
  assert.ok(worker);
  const realms = [
    { name: "realm1", roles: [{ name: "user", permissions: [] }] },
    { name: "realm2", roles: [{ name: "guest", permissions: [] }] },
  ];
  const { directory, remove } = await workplace({ ...config, workers: [{ ...worker, realms }] });
  const paths = [
    "workers[0].transports[0]",
    "workers[0].transports[1].rawsocket.auth.anonymous",
    "workers[0].transports[1].websocket.ws.auth.anonymous",
  ];
  const { code, stdout, stderr } = await run(["check"], directory);
  assert.equal(code, 0);
  assert.match(stdout, /^OK/);
  assert.deepEqual(stderr.trimEnd().split("\n").map((line) => line.split(": ")[1]), paths);
  assert.match(stderr, /the role "anonymous", which no realm has: all will be refused/);
  assert.match(stderr, /the role "guest", which realm "realm1" has not: all will be refused/);
  const node = launch(["start"], directory);
  await node.until(/Ready/);
  assert.equal(await node.end(), 0);
  const warned = node.output.stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ level }) => level === "WARN" || level === "WARNING");
  assert.deepEqual(warned.map(({ properties }) => properties.path), paths);
  await remove();
});

test("check: text that is no JSON is named with its line", async () => {
  const { directory, remove } = await workplace('{\n  "version": 2,\n}');
  const { code, stderr } = await run(["check"], directory);
  assert.equal(code, 2);
  assert.match(stderr, /found 1 problem\n {2}3:1 found "}", expected a key in double quotes\n$/);
  await remove();
});

test("check: without a configuration it says where it looked and exits with 2", async () => {
  const { directory, remove } = await workplace();
  const { code, stderr } = await run(["check"], directory);
  assert.equal(code, 2);
  assert.match(stderr, /\.crossbar.config\.json or .*\.realmway.config\.yaml.*"realmway init"/);
  const named = await run(["check", "--cbdir", "x", "--config", "y.json"], directory);
  assert.equal(named.code, 2);
  assert.match(named.stderr, /expected .*x.y\.json; /);
  await remove();
});

test("check: the node directory comes from --cbdir, REALMWAY_DIR or CROSSBAR_DIR; YAML is found too", async () => {
  const { directory, remove } = await workplace();
  await writeFile(join(directory, "config.yaml"), "version: 2\nworkers: [{ type: router }]\n");
  const results = await Promise.all([
    run(["check", "--cbdir", "."], directory),
    run(["check"], directory, { "REALMWAY_DIR": directory }),
    run(["check"], directory, { "CROSSBAR_DIR": directory }),
    run(["check", "--cbdir", ".", "--config", "config.yaml"], directory),
  ]);
  for (const { code, stdout } of results) {
    assert.equal(code, 0);
    assert.match(stdout, /config\.yaml can be used/);
  }
  await remove();
});

test("check: --cbdir that names a file is told apart from a missing directory", async () => {
  const { directory, remove } = await workplace();
  await writeFile(join(directory, "node.yaml"), "version: 2\n");
  const { code, stderr } = await run(["check", "--cbdir", "node.yaml"], directory);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /found a file at .*node\.yaml, expected a directory; name a file with --config\n$/,
  );
  await remove();
});

test("check: --config without --cbdir is looked for in the working directory, then in the node directories", async () => {
  const { directory, remove } = await workplace(openConfig([]));
  await mkdir(join(directory, "conf"));
  await writeFile(join(directory, "conf", "x.yaml"), "version: 2\nworkers: [{ type: router }]\n");
  const [inConf, inNode, missing] = await Promise.all([
    run(["check", "--config", "conf/x.yaml"], directory),
    run(["check", "--config", "config.json"], directory),
    run(["check", "--config", "y.json"], directory),
  ]);
  assert.match(inConf.stdout, /^OK, .*conf.x\.yaml can be used\n$/);
  assert.match(inNode.stdout, /^OK, .*\.realmway.config\.json can be used\n$/);
  assert.equal(missing.code, 2);
  assert.match(
    missing.stderr,
    /expected (?!\S*(?:crossbar|realmway)\/y\.json)\S*\/y\.json or [^ ]*\.crossbar\/y\.json or [^ ]*\.realmway\/y\.json; /,
  );
  await remove();
});

test("check and start: .crossbar comes before .realmway, and the other one is named", async () => {
  // A node that listens nowhere ends by itself.
  const endpoint = { type: "tcp", port: 0, interface: "127.0.0.1" };
  const { directory, remove } = await workplace(openConfig([{ type: "rawsocket", endpoint }]));
  await cp(join(directory, ".realmway"), join(directory, ".crossbar"), { recursive: true });
  const checked = await run(["check"], directory);
  assert.match(checked.stdout, /^OK, .*\.crossbar.config\.json can be used\n$/);
  assert.match(checked.stderr, /^Passed over: .*\.realmway.config\.json\n$/);
  const node = launch(["start"], directory);
  await node.until(/Passed over .*\.realmway.config\.json.*\.crossbar.config\.json.* comes first/);
  await node.until(/Ready/);
  assert.equal(await node.end(), 0);
  const named = await run(["check", "--cbdir", ".realmway"], directory);
  assert.equal(named.stderr, "");
  await remove();
});

test("init: writes a commented configuration that check accepts, and never overwrites", async () => {
  const { directory, remove } = await workplace();
  const first = await run(["init", "--port", "9123"], directory);
  assert.equal(first.code, 0);
  assert.match(first.stdout, /Wrote .*config\.json\nStart the router with: realmway start\n/);
  const file = join(directory, ".realmway", "config.json");
  const text = await readFile(file, "utf8");
  assert.match(text, /^\/\/ A node/);
  assert.match(text, /"port": 9123/);
  assert.equal((await run(["check"], directory)).code, 0);
  await writeFile(file, "mine");
  const second = await run(["init"], directory);
  assert.equal(second.code, 1);
  assert.match(
    second.stderr,
    /Cannot make a node directory: found .*config\.json, expected no configuration; it stays as it is/,
  );
  assert.equal(await readFile(file, "utf8"), "mine");
  await remove();
});

test("init: a directory that is named gets the node directory, under either name, not under two", async () => {
  const { directory, remove } = await workplace();
  for (const args of [["chat"], ["--appdir", "shop"]]) {
    const made = await run(["init", ...args, "--port", "0"], directory);
    assert.deepEqual([made.code, made.stderr], [0, ""]);
    const cbdir = join(args.at(-1) ?? "", ".realmway");
    assert.ok(made.stdout.includes(`realmway start --cbdir ${cbdir}\n`), made.stdout);
    assert.equal((await run(["check", "--cbdir", cbdir], directory)).code, 0);
  }
  for (const other of ["--appdir", "--cbdir"]) {
    const both = await run(["init", "news", other, "sport"], directory);
    assert.equal(both.code, 2);
    assert.equal(
      both.stderr,
      `Cannot make a node directory: found the directory "news" and ${other}, expected one of both\n`,
    );
  }
  await remove();
});

test("init: a directory that cannot be made is told without a stack", async () => {
  const { directory, remove } = await workplace();
  await writeFile(join(directory, "taken"), "");
  const { code, stderr } = await run(["init", "--appdir", "taken"], directory);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Cannot make a node directory at .*taken.\.realmway: [^\n]+, expected a place to write to\n$/,
  );
  await remove();
});

test("init: does not hide a .crossbar directory that is there", async () => {
  const { directory, remove } = await workplace(openConfig([]));
  const app = join(directory, "app");
  await run(["init", "--appdir", app], directory);
  await rename(join(app, ".realmway"), join(app, ".crossbar"));
  const { code, stderr } = await run(["init", "--appdir", app], directory);
  assert.equal(code, 1);
  assert.match(stderr, /\.crossbar.config\.json/);
  await remove();
});

test("Commands: schema prints the JSON Schema of configurations", async () => {
  const { directory, remove } = await workplace();
  const { code, stdout } = await run(["schema"], directory);
  await remove();
  assert.equal(code, 0);
  const schema = JSON.parse(stdout);
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.deepEqual(schema.required, ["version", "workers"]);
});

test("config show: what the node would take, without secrets, as YAML or JSON", async () => {
  const config = openConfig([{
    type: "websocket",
    endpoint: { type: "tcp", port: 0 },
    auth: {
      ticket: { type: "static", principals: { joe: { ticket: "hidden", role: "anonymous" } } },
    },
  }]);
  const { directory, remove } = await workplace({
    ...config,
    "controller": { "$include": "controller.yaml" },
  });
  await writeFile(join(directory, ".realmway", "controller.yaml"), "id: ${NODE_NAME}\n");
  const env = { "NODE_NAME": "node7" };
  const shown = await run(["config", "show"], directory, env);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^ {2}id: node7$/m);
  assert.match(shown.stdout, /^ {4}shutdown_timeout: 2000$/m);
  const json = await run(["config", "show", "--json"], directory, env);
  assert.doesNotMatch(shown.stdout + json.stdout, /hidden/);
  const { workers: [worker] } = JSON.parse(json.stdout);
  assert.equal(worker.transports[0].auth.ticket.principals.joe.ticket, "******");
  const unset = await run(["config", "show"], directory);
  assert.equal(unset.code, 2);
  assert.match(unset.stderr, /^ {2}controller\.yaml:1:1 controller\.id: .*NODE_NAME to be set$/m);
  await remove();
});
