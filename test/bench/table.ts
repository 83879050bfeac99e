export type Cell = string | number;

/** A Markdown table whose columns line up: text to the left, numbers to the right. Pure. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => String(row[i] ?? "").length)));
  const isNumber = head.map((_, i) => rows.every((row) => typeof row[i] === "number"));
  const line = (cells: readonly Cell[]): string =>
    `| ${cells.map((cell, i) => (isNumber[i] ? String(cell).padStart(widths[i] ?? 0) : String(cell).padEnd(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (isNumber[i] ? `${"-".repeat(width + 1)}:` : "-".repeat(width + 2))).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
