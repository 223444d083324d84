import type { CacheRecord, ContentRow } from "./ports.ts";

const SHOWN_FILES = 10;
/** Characters of a value that are shown, and how many of those that are equal stay in front of the first difference. */
const SHOWN = 120;
const BEFORE = 40;

/** How the step below is called where its result is another one. */
export type Below = "image" | "step";

/**
 * Why a step has to run, line by line: what differs from an earlier run of it, from what to what.
 * @param below what its base is
 */
export function explainMiss(
  components: Readonly<Record<string, string>>,
  files: readonly ContentRow[],
  last: CacheRecord | undefined,
  below: Below = "step",
): string[] {
  if (!last) return ["it has not run before"];
  const lines: string[] = [];
  for (const name of differing(components, last.components)) {
    const before = last.components[name];
    const now = components[name];
    if (name === "base") lines.push(below === "image" ? "its base image is another one" : "the step before it has another result");
    else if (before === undefined) lines.push(`${name}: new, ${shown(now!)}`);
    else if (now === undefined) lines.push(`${name}: was ${shown(before)}, is gone`);
    else {
      const from = firstDifference(before, now);
      lines.push(`${name}: ${shown(before, from)} → ${shown(now, from)}`);
    }
  }
  if (components["content"] !== last.components["content"]) {
    const changes = fileDifferences(last.files ?? [], files);
    lines.push(...(changes.length > 0 ? changes : ["what it reads is not the same"]));
  }
  return lines.length > 0 ? lines : ["its earlier result is no longer in the store"];
}

/** Components that are not the same in both, without the files that a step reads. */
export function differing(now: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((name) => name !== "content" && name !== "from" && before[name] !== now[name]);
}

/** What differs of the files that a step reads, a line for each of the first few. @param most how many lines at most, and one for the rest */
export function fileDifferences(before: readonly ContentRow[], now: readonly ContentRow[], most = SHOWN_FILES): string[] {
  const old = new Map(before.map((row) => [row.path, row]));
  const lines: string[] = [];
  for (const row of now) {
    const was = old.get(row.path);
    old.delete(row.path);
    if (!was) lines.push(`${row.path}: new`);
    else lines.push(...differences(was, row).map((text) => `${row.path}: ${text}`));
  }
  for (const path of old.keys()) lines.push(`${path}: gone`);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most), `and ${lines.length - most} more`];
}

function differences(was: ContentRow, now: ContentRow): string[] {
  if (was.type !== now.type) return [`${was.type} → ${now.type}`];
  return [
    ...(was.mode === now.mode ? [] : [`mode ${octal(was.mode)} → ${octal(now.mode)}`]),
    ...(was.uid === now.uid && was.gid === now.gid ? [] : [`owner ${was.uid}:${was.gid} → ${now.uid}:${now.gid}`]),
    ...(was.digest === now.digest ? [] : [now.type === "symlink" ? "link target changed" : "content changed"]),
    ...(was.capability === now.capability ? [] : ["capabilities changed"]),
  ];
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

/** A value as JSON, which a command is already; of a long one, the part around the character at which it differs. */
function shown(value: string, from = 0): string {
  if (value.length <= SHOWN) return isJson(value) ? value : JSON.stringify(value);
  const start = Math.max(0, Math.min(from - BEFORE, value.length - SHOWN));
  return JSON.stringify(`${start > 0 ? "…" : ""}${value.slice(start, start + SHOWN)}${start + SHOWN < value.length ? "…" : ""}`);
}

function isJson(value: string): boolean {
  try {
    return value.startsWith("[") && JSON.stringify(JSON.parse(value)) === value;
  } catch {
    return false;
  }
}
