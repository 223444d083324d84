/**
 * Aligns cells that tabs separate as Go's text/tabwriter does for docker (minimum 10 wide, 3 spaces between).
 * A column is a run of neighbouring lines that have a cell there, and the last cell of a line is never padded.
 */
export function alignColumns(text: string, options: { minimum?: number; padding?: number } = {}): string {
  const { minimum = 10, padding = 3 } = options;
  const lines = text.split("\n").map((line) => line.split("\t"));
  const widths: number[][] = lines.map(() => []);
  const columns = Math.max(...lines.map((cells) => cells.length)) - 1;
  for (let column = 0; column < columns; column += 1) {
    for (let start = 0; start < lines.length; start += 1) {
      if (lines[start]!.length <= column + 1) continue;
      let end = start;
      let width = 0;
      while (end < lines.length && lines[end]!.length > column + 1) {
        width = Math.max(width, [...lines[end]![column]!].length);
        end += 1;
      }
      for (let line = start; line < end; line += 1) widths[line]![column] = Math.max(minimum, width + padding);
      start = end;
    }
  }
  return lines.map((cells, line) => cells.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[line]![column] ?? 0) - [...cell].length))).join("")).join("\n");
}
