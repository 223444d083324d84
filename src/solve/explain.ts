import type { CacheRecord, ContentRow } from "./ports.ts";

const SHOWN_FILES = 10;

/** Why a step has to run, line by line: what differs from the last time, from what to what. */
export function explainMiss(
  components: Readonly<Record<string, string>>,
  files: readonly ContentRow[],
  last: CacheRecord | undefined,
): string[] {
  if (!last) return ["it has not run before"];
  const lines: string[] = [];
  for (const name of new Set([...Object.keys(last.components), ...Object.keys(components)])) {
    const before = last.components[name];
    const now = components[name];
    if (before === now || name === "content" || name === "from") continue;
    if (name === "base") lines.push("the step before it made a new result");
    else if (before === undefined) lines.push(`${name}: new, ${shown(now!)}`);
    else if (now === undefined) lines.push(`${name}: was ${shown(before)}, is gone`);
    else lines.push(`${name}: ${shown(before)} → ${shown(now)}`);
  }
  if (components["content"] !== last.components["content"]) lines.push(...fileDifferences(last.files ?? [], files));
  return lines.length > 0 ? lines : ["its earlier result is no longer in the store"];
}

/** What differs of the files that a step reads, a line for each of the first few. */
export function fileDifferences(before: readonly ContentRow[], now: readonly ContentRow[]): string[] {
  const old = new Map(before.map((row) => [row.path, row]));
  const lines: string[] = [];
  for (const row of now) {
    const was = old.get(row.path);
    old.delete(row.path);
    if (!was) lines.push(`${row.path}: new`);
    else lines.push(...differences(was, row).map((text) => `${row.path}: ${text}`));
  }
  for (const path of old.keys()) lines.push(`${path}: gone`);
  if (lines.length <= SHOWN_FILES) return lines;
  return [...lines.slice(0, SHOWN_FILES), `and ${lines.length - SHOWN_FILES} more files`];
}

function differences(was: ContentRow, now: ContentRow): string[] {
  const changes: string[] = [];
  if (was.type !== now.type) changes.push(`${was.type} → ${now.type}`);
  if (was.mode !== now.mode) changes.push(`mode ${octal(was.mode)} → ${octal(now.mode)}`);
  if (was.uid !== now.uid || was.gid !== now.gid) changes.push(`owner ${was.uid}:${was.gid} → ${now.uid}:${now.gid}`);
  if (changes.length === 0 && was.digest !== now.digest) changes.push(now.type === "symlink" ? "link target changed" : "content changed");
  return changes;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

function shown(value: string): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…"` : text;
}
