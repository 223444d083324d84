import { readFileSync } from "node:fs";

/** A range of ids that belongs to a user, of /etc/subuid or /etc/subgid (subuid(5)). */
export interface IdRange { readonly start: number; readonly count: number }

/** The ranges of a user, who may be written by name or by number. */
export function parseSubordinateIds(text: string, user: { readonly name: string; readonly id: number }): IdRange[] {
  return text.split("\n").flatMap((line) => {
    const [owner, start, count] = line.trim().split(":");
    if (!owner || (owner !== user.name && owner !== String(user.id))) return [];
    const range = { start: Number(start), count: Number(count) };
    return Number.isSafeInteger(range.start) && Number.isSafeInteger(range.count) && range.count > 0 ? [range] : [];
  });
}

/** The ranges of a user in such a file; none where it cannot be read. */
export function subordinateIds(file: "/etc/subuid" | "/etc/subgid", user: { readonly name: string; readonly id: number }): IdRange[] {
  try {
    return parseSubordinateIds(readFileSync(file, "utf8"), user);
  } catch {
    return [];
  }
}

/** Arguments for newuidmap and newgidmap: one's own id is 0 inside, the ranges follow from 1 on. */
export function idMap(own: number, ranges: readonly IdRange[]): number[] {
  const map = [0, own, 1];
  let next = 1;
  for (const { start, count } of ranges) {
    map.push(next, start, count);
    next += count;
  }
  return map;
}
