/** Templates of realms in the file: what is refused, and what a change of one does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../node/config/parse.ts";
import { ConfigError, formatProblem } from "../../../node/config/problems.ts";
import { configWarnings } from "../../../node/config/warnings.ts";
import { changesBetween } from "../../../node/reload/changes.ts";
import { type Layout, layoutOf } from "../../../node/reload/layout.ts";
import { sentence } from "../../../node/reload/sentence.ts";

type Section = Record<string, unknown>;

const owner = { name: "owner", "create_realm": true };
const template = (name: string, more: Section = {}) => ({ name, roles: [owner], ...more });
const router = (templates: readonly Section[], more: Section = {}) => (
  { type: "router", "realm_templates": templates, ...more }
);
const parsed = (...workers: readonly Section[]) => parseConfig({ version: 2, workers });
const layout = (templates: readonly Section[], before?: Layout) =>
  layoutOf(parsed(router(templates)), { env: {}, contents: [], before });

function problems(...workers: readonly Section[]): string {
  try {
    parsed(...workers);
    return "";
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    return cause.problems.map(formatProblem).join("\n");
  }
}

function transport(principal: Section): Section {
  const auth = {
    ticket: { type: "static", principals: { joe: { ticket: "secret", ...principal } } },
  };
  return { transports: [{ type: "websocket", endpoint: { type: "tcp", port: 0 }, auth }] };
}

test("Config: a template needs a pattern of names, and a role that may create its realms", () => {
  assert.equal(problems(router([template("tenant.*"), template("a", { match: "exact" })])), "");
  assert.match(problems(router([template("ten*ant.a")])), /expected a pattern of realms' names/);
  assert.match(
    problems(router([template("tenant.*", { match: "prefix" })])),
    /realm_templates\[0\]\.name.*expected a pattern/,
  );
  assert.match(
    problems(router([template("tenant.*", { roles: [{ name: "guest" }] })])),
    /realm_templates\[0\]\.roles.*found no role with "create_realm": true/,
  );
});

test("Config: a pattern stands once, however it is written; a realm beside it is no problem", () => {
  const twice = [template("tenant.*"), template("tenant.", { match: "prefix" })];
  assert.match(problems(router(twice)), /found the pattern of workers\[0\]\.realm_templates\[0\]/);
  assert.equal(problems(router([template("tenant.*")], { realms: [{ name: "tenant.a" }] })), "");
});

test("Config: what belongs to realms that stay is refused in a template, with the remedy", () => {
  const found = problems(router([template("tenant.*", { store: { type: "sqlite" }, rlinks: [] })]));
  assert.match(found, /what the realm keeps ends with it; write "type": "memory"/);
  assert.match(found, /a link needs a realm that stays/);
  const component = { type: "function", realm: "tenant.a", callbacks: { join: "./a.ts:join" } };
  assert.match(
    problems(router([template("tenant.*")], { components: [component] })),
    /found "tenant.a", expected a realm of this worker/,
  );
});

test("Config: a template is checked as a realm is", () => {
  const roles = [owner, { ...owner, permissions: [{ uri: "a*b" }] }];
  const found = problems(router([template("tenant.*", { roles })]));
  assert.match(found, /roles\[1\]\.name: found "owner", which is taken/);
  assert.match(found, /permissions\[0\]\.uri: found "a\*b"/);
});

test("Config: principals may have roles and realms of a template, and no others", () => {
  const templates = [template("tenant.*")];
  const found = (principal: Section) => problems(router(templates, transport(principal)));
  assert.equal(found({ role: "owner", realm: "tenant.a" }), "");
  assert.match(found({ role: "nobody" }), /found "nobody", expected a role of this worker: owner/);
  assert.match(found({ role: "owner", realm: "other" }), /found "other", expected a realm/);
});

test("Config: a realm may not come to be on two routers", () => {
  const other = (more: Section) => ({ type: "router", ...more });
  const expected = /expected each realm on one router/;
  const templates = [template("tenant.*")];
  assert.match(problems(router(templates), other({ realms: [{ name: "tenant.a" }] })), expected);
  assert.match(problems(router(templates), router([template("*.a")])), expected);
  assert.equal(problems(router(templates), other({ realms: [{ name: "realm1" }] })), "");
});

test("Config: who joins without credentials is not warned of when a template has the role", () => {
  const transports = [{ type: "websocket", endpoint: { type: "tcp", port: 0 } }];
  const warned = (role: string) =>
    configWarnings(
      parsed(router([template("tenant.*", { roles: [{ ...owner, name: role }] })], { transports })),
    ).length;
  assert.deepEqual([warned("anonymous"), warned("owner")], [0, 1]);
});

test("Reload: templates start, change and end; one keeps its id, wherever it stands", () => {
  const before = layout([template("a.*"), template("b.*")]);
  const after = layout(
    [template("c.*"), template("b.", { match: "prefix", "max_realms": 1 })],
    before,
  );
  const { router: steps, problems: found } = changesBetween(before, after);
  assert.deepEqual(found, []);
  assert.deepEqual(steps.map(sentence), [
    'template "c.*" started',
    'template "b." changed',
    'template "a.*" stopped',
  ]);
  assert.deepEqual(after.router.templates.map(({ id }) => id), ["template003", "template002"]);
});

test("Reload: a template may not change its id", () => {
  const before = layout([template("a.*", { id: "tenants" })]);
  const { problems: found } = changesBetween(
    before,
    layout([template("a.*", { id: "others" })], before),
  );
  assert.match(found.map(formatProblem).join(), /the template runs as "tenants"; restart the node/);
});
