/** Columns as Go's tabwriter sets them: each as wide as its widest cell and `gap` spaces, the last one as it is. */
export function textTable(rows: readonly (readonly string[])[], gap: number): string {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => [...row[column]!].length)) + gap);
  return rows.map((row) => `${row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]! + cell.length - [...cell].length))).join("")}\n`).join("");
}
