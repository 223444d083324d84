import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { tarOf } from "../support/tar-of.ts";

export type Entry =
  | { readonly kind: "file"; readonly path: string; readonly content: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }
  | { readonly kind: "hardlink"; readonly path: string; readonly of: number }
  | { readonly kind: "directory"; readonly path: string; readonly mode: number };

/** One change of a context; `pick` is the number of an entry, modulo how many there are when it is done. */
export type ContextEdit =
  | { readonly kind: "content"; readonly pick: number; readonly content: string; /** Keep size and time: only the ctime tells. */ readonly hide: boolean }
  | { readonly kind: "mode"; readonly pick: number; readonly mode: number }
  | { readonly kind: "touch"; readonly pick: number; readonly seconds: number }
  | { readonly kind: "rename"; readonly pick: number; readonly to: string }
  | { readonly kind: "swap"; readonly pick: number; readonly other: number }
  | { readonly kind: "delete"; readonly pick: number }
  | { readonly kind: "add"; readonly entry: Entry }
  | { readonly kind: "target"; readonly pick: number; readonly target: string }
  | { readonly kind: "archive"; readonly content: string }
  | { readonly kind: "ignore"; readonly patterns: readonly string[] };

const path = fc.constantFrom("a", "b.txt", "c.txt", "d/a", "d/b.txt", "d/e/a", "d/e/c", "d/f/g/a", "h", "k/a", ".hidden", "d/.hidden", "l", "d/l", "with space");
const content = fc.constantFrom("", "1\n", "2\n", "longer\n", "x".repeat(5000));
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o400, 0o4755, 0o777, 0o664, 0o2711, 0o1644, 0);
const target = fc.constantFrom("a", "d", "d/e", "../a", "/a", "/d", "none", ".");
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("file" as const), path, content, mode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("symlink" as const), path, target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hardlink" as const), path, of: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("directory" as const), path, mode: fc.constantFrom(0o755, 0o700, 0o1777, 0o2755, 0o711) }) },
);
export const anyPatterns = fc.array(fc.constantFrom("c.*", "d/e/?", "**/b.txt", "!d/e/a", "d/e/**", "!d/b.txt", "# comment", "**/e*", "!*", "?x", "d/*/a", "with space", "/h", "Dockerfile", "d", "*", "!a", "!d/e", "/d/", "**", "!**/a", "d/../c.txt", "./b.txt", "  c.txt ", "[a-b]*", "d*", "!d/", "*.t?t"), { maxLength: 4 });
export const anyTree = fc.array(entry, { maxLength: 5 });
export const anyContextEdit: fc.Arbitrary<ContextEdit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("content" as const), pick: fc.nat(30), content, hide: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mode" as const), pick: fc.nat(30), mode }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("touch" as const), pick: fc.nat(30), seconds: fc.constantFrom(1, 1_000_000_000, 4_000_000_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rename" as const), pick: fc.nat(30), to: path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("swap" as const), pick: fc.nat(30), other: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), pick: fc.nat(30) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("add" as const), entry }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("target" as const), pick: fc.nat(30), target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("archive" as const), content }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("ignore" as const), patterns: anyPatterns }) },
);

/** What every context holds, so that few Dockerfiles ask for what there is not. */
const ALWAYS: readonly Entry[] = [
  { kind: "file", path: "a", content: "a\n", mode: 0o644 }, { kind: "file", path: "b.txt", content: "b\n", mode: 0o755 }, { kind: "file", path: "c.txt", content: "b\n", mode: 0o644 },
  { kind: "file", path: "d/a", content: "d/a\n", mode: 0o600 }, { kind: "file", path: "d/e/a", content: "d/e/a\n", mode: 0o644 }, { kind: "file", path: ".hidden", content: "", mode: 0o644 },
  { kind: "symlink", path: "l", target: "d" },
];

export function writeContext(folder: string, tree: readonly Entry[], patterns: readonly string[]): void {
  for (const each of [...ALWAYS, ...tree]) addEntry(folder, each);
  editContext(folder, { kind: "archive", content: "1\n" });
  editContext(folder, { kind: "ignore", patterns });
}

/** Does one change; what cannot be done, as the entry is not of that kind, is left out. */
export function editContext(folder: string, edit: ContextEdit): void {
  switch (edit.kind) {
    case "add": return addEntry(folder, edit.entry);
    case "archive": return writeFileSync(join(folder, "archive.tar"), tarOf([{ path: "t/", type: "directory", mode: 0o750, uid: 3 }, { path: "t/x", content: edit.content, mode: 0o640, gid: 4 }, { path: "t/y", type: "hardlink", linkTarget: "t/x" }, { path: "d", type: "symlink", linkTarget: "t" }]));
    case "ignore": return edit.patterns.length === 0 ? rmSync(join(folder, ".dockerignore"), { force: true }) : writeFileSync(join(folder, ".dockerignore"), `${edit.patterns.join("\n")}\n`);
    case "swap": return swap(folder, picked(folder, edit.pick), picked(folder, edit.other));
    default: return changeEntry(folder, edit, picked(folder, edit.pick));
  }
}

function changeEntry(folder: string, edit: Exclude<ContextEdit, { kind: "add" | "archive" | "ignore" | "swap" }>, name: string | undefined): void {
  if (name === undefined) return;
  const at = join(folder, name);
  const stat = lstatSync(at);
  switch (edit.kind) {
    case "content":
      if (!stat.isFile()) return;
      writeFileSync(at, edit.hide ? edit.content.padEnd(stat.size, "z").slice(0, stat.size) : edit.content);
      if (edit.hide) utimesSync(at, stat.atime, stat.mtime);
      return;
    case "mode": return stat.isSymbolicLink() ? undefined : chmodSync(at, stat.isDirectory() ? edit.mode | 0o700 : edit.mode);
    case "touch": return stat.isSymbolicLink() ? undefined : utimesSync(at, edit.seconds, edit.seconds);
    case "rename": return free(folder, edit.to) && !edit.to.startsWith(`${name}/`) ? renameSync(at, join(folder, edit.to)) : undefined;
    case "delete": return rmSync(at, { recursive: true });
    case "target":
      if (stat.isDirectory()) return;
      rmSync(at);
      return symlinkSync(edit.target, at);
  }
}

function swap(folder: string, one: string | undefined, other: string | undefined): void {
  if (one === undefined || other === undefined || `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`)) return;
  renameSync(join(folder, one), join(folder, "between"));
  renameSync(join(folder, other), join(folder, one));
  renameSync(join(folder, "between"), join(folder, other));
}

function addEntry(folder: string, added: Entry): void {
  if (!free(folder, added.path)) return;
  const at = join(folder, added.path);
  switch (added.kind) {
    case "file":
      writeFileSync(at, added.content);
      return chmodSync(at, added.mode);
    case "symlink": return symlinkSync(added.target, at);
    case "directory":
      mkdirSync(at);
      return chmodSync(at, added.mode);
    case "hardlink": {
      const files = entries(folder).filter((name) => lstatSync(join(folder, name)).isFile());
      if (files.length > 0) linkSync(join(folder, files[added.of % files.length]!), at);
    }
  }
}

/** Makes the folders above a path; false if something is in the way. */
function free(folder: string, name: string): boolean {
  // From above, as a file has nothing below it that could be looked at.
  for (let end = name.indexOf("/"); end > 0; end = name.indexOf("/", end + 1)) {
    const stat = lstatSync(join(folder, name.slice(0, end)), { throwIfNoEntry: false });
    if (stat && !stat.isDirectory()) return false;
  }
  if (lstatSync(join(folder, name), { throwIfNoEntry: false })) return false;
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  return true;
}

function picked(folder: string, pick: number): string | undefined {
  const all = entries(folder);
  return all[pick % all.length];
}

function entries(folder: string, below = ""): string[] {
  return readdirSync(join(folder, below)).sort().flatMap((name) => {
    const path = below === "" ? name : `${below}/${name}`;
    if (path === ".dockerignore" || path === "archive.tar") return [];
    return lstatSync(join(folder, path)).isDirectory() ? [path, ...entries(folder, path)] : [path];
  });
}

/** The context as a person would write it down. */
export function describeContext(folder: string): string {
  const ignore = join(folder, ".dockerignore");
  const lines = entries(folder).map((path) => {
    const stat = lstatSync(join(folder, path));
    const what = stat.isDirectory() ? "/" : stat.isSymbolicLink() ? ` -> ${readlinkSync(join(folder, path))}` : ` ${JSON.stringify(readFileSync(join(folder, path), "utf8").slice(0, 20))}${stat.nlink > 1 ? ` inode ${stat.ino}` : ""}`;
    return `${(stat.mode & 0o7777).toString(8)} ${path}${what}`;
  });
  return [...lines, ...(existsSync(ignore) ? [`.dockerignore: ${JSON.stringify(readFileSync(ignore, "utf8"))}`] : [])].join("\n");
}
