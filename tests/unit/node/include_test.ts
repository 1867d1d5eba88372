/** Files that a configuration includes, and variables in it. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readAssembled } from "../../../node/config/include.ts";
import { masked } from "../../../node/config/masked.ts";
import { parseConfig, readConfig } from "../../../node/config/parse.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";
import { expandVariables } from "../../../node/config/variables.ts";

const places: string[] = [];
after(() => Promise.all(places.map((place) => rm(place, { recursive: true }))));

/** Writes files, and answers the path of the first. */
async function written(files: Record<string, string | object>): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), "realmway-include-"));
  places.push(place);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(place, name)), { recursive: true });
    const text = typeof content === "string" ? content : JSON.stringify(content, undefined, 2);
    await writeFile(join(place, name), text);
  }
  return join(place, Object.keys(files)[0] ?? "");
}

async function problems(file: string, env = {}): Promise<string[]> {
  const error: unknown = await readConfig(file, env).then(() => undefined, (error) => error);
  assert.ok(error instanceof ConfigError, String(error));
  return error.problems.map(formatProblem);
}

const websocket = { type: "websocket", endpoint: { type: "tcp", port: 0 } };

test("Include: a file stands for what it holds, in JSON or YAML, relative to who includes it", async () => {
  const file = await written({
    "config.json": {
      "version": 2,
      "workers": [{ "$include": "parts/worker.yaml" }],
    },
    "parts/worker.yaml": "type: router\nrealms:\n  $include: realms.json\n",
    "parts/realms.json": [{ "name": "realm1" }],
  });
  const { value, mistakes } = await readAssembled(file);
  assert.deepEqual(mistakes, []);
  assert.deepEqual(value, {
    "version": 2,
    "workers": [{ "type": "router", "realms": [{ "name": "realm1" }] }],
  });
});

test("Include: items of an included list are items, and own keys take the place of the file's", async () => {
  const file = await written({
    "config.json": [
      1,
      { "$include": "list.json" },
      { "$include": "object.json", "b": 3, "c": 4 },
      5,
    ],
    "list.json": [2, { "$include": "object.json" }],
    "object.json": { "a": 1, "b": 2 },
  });
  assert.deepEqual((await readAssembled(file)).value, [
    1,
    2,
    { "a": 1, "b": 2 },
    { "a": 1, "b": 3, "c": 4 },
    5,
  ]);
});

test("Include: problems name the file and line that they are in, also behind an included list", async () => {
  const file = await written({
    "config.json": {
      "version": 2,
      "workers": [{
        "type": "router",
        "realms": [{ "$include": "realms.yaml" }, { "nam": "realm3" }],
      }],
    },
    "realms.yaml": "- name: realm1\n- name: realm2\n  optons: {}\n",
  });
  const found = await problems(file);
  assert.equal(found.length, 3);
  assert.match(
    found.join("\n"),
    /^realms\.yaml:3:3 workers\[0\]\.realms\[1\]\.optons: found an unknown key/m,
  );
  assert.match(
    found.join("\n"),
    /^11:11 workers\[0\]\.realms\[2\]\.nam: .*did you mean "name"\?$/m,
  );
});

test("Include: what cannot be included is told with its place", async () => {
  const file = await written({
    "config.json": {
      "version": 2,
      "controller": { "$include": "none.json" },
      "a": { "$include": 1 },
      "b": { "$include": "self.json" },
      "c": { "$include": "broken.json" },
      "workers": { "$include": "list.json", "more": 1 },
    },
    "self.json": { "deeper": { "$include": "self.json" } },
    "broken.json": "{\n  nothing",
    "list.json": [],
  });
  const found = (await problems(file)).join("\n");
  assert.match(
    found,
    /^4:5 controller\.\$include: found "none\.json", expected a file that can be read/m,
  );
  assert.match(found, /a\.\$include: found no name, expected a file/);
  assert.match(
    found,
    /^self\.json:3:5 deeper\.\$include: found "self\.json", which includes itself/m,
  );
  assert.match(found, /^broken\.json:2:3 found "nothing", expected a key in double quotes/m);
  assert.match(found, /workers: found keys beside "\$include", expected an object in the file/);
});

test("Variables: whole strings and parts of strings come from the environment", () => {
  const env = { "NAME": "joe", "EMPTY": "" };
  const value = {
    "a": "$NAME",
    "b": "x-${NAME}-${EMPTY:-y}-$NAME",
    "c": ["${NONE:-}", "$${NAME}", "^a$", "5 $ off"],
    "secret": "$NAME",
    "value": { "d": "$NONE" },
  };
  const { value: expanded, problems } = expandVariables(value, env);
  assert.deepEqual(problems, []);
  assert.deepEqual(expanded, {
    "a": "joe",
    "b": "x-joe-y-$NAME",
    "c": ["", "${NAME}", "^a$", "5 $ off"],
    "secret": "$NAME",
    "value": { "d": "$NONE" },
  });
});

test("Variables: they may mean numbers and flags where the schema wants such, and text elsewhere", () => {
  const config = (env: Record<string, string>) =>
    parseConfig({
      "version": 2,
      "controller": { "options": { "shutdown_timeout": "$TIMEOUT" } },
      "workers": [{
        "type": "router",
        "realms": [{ "name": "${REALM}", "roles": [{ "name": "$ROLE" }] }],
        "transports": [{
          ...websocket,
          "options": { "auto_ping_interval": "$PING", "tcp_nodelay": "${DELAY:-false}" },
        }],
      }],
    }, env);
  const env = { "TIMEOUT": "300", "REALM": "realm1", "ROLE": "7", "PING": "5000" };
  const { controller, workers: [worker] } = config(env);
  assert.equal(controller.options.shutdown_timeout, 300);
  assert.ok(worker?.type === "router");
  assert.equal(worker.realms[0]?.name, "realm1");
  assert.equal(worker.realms[0]?.roles[0]?.name, "7");
  const [transport] = worker.transports;
  assert.ok(transport?.type === "websocket");
  assert.equal(transport.options.auto_ping_interval, 5000);
  assert.equal(transport.options.tcp_nodelay, false);
  assert.throws(() => config({ ...env, "PING": "often", "TIMEOUT": "" }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.problems.map(formatProblem), [
      'controller.options.shutdown_timeout: found "$TIMEOUT", expected the environment variable TIMEOUT to be set',
      'workers[0].transports[0].options.auto_ping_interval: found "often", expected 0, or a whole number of milliseconds from 1000 to 86400000',
    ]);
    return true;
  });
});

test("Masks: secrets are not shown, whatever else is", () => {
  assert.deepEqual(
    masked({
      "principals": {
        "joe": { "ticket": "hidden", "role": "user" },
        "amy": { "ticket": { "file": "amy.secret" } },
      },
      "options": { "key": "app1", "secret": "$HIDDEN" },
      "authentication": {
        "cryptosign": { "privkey": "hidden" },
        "scram": { "password": "hidden" },
      },
      "jwks": "https://joe:hidden@example.com/keys",
      "env": { "vars": { "API_TOKEN": "hidden", "LANG": "C" } },
    }),
    {
      "principals": {
        "joe": { "ticket": "******", "role": "user" },
        "amy": { "ticket": { "file": "amy.secret" } },
      },
      "options": { "key": "app1", "secret": "******" },
      "authentication": {
        "cryptosign": { "privkey": "******" },
        "scram": { "password": "******" },
      },
      "jwks": "https://joe:******@example.com/keys",
      "env": { "vars": { "API_TOKEN": "******", "LANG": "C" } },
    },
  );
});
