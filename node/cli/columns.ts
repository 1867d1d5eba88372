/** Rows of cells in columns, for people. */
import { styled } from "./output.ts";

/** @returns lines; a cell that is undefined is empty. */
export function columns(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const texts = rows.map((row) => titles.map((_, i) => String(row[i] ?? "")));
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...texts.map((row) => row[i]?.length ?? 0))
  );
  const line = (row: readonly string[]) =>
    row.map((text, i) => text.padEnd(widths[i] ?? 0)).join("  ").trimEnd();
  return [styled("bold", line(titles)), ...texts.map(line)].join("\n");
}
