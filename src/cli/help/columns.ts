/** Rows of two cells with the first ones as wide as the widest, the second wrapped to the width of the screen. */
export function columns(rows: readonly (readonly [string, string])[], options: { indent?: number; width?: number } = {}): string {
  const indent = " ".repeat(options.indent ?? 2);
  const first = Math.max(0, ...rows.map(([left]) => left.length));
  const room = Math.max(30, (options.width ?? 100) - indent.length - first - 3);
  const lines: string[] = [];
  for (const [left, right] of rows) {
    const wrapped = wrap(right, room);
    lines.push(`${indent}${left.padEnd(first)}   ${wrapped[0] ?? ""}`.trimEnd());
    for (const line of wrapped.slice(1)) lines.push(indent + " ".repeat(first + 3) + line);
  }
  return lines.join("\n");
}

/** Breaks a text at spaces into lines of at most that many characters; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
