import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { getXattr, listXattrs } from "../../linux/xattr.ts";
import type { TreeFilter } from "./tree-filter.ts";

/** One entry of a folder as a worker is told of it; the owner is root for all. */
export interface TreeEntry {
  readonly path: string;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly size: bigint;
  readonly modTime: bigint;
  readonly linkname: string;
  readonly devmajor: bigint;
  readonly devminor: bigint;
  readonly xattrs: Record<string, Uint8Array<ArrayBuffer>>;
}

/** Go's bits of what is not a regular file, by those of stat(2); a socket's are left out. */
const TYPES = new Map([[0o040000, 2 ** 31], [0o120000, 1 << 27], [0o010000, 1 << 25], [0o060000, 1 << 26], [0o020000, (1 << 26) | (1 << 21)]]);

/** Whether a worker may ask for the content. */
export const isRegular = (mode: number): boolean => (mode & ((2 ** 31) | (1 << 27) | (1 << 26) | (1 << 25) | (1 << 24) | (1 << 21) | (1 << 19))) === 0;

/**
 * The entries of a folder in the order that workers insist on: parents before children, names by their bytes.
 * Directories that are not wanted themselves come before the first of their children that is.
 */
export function* treeEntries(root: string, filter: TreeFilter): Generator<TreeEntry> {
  const seen = new Map<string, string>();
  const pending: { readonly path: string; readonly stats: BigIntStats }[] = [];
  function* walk(folder: string): Generator<TreeEntry> {
    for (const name of sortedNames(join(root, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      const stats = statOf(join(root, path));
      if (!stats) continue;
      const isWanted = filter.wants(path);
      if (isWanted) {
        for (const parent of pending.splice(0)) yield entryOf(root, parent.path, parent.stats, seen);
        yield entryOf(root, path, stats, seen);
      }
      if (!stats.isDirectory() || !filter.enters(path)) continue;
      const parent = { path, stats };
      if (!isWanted) pending.push(parent);
      yield* walk(path);
      if (pending.at(-1) === parent) pending.pop();
    }
  }
  yield* walk("");
}

function sortedNames(folder: string): string[] {
  const names = readdirSync(folder, "buffer").sort(Buffer.compare).map((name) => ({ bytes: name, text: name.toString() }));
  // What is no UTF-8 cannot be said in a message.
  return names.filter(({ bytes, text }) => Buffer.from(text).equals(bytes)).map(({ text }) => text);
}

/** Undefined for what went away since it was listed. */
function statOf(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

function entryOf(root: string, path: string, stats: BigIntStats, seen: Map<string, string>): TreeEntry {
  const bits = Number(stats.mode);
  const isDevice = stats.isCharacterDevice() || stats.isBlockDevice();
  const mode = (bits & 0o777) + (TYPES.get(bits & 0o170000) ?? 0) + (bits & 0o4000 ? 1 << 23 : 0) + (bits & 0o2000 ? 1 << 22 : 0) + (bits & 0o1000 ? 1 << 20 : 0);
  const file = `${stats.dev}:${stats.ino}`;
  const first = stats.isFile() && stats.nlink > 1n ? seen.get(file) : undefined;
  if (stats.isFile() && stats.nlink > 1n && first === undefined) seen.set(file, path);
  return {
    path,
    mode,
    size: stats.isDirectory() || first !== undefined ? 0n : stats.size,
    modTime: stats.mtimeNs,
    linkname: stats.isSymbolicLink() ? readlinkSync(join(root, path)) : (first ?? ""),
    devmajor: isDevice ? (stats.rdev >> 8n) & 0xfffn : 0n,
    devminor: isDevice ? (stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xfff00n) : 0n,
    xattrs: xattrsOf(join(root, path)),
  };
}

function xattrsOf(path: string): Record<string, Uint8Array<ArrayBuffer>> {
  const found: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const name of listXattrs(path)) {
    const value = getXattr(path, name);
    if (value) found[name] = new Uint8Array(value);
  }
  return found;
}
