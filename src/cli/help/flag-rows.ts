import type { Flag, FlagTable } from "../flags/flag.ts";

/** A flag as the help shows it: `-t, --tag NAME` and its text. */
export function flagRow(name: string, flag: Flag): [string, string] {
  const short = flag.short === undefined ? "    " : `-${flag.short}, `;
  const value = flag.kind === "switch" ? "" : ` ${flag.value ?? "TEXT"}`;
  const choices = flag.choices ? ` (${flag.choices.join(", ")})` : "";
  const fallback = flag.default === undefined ? "" : ` [${flag.default}]`;
  return [`${short}--${name}${value}`, flag.help + choices + fallback];
}

/** The flags that can be used, under their headings in the order of the table; refused ones are left out. */
export function groupFlags(table: FlagTable): Map<string, [string, Flag][]> {
  const groups = new Map<string, [string, Flag][]>();
  for (const [name, flag] of Object.entries(table)) {
    if (flag.refused !== undefined) continue;
    const group = flag.group ?? "Options";
    const list = groups.get(group) ?? [];
    list.push([name, flag]);
    groups.set(group, list);
  }
  return groups;
}

/** Names of the flags that Docker's tools know and this version refuses, sorted. */
export function refusedFlags(table: FlagTable): string[] {
  return Object.keys(table).filter((name) => table[name]!.refused !== undefined).sort().map((name) => `--${name}`);
}
