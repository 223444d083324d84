import { chmodSync, constants, copyFileSync, lchownSync, linkSync, lstatSync, readdirSync, readlinkSync, rmSync, symlinkSync, type BigIntStats } from "node:fs";
import { join } from "node:path";
import { deviceMajor, deviceMinor, makeNode } from "../linux/mknod.ts";
import { setTimes } from "../linux/times.ts";
import { isOpaque } from "../snapshot/opaque.ts";
import { sortNames } from "../std/sort-names.ts";
import { describe, isOverlayWhiteout, linkOf, type DiffEntry } from "./diff-layer.ts";
import { explainUnpack } from "./explain-unpack.ts";
import { packEntries, type PackedLayer } from "./pack-layer.ts";
import { UnpackFolder } from "./unpack-folder.ts";
import type { WorkerContext } from "../std/worker-pool.ts";

/** Something that a stack of layers shows. */
export interface Merged {
  readonly path: string;
  readonly hostPath: string;
  readonly stat: BigIntStats;
  /** The path met before of which this is another name. */
  readonly linkTo: string | undefined;
}

/**
 * A whole stack of layers as the entries of one archive, in the order of {@link diffLayer}; sockets are left out.
 * Names of one inode are hard links only within one layer: between layers they are linked to save space.
 * @param layers folders in overlayfs' form, top first
 */
function* mergeLayers(layers: readonly string[]): Generator<DiffEntry> {
  for (const { path, hostPath, stat, linkTo } of walkMerged(layers)) {
    yield linkTo === undefined ? describe(path, hostPath, stat) : linkOf(path, hostPath, stat, linkTo);
  }
}

/** A stack of layers, and the folder of the archive that it goes to; empty for the root. */
export interface PackedTree {
  readonly folder: string;
  readonly layers: readonly string[];
}

/** File systems as one tar file, for `-o type=tar`; a worker job. @throws FILE_CHANGED, DISK_FULL */
export async function packTree(options: { trees: readonly PackedTree[]; output: string } & TimeOfAll, context?: WorkerContext): Promise<PackedLayer> {
  return packEntries(allAt(mergeTrees(options.trees), options), { codec: "none", output: options.output }, context);
}

function* mergeTrees(trees: readonly PackedTree[]): Generator<DiffEntry> {
  for (const { folder, layers } of trees) {
    if (folder !== "") yield { path: folder, type: "directory", mode: 0o755, uid: 0, gid: 0, size: 0, mtime: { seconds: 0, nanoseconds: 0 } };
    for (const entry of mergeLayers(layers)) yield folder === "" ? entry : below(folder, entry);
  }
}

function below(folder: string, entry: DiffEntry): DiffEntry {
  const { path, type, linkTarget } = entry;
  return { ...entry, path: `${folder}/${path}`, ...(type === "hardlink" ? { linkTarget: `${folder}/${linkTarget}` } : {}) };
}

export interface CopiedTree {
  entries: number;
  bytes: number;
  /** Device nodes that only root may make. */
  skipped: string[];
}

/**
 * The file system of a stack of layers copied into a folder, for `-o type=local`; a worker job. As with BuildKit
 * everything belongs to the caller, modes and times are kept, and what is in the folder already stays unless it has
 * the same name, or all that is not of the result is to be deleted; a symlink there is replaced, never followed.
 * @throws DISK_FULL, READ_ONLY
 */
export function copyTree(options: { layers: readonly string[]; target: string; deleteOthers?: boolean } & TimeOfAll): CopiedTree {
  const folder = new UnpackFolder(options.target, [], { archive: "image", layerRoot: false, followLower: false });
  const result: CopiedTree = { entries: 0, bytes: 0, skipped: [] };
  const directories: Merged[] = [];
  const paths = options.deleteOthers ? new Set<string>() : undefined;
  for (const found of walkMerged(options.layers)) {
    try {
      if (found.stat.isDirectory()) {
        folder.makeDirectory(found.path);
        directories.push(found);
      } else {
        copyEntry(folder, found, result);
        if (options.epoch !== undefined && result.skipped.at(-1) !== found.path) setTimes(folder.hostPath(found.path), options.epoch * SECOND, options.epoch * SECOND);
      }
    } catch (error) {
      throw explainUnpack(error, "image", found.path, options.target);
    }
    paths?.add(found.path);
    result.entries += 1;
  }
  if (paths) deleteOthers(options.target, "", paths);
  for (const { path, stat } of directories.reverse()) {
    chmodSync(folder.hostPath(path), Number(stat.mode) & 0o7777);
    const time = options.epoch === undefined ? stat.mtimeNs : options.epoch * SECOND;
    setTimes(folder.hostPath(path), time, time);
  }
  return result;
}

/** Removes what is in a folder and not among the paths; symlinks are never followed. */
function deleteOthers(target: string, folder: string, paths: ReadonlySet<string>): void {
  for (const item of readdirSync(join(target, folder), { withFileTypes: true })) {
    const path = folder === "" ? item.name : `${folder}/${item.name}`;
    if (!paths.has(path)) rmSync(join(target, path), { recursive: true, force: true });
    else if (item.isDirectory()) deleteOthers(target, path, paths);
  }
}

/** What all times become: seconds since 1970 (SOURCE_DATE_EPOCH). As with BuildKit, older ones too. */
export interface TimeOfAll {
  readonly epoch?: bigint | undefined;
}

const SECOND = 1_000_000_000n;

function* allAt(entries: Iterable<DiffEntry>, { epoch }: TimeOfAll): Generator<DiffEntry> {
  for (const entry of entries) yield epoch === undefined ? entry : { ...entry, mtime: { seconds: Number(epoch), nanoseconds: 0 } };
}

/** Copies what is no directory, as {@link copyTree} does. */
export function copyEntry(folder: UnpackFolder, { path, hostPath, stat, linkTo }: Merged, result: CopiedTree): void {
  const target = folder.hostPath(path);
  folder.remove(path);
  if (linkTo !== undefined) return linkSync(folder.hostPath(linkTo), target);
  if (stat.isSymbolicLink()) symlinkSync(readlinkSync(hostPath), target);
  else if (stat.isFile()) {
    copyFileSync(hostPath, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // As root libuv's copy has the owner of the original.
    lchownSync(target, process.geteuid!(), process.getegid!());
    result.bytes += Number(stat.size);
  } else {
    const type = stat.isFIFO() ? "fifo" : stat.isBlockDevice() ? "block" : "character";
    try {
      makeNode(target, type, 0o600, deviceMajor(stat.rdev), deviceMinor(stat.rdev));
    } catch (error) {
      if (!["EPERM", "ENOSYS"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      result.skipped.push(path);
      return;
    }
  }
  if (!stat.isSymbolicLink()) chmodSync(target, Number(stat.mode) & 0o7777);
  setTimes(target, stat.mtimeNs, stat.mtimeNs);
}

/** A folder of a layer, and which layer it is of. */
interface Part {
  readonly hostPath: string;
  readonly layer: number;
}

/** What a stack of layers (top first) shows. */
export function walkMerged(layers: readonly string[]): Generator<Merged> {
  return walkFolder("", layers.map((hostPath, layer) => ({ hostPath, layer })), new Map());
}

/** What is in a directory that these folders make up, top first; paths begin with its own. */
export function* walkFolder(path: string, parts: readonly Part[], links: Map<string, string>): Generator<Merged> {
  const places = new Map<string, number>();
  for (const [at, { hostPath }] of parts.entries()) for (const name of readdirSync(hostPath)) if (!places.has(name)) places.set(name, at);
  for (const name of sortNames([...places.keys()])) {
    const at = places.get(name)!;
    const { hostPath: folder, layer } = parts[at]!;
    const hostPath = `${folder}/${name}`;
    const here = path === "" ? name : `${path}/${name}`;
    const stat = lstatSync(hostPath, { bigint: true });
    if (isOverlayWhiteout(stat) || stat.isSocket()) continue;
    const inode = !stat.isDirectory() && stat.nlink > 1n ? `${layer}:${stat.ino}` : undefined;
    const linkTo = inode === undefined ? undefined : links.get(inode);
    yield { path: here, hostPath, stat, linkTo };
    if (inode !== undefined && linkTo === undefined) links.set(inode, here);
    if (stat.isDirectory()) yield* walkFolder(here, subparts(parts.slice(at), name), links);
  }
}

function subparts(parts: readonly Part[], name: string): Part[] {
  const result: Part[] = [];
  for (const { hostPath: folder, layer } of parts) {
    const hostPath = `${folder}/${name}`;
    const stat = lstatSync(hostPath, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isDirectory()) break;
    result.push({ hostPath, layer });
    if (folder !== parts.at(-1)!.hostPath && isOpaque(hostPath)) break;
  }
  return result;
}
