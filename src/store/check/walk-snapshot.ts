import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import { makePieces, sameContent, type Pieces } from "../../layer/same-content.ts";
import { isOpaque } from "../../snapshot/opaque.ts";
import { ownerOf } from "../../snapshot/ownership.ts";

/** What a walk through a layer folder has found. */
export interface Walked {
  /** Bytes of the regular files, each inode once. */
  readonly size: number;
  /** Whether the kernel notes that something in it has changed since, be it a further hard link only. */
  readonly touched: boolean;
  /** Files with new content and folders with other names in them, as far as times tell that; some of many. */
  readonly changed: readonly string[];
}

/** Names that are told of many. */
const MOST = 3;
/** The kernel's times are those of its last tick, and ours are in whole milliseconds. */
const MARGIN = 100;

/** Looks at everything in some layer folders; undefined for one that cannot be read. A worker job. @param folders.since in milliseconds */
export function walkSnapshots(folders: readonly { readonly folder: string; readonly since: number }[]): (Walked | undefined)[] {
  return folders.map(({ folder, since }) => {
    try {
      return walkSnapshot(folder, since + MARGIN);
    } catch {
      return undefined;
    }
  });
}

function walkSnapshot(folder: string, since: number): Walked {
  const seen = new Set<number>();
  const changed: string[] = [];
  let size = 0;
  let touched = false;
  for (const path of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    const stat = lstatSync(join(folder, path), { throwIfNoEntry: false });
    // A name of other bytes than UTF-8 does not lead back to its file.
    if (stat === undefined) continue;
    // Nobody can set the first of these times.
    if (stat.ctimeMs > since) {
      touched = true;
      if (stat.mtimeMs > since && changed.length < MOST) changed.push(`/${path}`);
    }
    if (!stat.isFile() || stat.nlink > 1 && seen.has(stat.ino)) continue;
    if (stat.nlink > 1) seen.add(stat.ino);
    size += stat.size;
  }
  return { size, touched, changed };
}

/**
 * Compares a layer folder with another that was made of the layer's blob just now; a worker job.
 * @returns what differs, some of much: `/etc/passwd has other content`
 */
export function compareFolders({ folder, expected }: { readonly folder: string; readonly expected: string }): string[] {
  const differences: string[] = [];
  const pieces = makePieces();
  const compare = (path: string): void => {
    const [found, made] = [lstatSync(join(folder, path), { throwIfNoEntry: false }), lstatSync(join(expected, path), { throwIfNoEntry: false })];
    if (!found || !made) return;
    const difference = differenceOf([join(folder, path), found], [join(expected, path), made], pieces);
    if (difference !== undefined) differences.push(`/${path} ${difference}`);
    if (!found.isDirectory() || !made.isDirectory()) return;
    const [names, others] = [new Set(readdirSync(join(folder, path))), new Set(readdirSync(join(expected, path)))];
    for (const name of [...new Set([...names, ...others])].sort()) {
      if (differences.length >= MOST) return;
      const inside = path === "" ? name : `${path}/${name}`;
      if (!others.has(name)) differences.push(`/${inside} is not in the layer`);
      else if (!names.has(name)) differences.push(`/${inside} is gone`);
      else compare(inside);
    }
  };
  compare("");
  return differences;
}

function differenceOf([path, found]: [string, Stats], [madePath, made]: [string, Stats], pieces: Pieces): string | undefined {
  if ((found.mode & TYPE) !== (made.mode & TYPE)) return "is of another kind";
  if (!made.isSymbolicLink() && found.mode !== made.mode) return `has mode ${octal(found)} instead of ${octal(made)}`;
  const [owner, madeOwner] = [ownerOf(path, found), ownerOf(madePath, made)];
  if (owner.uid !== madeOwner.uid || owner.gid !== madeOwner.gid) return `belongs to ${owner.uid}:${owner.gid} instead of ${madeOwner.uid}:${madeOwner.gid}`;
  if (made.isDirectory()) return isOpaque(path) === isOpaque(madePath) ? undefined : "hides others of what lies below";
  if (found.rdev !== made.rdev) return "is another device";
  if (made.isSymbolicLink()) return readlinkSync(path) === readlinkSync(madePath) ? undefined : "leads elsewhere";
  if (!made.isFile()) return undefined;
  if (found.size !== made.size || !sameContent(path, madePath, pieces)) return "has other content";
  return Math.floor(found.mtimeMs / 1000) === Math.floor(made.mtimeMs / 1000) ? undefined : "has another time";
}

/** S_IFMT (inode(7)). */
const TYPE = 0o170000;

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8);
}
