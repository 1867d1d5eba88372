/** YAML 1.2 as a configuration's source. Loaded only for `.yaml` and `.yml` files, as the package takes a while to load. */
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Path, Position, Source } from "./source.ts";

/** Reads `text`, one document. Aliases are limited, so a small file cannot become a large configuration. */
export function readYaml(text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const mistakes = document.errors.map((error) => ({
    // The package's text advises programmers.
    text: error.code === "MULTIPLE_DOCS" ? "found another document, expected one" : error.message,
    position: at(error.pos[0]),
  }));
  visit(document, {
    Alias: (_key, alias, above) => {
      const meant = alias.resolve(document);
      if (meant === undefined || !above.includes(meant)) return;
      const text = `found "*${alias.source}" within what it stands for, expected it elsewhere`;
      mistakes.push({ text, position: at(alias.range?.[0] ?? 0) });
    },
  });
  const position = (path: Path): Position | undefined => {
    const offset = offsetOf(document.contents, path);
    return offset === undefined ? undefined : at(offset);
  };
  if (mistakes.length > 0) return { value: undefined, position, mistakes };
  try {
    return { value: document.toJS({ maxAliasCount: 100 }), position, mistakes };
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    return {
      value: undefined,
      position,
      mistakes: [{ text: cause.message, position: { line: 1, column: 1 } }],
    };
  }
}

/** Where the key or item at `path` begins; the deepest known when the path leads further. */
function offsetOf(root: unknown, path: Path): number | undefined {
  let node: unknown = root;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const key of path) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) =>
        isPair(item) && isScalar(item.key) && String(item.key.value) === String(key)
      );
      if (pair === undefined) return offset;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      next = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      next = node.items[key];
      if (isNode(next)) offset = next.range?.[0] ?? offset;
    } else return offset;
    node = next;
  }
  return offset;
}
