import { lstatSync, readdirSync, readlinkSync, type BigIntStats } from "node:fs";
import { deviceMajor, deviceMinor } from "../linux/mknod.ts";
import { getXattr, listXattrs } from "../linux/xattr.ts";
import { isOpaque } from "../snapshot/opaque.ts";
import { ownerOf } from "../snapshot/ownership.ts";
import { fault } from "../std/fault.ts";
import { sortNames } from "../std/sort-names.ts";
import type { EntryType, LayerEntry } from "./entry.ts";
import { sameContent } from "./same-content.ts";

/** An entry of a layer as it is written: with the place of its content, or as a whiteout. */
export interface DiffEntry extends LayerEntry {
  /** Where it lies on the host; a whiteout has none. */
  readonly hostPath?: string;
  readonly whiteout?: true;
}

/**
 * What a layer folder changes against the layers below it, in the order of its tar: directories before what is in
 * them, names by their bytes. The rules are BuildKit's (util/overlay/overlay_linux.go, containerd's pkg/archive):
 *
 * - The root is never part of it. Parents of an entry come once before it, changed or not.
 * - What was copied up and is unchanged is left out, see {@link isSame}; the time of a directory alone is no change.
 * - A whiteout is written if something is below; an opaque directory as one whiteout per vanished child.
 * - The second name of an inode is a hard link. Sockets are left out.
 *
 * Synchronous and lazy: the folder must not change until the last entry was taken.
 * @param lowers folders of the layers below, top first
 * @throws FILE_NAME_INVALID
 */
export function* diffLayer(upper: string, lowers: readonly string[]): Generator<DiffEntry> {
  const state: WalkState = { step: { begun: lstatSync(upper, { bigint: true }).birthtimeNs, ended: BigInt(Date.now() + 1) * 1_000_000n }, links: new Map(), unchangedLinks: new Map(), written: new Set([""]), parents: [] };
  yield* walk(state, { path: "", hostPath: upper, lowers, expand: false });
}

interface WalkState {
  readonly step: Span;
  /** Inodes with several names → the name written first. */
  readonly links: Map<bigint, string>;
  /** In opaque directories: names of unchanged inodes that become links once a changed name of them is written. */
  readonly unchangedLinks: Map<bigint, string[]>;
  /** Directories that have been written, whose children need no parents any more. */
  readonly written: Set<string>;
  /** The directories that the walk is in, outermost first. */
  readonly parents: { path: string; hostPath: string }[];
}

/** Between when the folder was made, 0 where the file system does not tell, and now, in nanoseconds. */
interface Span {
  readonly begun: bigint;
  readonly ended: bigint;
}

interface Folder {
  readonly path: string;
  readonly hostPath: string;
  /** Folders of lower layers with the same path that show through, top first. */
  readonly lowers: readonly string[];
  /** Within an opaque directory: what the lower layers have and this one has not is deleted. */
  readonly expand: boolean;
}

function* walk(state: WalkState, folder: Folder): Generator<DiffEntry> {
  const names = readNames(folder);
  const vanished = folder.expand ? lowerNames(folder.lowers) : undefined;
  const all = vanished === undefined ? names : sortNames([...new Set([...names, ...vanished])]);
  const present = vanished === undefined ? undefined : new Set(names);
  for (const name of all) {
    const path = folder.path === "" ? name : `${folder.path}/${name}`;
    const hostPath = `${folder.hostPath}/${name}`;
    const below = findBelow(folder.lowers, name);
    if (present !== undefined && !present.has(name)) {
      if (below !== undefined) yield* withParents(state, whiteoutOf(folder.path, name));
      continue;
    }
    const stat = lstatSync(hostPath, { bigint: true });
    if (isOverlayWhiteout(stat)) {
      if (below !== undefined) yield* withParents(state, whiteoutOf(folder.path, name));
      continue;
    }
    const same = below !== undefined && isSame(stat, hostPath, below.stat, below.hostPath, state.step);
    if (!stat.isSocket()) yield* entriesOf(state, { path, hostPath, stat, same, expand: folder.expand });
    if (!stat.isDirectory()) continue;
    const opaque = isOpaque(hostPath);
    state.parents.push({ path, hostPath });
    yield* walk(state, { path, hostPath, lowers: below?.stat.isDirectory() ? below.folders : [], expand: folder.expand || opaque });
    state.parents.pop();
  }
}

interface Found {
  readonly path: string;
  readonly hostPath: string;
  readonly stat: BigIntStats;
  readonly same: boolean;
  readonly expand: boolean;
}

function* entriesOf(state: WalkState, { path, hostPath, stat, same, expand }: Found): Generator<DiffEntry> {
  const linked = !stat.isDirectory() && stat.nlink > 1n;
  if (!linked) {
    if (!same) yield* withParents(state, describe(path, hostPath, stat));
    return;
  }
  const first = state.links.get(stat.ino);
  if (first !== undefined && (!same || expand)) {
    yield* withParents(state, linkOf(path, hostPath, stat, first));
    return;
  }
  if (same) {
    // BuildKit's two differs differ here: only the one for opaque directories remembers unchanged names.
    if (expand) state.unchangedLinks.set(stat.ino, [...(state.unchangedLinks.get(stat.ino) ?? []), path]);
    return;
  }
  state.links.set(stat.ino, path);
  yield* withParents(state, describe(path, hostPath, stat));
  for (const other of state.unchangedLinks.get(stat.ino) ?? []) yield* withParents(state, linkOf(other, hostPath, stat, path));
  state.unchangedLinks.delete(stat.ino);
}

/** The entry behind those of its parents that have not been written yet. */
function* withParents(state: WalkState, entry: DiffEntry): Generator<DiffEntry> {
  for (const parent of state.parents) {
    if (state.written.has(parent.path)) continue;
    state.written.add(parent.path);
    if (parent.path !== entry.path) yield describe(parent.path, parent.hostPath, lstatSync(parent.hostPath, { bigint: true }));
  }
  if (entry.type === "directory") state.written.add(entry.path);
  yield entry;
}

/** The entry of something on the disk, with all that its header says. */
export function describe(path: string, hostPath: string, stat: BigIntStats): DiffEntry {
  const type = typeOf(stat);
  const hasXattrs = type !== "symlink" && listXattrs(hostPath).length > 0;
  const owner = hasXattrs ? ownerOf(hostPath, stat) : { uid: Number(stat.uid), gid: Number(stat.gid) };
  const capability = hasXattrs && type === "file" ? getXattr(hostPath, "security.capability") : undefined;
  return {
    path,
    type,
    mode: Number(stat.mode) & 0o7777,
    ...owner,
    size: type === "file" ? Number(stat.size) : 0,
    // A layer has whole seconds, as BuildKit's have.
    mtime: { seconds: Number(secondsOf(stat)), nanoseconds: 0 },
    ...(type === "symlink" ? { linkTarget: readlinkSync(hostPath) } : {}),
    ...(type === "character" || type === "block" ? { major: deviceMajor(stat.rdev), minor: deviceMinor(stat.rdev) } : {}),
    ...(capability !== undefined && capability.length > 0 ? { capability } : {}),
    hostPath,
  };
}

const SECOND = 1_000_000_000n;

/** Downwards, before 1970 too. */
function secondsOf({ mtimeNs }: BigIntStats): bigint {
  return (mtimeNs - ((mtimeNs % SECOND) + SECOND) % SECOND) / SECOND;
}

/** The entry of another name of something that was written before. */
export function linkOf(path: string, hostPath: string, stat: BigIntStats, target: string): DiffEntry {
  return { ...describe(path, hostPath, stat), type: "hardlink", size: 0, linkTarget: target };
}

/** Mode 0, no size, no time (containerd 2). */
function whiteoutOf(parent: string, name: string): DiffEntry {
  const path = parent === "" ? `.wh.${name}` : `${parent}/.wh.${name}`;
  return { path, type: "file", mode: 0, uid: 0, gid: 0, size: 0, mtime: { seconds: 0, nanoseconds: 0 }, whiteout: true };
}

export function isOverlayWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

function typeOf(stat: BigIntStats): EntryType {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "character";
  return stat.isBlockDevice() ? "block" : "fifo";
}

interface Below {
  readonly hostPath: string;
  readonly stat: BigIntStats;
  /** Of a directory: the folders of all layers that make it up. */
  readonly folders: readonly string[];
}

/** What the lower layers show under a name; undefined where they have nothing or a whiteout. */
function findBelow(lowers: readonly string[], name: string): Below | undefined {
  let found: { hostPath: string; stat: BigIntStats } | undefined;
  const folders: string[] = [];
  for (const lower of lowers) {
    const hostPath = `${lower}/${name}`;
    const stat = lstatSync(hostPath, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isDirectory()) {
      if (found === undefined && !isOverlayWhiteout(stat)) found = { hostPath, stat };
      break;
    }
    found ??= { hostPath, stat };
    folders.push(hostPath);
    if (lower !== lowers.at(-1) && isOpaque(hostPath)) break;
  }
  return found === undefined ? undefined : { ...found, folders };
}

/**
 * Whether a layer may leave something out, because the layers below show the same. BuildKit's `sameDirent` compares everything but
 * the data, times to the nanosecond, and the data only where both times have whole seconds. A layer that came from a cache has lost
 * its nanoseconds, and what lies upon it shall be the same as upon one that was made here. So times are compared as layers have them,
 * in whole seconds, and the data always. What the step wrote itself is a change nevertheless, also in the second in which the step
 * below wrote the same: else it would depend on how fast they followed each other.
 */
function isSame(a: BigIntStats, aPath: string, b: BigIntStats, bPath: string, step: Span): boolean {
  if (a.ino === b.ino && a.dev === b.dev) return true;
  if (a.mode !== b.mode || a.rdev !== b.rdev) return false;
  const [aOwner, bOwner] = [ownerOf(aPath, a), ownerOf(bPath, b)];
  if (aOwner.uid !== bOwner.uid || aOwner.gid !== bOwner.gid) return false;
  if (!sameBytes(getXattr(aPath, "security.capability"), getXattr(bPath, "security.capability"))) return false;
  if (a.isDirectory()) return true;
  if (a.size !== b.size || secondsOf(a) !== secondsOf(b)) return false;
  if (step.begun > 0n && a.mtimeNs >= step.begun && a.mtimeNs <= step.ended && a.mtimeNs !== b.mtimeNs) return false;
  if (a.isSymbolicLink()) return readlinkSync(aPath) === readlinkSync(bPath);
  return !a.isFile() || a.size === 0n || sameContent(aPath, bPath);
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return (a ?? EMPTY).equals(b ?? EMPTY);
}

const EMPTY = Buffer.alloc(0);

function readNames(folder: Folder): string[] {
  const names = readdirSync(folder.hostPath);
  for (const name of names) {
    // Bytes that are not UTF-8 come out as U+FFFD, and such a name does not lead back to the file.
    if (name.includes("\ufffd") && lstatSync(`${folder.hostPath}/${name}`, { throwIfNoEntry: false }) === undefined) {
      throw fault("FILE_NAME_INVALID", { path: `/${folder.path === "" ? "" : `${folder.path}/`}${name}` });
    }
  }
  return sortNames(names);
}

function lowerNames(lowers: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const lower of lowers) for (const name of readdirSync(lower)) names.add(name);
  return names;
}
