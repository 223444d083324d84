import type { Package } from "../package.ts";

/** A line for each package: name, version, type. */
export function packageTable(packages: readonly Package[]): string {
  const rows = [["NAME", "VERSION", "TYPE"], ...packages.map(({ name, version, type }) => [name, version, type]).sort(byWords)];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([name, version, type]) => `${name!.padEnd(widths[0]!)}   ${version!.padEnd(widths[1]!)}   ${type}\n`).join("");
}

function byWords(a: readonly string[], b: readonly string[]): number {
  for (const [index, word] of a.entries()) if (word !== b[index]) return word < b[index]! ? -1 : 1;
  return 0;
}
