/**
 * The house rules that the compiler cannot see, as a plugin of `deno lint`: which way imports
 * point, where a runtime may be named, where `node:` and WAMP's URIs may be written. deno.json loads
 * it; tests/unit/ci/layers_test.ts shows what each rule accepts and refuses.
 */
import { dirname, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** An import may only point to a smaller number, or stay in its own folder. */
const LAYERS: Readonly<Record<string, number>> = {
  wamp: 0,
  auth: 1,
  router: 2,
  transports: 3,
  client: 4,
  node: 5,
  protocols: 5,
};

/** What a file of a layer may never import, although its number would allow it. */
const NEVER: Readonly<Record<string, readonly string[]>> = { client: ["router"] };

/** The layers that run anywhere, browsers included. */
const PURE: ReadonlySet<string> = new Set(["wamp", "auth", "router"]);

const RUNTIME_SEAM: ReadonlySet<string> = new Set([
  "transports/runtime/bun.ts",
  "transports/runtime/deno.ts",
  "transports/runtime/node.ts",
  "transports/runtime/runtime.ts",
]);

/** The project's own name, as its users (and its tests and examples) import it. */
const SELF: Readonly<Record<string, string>> = {
  "realmway": "mod.ts",
  "realmway/router": "router/mod.ts",
  "realmway/node": "node/mod.ts",
  "realmway/protocols": "protocols/mod.ts",
};

/** Data that any layer but wamp/ may import: the version stands there. */
const MANIFESTS: ReadonlySet<string> = new Set(["package.json", "deno.json"]);

/** Not the subprotocols ("wamp.2.json"). The bare prefix "wamp." is no URI, but a template that starts with it makes one. */
const URI = /^wamp\.(?!2\.)./s;
const URI_PART = /^wamp\.(?!2\.)/;

type Visit = (specifier: string, node: Deno.lint.Node, isData: boolean) => void;

/** The path of a linted file from the project's root, with slashes. */
function pathOf(context: Deno.lint.RuleContext): string {
  return relative(ROOT, context.filename).split(sep).join("/");
}

/** The layer that a path lies in; "mod.ts" for the library's front door; undefined for tests, bench, examples and tools. */
function layerOf(path: string): string | undefined {
  if (path === "mod.ts") return path;
  const folder = path.split("/")[0] ?? "";
  return path.includes("/") && folder in LAYERS ? folder : undefined;
}

/** Why `from` may not import `to` (both paths from the root), or undefined if it may. */
function refusal(from: string, to: string): string | undefined {
  const source = layerOf(from);
  if (source === undefined) return undefined;
  const target = layerOf(to);
  if (source === "mod.ts") {
    return target === "client" ? undefined : "mod.ts is the library: it may import client/ only";
  }
  if (source === target) return undefined;
  if (target === undefined) {
    if (MANIFESTS.has(to) && source !== "wamp") return undefined;
    return `"${to}" lies outside the layers`;
  }
  if (NEVER[source]?.includes(target)) return `${source}/ never imports ${target}/`;
  const number = LAYERS[source] ?? 0;
  // mod.ts stands for client/
  const least = target === "mod.ts" ? LAYERS["client"] ?? 0 : LAYERS[target] ?? 0;
  if (least < number) return undefined;
  const name = target === "mod.ts" ? target : `${target}/`;
  return `${source}/ is layer ${number}, ${name} is layer ${least}: imports point to smaller numbers`;
}

/** Calls back for each import, re-export, import() and import type whose specifier is written out. */
function imports(visit: Visit): Deno.lint.LintVisitor {
  const withSource = (
    node:
      | Deno.lint.ImportDeclaration
      | Deno.lint.ExportAllDeclaration
      | Deno.lint.ExportNamedDeclaration,
  ) => {
    if (node.source !== null) {
      visit(node.source.value, node.source, node.attributes.length > 0);
    }
  };
  return {
    ImportDeclaration: withSource,
    ExportAllDeclaration: withSource,
    ExportNamedDeclaration: withSource,
    ImportExpression(node) {
      const specifier = textOf(node.source);
      if (specifier !== undefined) visit(specifier, node.source, node.options !== null);
    },
    TSImportType(node) {
      if (node.argument.type !== "TSLiteralType") return;
      const specifier = textOf(node.argument.literal);
      if (specifier !== undefined) visit(specifier, node.argument, false);
    },
  };
}

/** The text of a string literal or of a template without holes. */
function textOf(node: Deno.lint.Node): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0]?.cooked;
  }
  return undefined;
}

function isRelative(specifier: string): boolean {
  return /^\.{0,2}\/|^\.{1,2}$|^file:/.test(specifier);
}

const plugin: Deno.lint.Plugin = {
  name: "layers",
  rules: {
    /** Imports point down. */
    "direction": {
      create(context) {
        const from = pathOf(context);
        return imports((specifier, node) => {
          const to = isRelative(specifier)
            ? posix.join(posix.dirname(from), specifier)
            : SELF[specifier.replace(/^(npm:|jsr:)?(@realmway\/)?(?=realmway\b)/, "")];
          const message = to === undefined ? undefined : refusal(from, to);
          if (message !== undefined) context.report({ node, message });
        });
      },
    },
    /** Relative imports name the file, as Node and browsers need; data comes with its type. */
    "extension": {
      create(context) {
        return imports((specifier, node, isData) => {
          if (!isRelative(specifier) || specifier.endsWith(".ts") || isData) return;
          context.report({ node, message: `Write the file's name, ending in ".ts"` });
        });
      },
    },
    /** `node:` stays out of the layers that run anywhere. */
    "node-import": {
      create(context) {
        const layer = layerOf(pathOf(context)) ?? "";
        if (!PURE.has(layer)) return {};
        return imports((specifier, node) => {
          if (!specifier.startsWith("node:")) return;
          context.report({ node, message: `${layer}/ runs anywhere: no "node:" import` });
        });
      },
    },
    /** Only transports/runtime/ knows which runtime it is. */
    "runtime": {
      create(context) {
        const path = pathOf(context);
        if (layerOf(path) === undefined || RUNTIME_SEAM.has(path)) return {};
        const names = new Set<unknown>(["Deno", "Bun"]);
        const report = (node: Deno.lint.Node, name: unknown) =>
          context.report({ node, message: `"${name}" may be named only in transports/runtime/` });
        return {
          ...imports((specifier, node) => {
            if (/^bun(:|$)/.test(specifier)) report(node, specifier);
          }),
          Identifier(node) {
            if (names.has(node.name)) report(node, node.name);
          },
          MemberExpression(node) {
            const key = node.computed ? textOf(node.property) : undefined;
            if (names.has(key)) report(node.property, key);
          },
          BinaryExpression(node) {
            const key = node.operator === "in" ? textOf(node.left) : undefined;
            if (names.has(key)) report(node.left, key);
          },
        };
      },
    },
    /** WAMP's URIs have one home, and a second for what few programs load. */
    "wamp-uri": {
      create(context) {
        const path = pathOf(context);
        if (layerOf(path) === undefined || /^wamp\/(encryption_)?uris\.ts$/.test(path)) {
          return {};
        }
        const message = "Take WAMP's URIs from wamp/uris.ts";
        return {
          Literal(node) {
            if (typeof node.value === "string" && URI.test(node.value)) {
              context.report({ node, message });
            }
          },
          TemplateLiteral(node) {
            if (URI_PART.test(node.quasis[0]?.cooked ?? "")) context.report({ node, message });
          },
        };
      },
    },
  },
};
export default plugin;
