/**
 * The npm package: JavaScript and declarations of what the entry points lead to, by `deno pack`, in dist/npm, and a tarball of it by
 * `npm pack`, whose path is printed. Node.js takes no TypeScript below node_modules. The command line is left out: it is the executable's.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url).href);
const DIST = join(ROOT, "dist");
const PACKAGE = join(DIST, "npm");
/** Loaded by its URL, which no graph of modules shows, and what it loads. */
const WORKER = ["node/store/store_worker", "node/store/database"];

function run(program: string, args: readonly string[], cwd = ROOT): string {
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** "./mod.ts" -> "./mod.js" */
function asJavaScript(path: string): string {
  return path.replace(/\.ts$/, ".js");
}

rmSync(PACKAGE, { recursive: true, force: true });
mkdirSync(PACKAGE, { recursive: true });
const packed = join(DIST, "deno-pack.tgz");
// Its warnings are about modules that no type of the entry points leads to
execFileSync(process.execPath, ["pack", "--allow-dirty", "--no-source-maps", "-o", packed], {
  cwd: ROOT,
  stdio: "ignore",
});
run("tar", ["xzf", packed, "--strip-components=1", "-C", PACKAGE]);
rmSync(packed);

for (const name of WORKER) {
  const source = readFileSync(join(ROOT, `${name}.ts`), "utf8");
  const stripped = stripTypeScriptTypes(source).replaceAll(/(from "\.[^"]+)\.ts"/g, '$1.js"');
  writeFileSync(join(PACKAGE, `${name}.js`), stripped);
}
const link = join(PACKAGE, "node/store/worker_link.js");
writeFileSync(
  link,
  readFileSync(link, "utf8").replace('"./store_worker.ts"', '"./store_worker.js"'),
);
for (const path of readdirSync(PACKAGE, { recursive: true, encoding: "utf8" })) {
  if (path.endsWith(".ts") && !path.endsWith(".d.ts")) rmSync(join(PACKAGE, path));
}
rmSync(join(PACKAGE, "node/web/page"), { recursive: true, force: true });
rmSync(join(PACKAGE, "node/cli"), { recursive: true, force: true });

const { bin: _bin, scripts: _scripts, devDependencies: _dev, ...manifest } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);
const code = readdirSync(PACKAGE, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".js"))
  .map((path) => readFileSync(join(PACKAGE, path), "utf8")).join("\n");
manifest.dependencies = Object.fromEntries(
  Object.entries(manifest.dependencies).filter(([name]) => code.includes(`"${name}`)),
);
manifest.exports = Object.fromEntries(
  Object.entries<string>(manifest.exports).map(([name, path]) => [
    name,
    { types: path.replace(/\.ts$/, ".d.ts"), default: asJavaScript(path) },
  ]),
);
manifest.types = "./mod.d.ts";
manifest.browser = Object.fromEntries(
  Object.entries<string>(manifest.browser).map((
    [from, to],
  ) => [asJavaScript(from), asJavaScript(to)]),
);
writeFileSync(join(PACKAGE, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);

for (const { types, default: module } of Object.values<Record<string, string>>(manifest.exports)) {
  readFileSync(join(PACKAGE, types ?? ""));
  readFileSync(join(PACKAGE, module ?? ""));
}
const [{ filename }] = JSON.parse(
  run("npm", ["pack", "--json", `--pack-destination=${DIST}`], PACKAGE),
);
process.stdout.write(`${join(DIST, filename)}\n`);
