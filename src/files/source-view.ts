import { lstatSync, readdirSync, type BigIntStats } from "node:fs";
import { compileIgnore, type IgnoreMatcher } from "../dockerfile/ignore.ts";
import { isOpaque } from "../snapshot/opaque.ts";
import { ownerOf, type Owner } from "../snapshot/ownership.ts";
import { Union, type UnionEntry } from "../snapshot/union.ts";
import { isWhiteout } from "../snapshot/whiteout.ts";
import { fault } from "../std/fault.ts";
import { sortNames } from "../std/sort-names.ts";
import { readFault } from "./read-fault.ts";

/** What COPY and ADD read from: the build context, or the file system of another stage or image. */
export interface SourceTree {
  /** Layer folders, **top first**; the one folder of a context. */
  readonly layers: readonly string[];
  /** Patterns of .dockerignore; for contexts only. */
  readonly excludes?: readonly string[];
  /** A context: everything belongs to 0:0, and xattrs do not count. */
  readonly zeroOwner: boolean;
  /** Owners of the layers' files are recorded in xattrs (see snapshot/ownership.ts). */
  readonly recordOwners?: boolean;
  /** How messages call it; by default `the build context` or `the source`. */
  readonly name?: string;
}

/** One file or directory of a source tree. */
export interface SourceEntry {
  /** Below the root of the tree; empty for the root. */
  readonly path: string;
  readonly name: string;
  readonly hostPath: string;
  readonly stat: BigIntStats;
  /** Which of the tree's layers it lies in: hard links exist within one layer only. */
  readonly layer: number;
  /** Of a directory: the host folders that make it up, top first. */
  readonly folders: readonly Folder[];
}

interface Folder {
  readonly hostPath: string;
  readonly layer: number;
}

/** Ends the reading of a source tree that was to be read only if there is little of it. */
export class TooMuch extends Error {}

/** A source tree as COPY sees it: layers merged, .dockerignore applied. Keeps nothing open. */
export class SourceView {
  readonly tree: SourceTree;
  readonly ignore: IgnoreMatcher | undefined;
  readonly #union: Union;
  readonly #listed = new Map<string, SourceEntry[]>();
  /** How many more names may be found in directories. */
  #left: number;

  /** @param most names that are looked at in directories at most; one more throws {@link TooMuch} */
  constructor(tree: SourceTree, most = Infinity) {
    this.tree = tree;
    this.#left = most;
    this.ignore = tree.excludes && tree.excludes.length > 0 ? compileIgnore(tree.excludes, { strict: true }) : undefined;
    this.#union = this.ignore ? new VisibleUnion(tree.layers, this.ignore) : new Union(tree.layers);
  }

  /**
   * The entry that a path leads to, symlinks followed inside the root; undefined where there is none.
   * @throws SYMLINK_LOOP, CONTEXT_UNREADABLE
   */
  find(path: string): SourceEntry | undefined {
    const entry = lookUp(this.#union, path, this.tree);
    if (entry === undefined || entry.stat.isSymbolicLink()) return undefined;
    const found = this.#entry(entry);
    if (this.#isExcluded(found.path) && (!found.stat.isDirectory() || this.children(found).length === 0)) return undefined;
    return found;
  }

  /** Whether the path is there and only .dockerignore hides it. */
  isHidden(path: string): boolean {
    return this.ignore !== undefined && lookUp(new Union(this.tree.layers), path, this.tree) !== undefined;
  }

  /**
   * What a directory holds, sorted by name, without what .dockerignore excludes.
   * @throws CONTEXT_UNREADABLE, FILE_NAME_INVALID
   */
  children(directory: SourceEntry): readonly SourceEntry[] {
    const known = this.#listed.get(directory.path);
    if (known) return known;
    const list = directory.folders.length === 1 ? this.#single(directory) : this.#merged(directory);
    if (!this.ignore || this.ignore.empty) return list;
    const visible = list.filter((entry) => this.#isVisible(entry));
    if (this.#isExcluded(directory.path)) this.#listed.set(directory.path, visible);
    return visible;
  }

  owner(entry: SourceEntry): Owner {
    if (this.tree.zeroOwner) return { uid: 0, gid: 0 };
    if (this.tree.recordOwners === true) return ownerOf(entry.hostPath, entry.stat);
    return { uid: Number(entry.stat.uid), gid: Number(entry.stat.gid) };
  }

  get name(): string {
    return this.tree.name ?? (this.tree.zeroOwner ? "the build context" : "the source");
  }

  #isExcluded(path: string): boolean {
    return this.ignore !== undefined && path !== "" && this.ignore.matches(path);
  }

  /** Excluded directories show up when something below them is re-included. */
  #isVisible(entry: SourceEntry): boolean {
    if (!this.ignore!.matches(entry.path)) return true;
    return entry.stat.isDirectory() && this.ignore!.mayReinclude(entry.path) && this.children(entry).length > 0;
  }

  #names(folder: string): string[] {
    const names = list(folder);
    this.#left -= names.length;
    if (this.#left < 0) throw new TooMuch();
    return names;
  }

  #single(directory: SourceEntry): SourceEntry[] {
    const folder = directory.folders[0]!;
    const result: SourceEntry[] = [];
    for (const name of sortNames(this.#names(folder.hostPath))) {
      const hostPath = `${folder.hostPath}/${name}`;
      const stat = inspect(hostPath, name);
      if (stat === undefined || isWhiteout(stat)) continue;
      const path = directory.path === "" ? name : `${directory.path}/${name}`;
      result.push({ path, name, hostPath, stat, layer: folder.layer, folders: stat.isDirectory() ? [{ hostPath, layer: folder.layer }] : [] });
    }
    return result;
  }

  #merged(directory: SourceEntry): SourceEntry[] {
    const found = new Map<string, { entry: SourceEntry | undefined; folders: Folder[] | undefined }>();
    for (const { hostPath: folder, layer } of directory.folders) {
      for (const name of this.#names(folder)) {
        const above = found.get(name);
        if (above && above.folders === undefined) continue;
        const hostPath = `${folder}/${name}`;
        const stat = inspect(hostPath, name);
        if (stat === undefined) continue;
        if (above) {
          if (!stat.isDirectory()) above.folders = undefined;
          else {
            above.folders!.push({ hostPath, layer });
            if (isOpaque(hostPath)) above.folders = undefined;
          }
          continue;
        }
        const folders: Folder[] = stat.isDirectory() ? [{ hostPath, layer }] : [];
        const path = directory.path === "" ? name : `${directory.path}/${name}`;
        const entry = isWhiteout(stat) ? undefined : { path, name, hostPath, stat, layer, folders };
        found.set(name, { entry, folders: stat.isDirectory() && !isOpaque(hostPath) ? folders : undefined });
      }
    }
    const result: SourceEntry[] = [];
    for (const name of sortNames([...found.keys()])) {
      const { entry } = found.get(name)!;
      if (entry) result.push(entry);
    }
    return result;
  }

  #entry(entry: UnionEntry): SourceEntry {
    const name = entry.path.slice(entry.path.lastIndexOf("/") + 1);
    const stat = lstatSync(entry.hostPath, { bigint: true });
    const folders = stat.isDirectory()
      ? this.#union.folders(entry.path).map((hostPath) => ({ hostPath, layer: this.#layerOf(hostPath) }))
      : [];
    return { path: entry.path, name, hostPath: entry.hostPath, stat, layer: this.#layerOf(entry.hostPath), folders };
  }

  #layerOf(hostPath: string): number {
    return this.tree.layers.findIndex((layer) => hostPath === layer || hostPath.startsWith(`${layer}/`));
  }
}

/** Looks paths up as if what .dockerignore excludes were not there, symlinks included. */
class VisibleUnion extends Union {
  readonly #ignore: IgnoreMatcher;

  constructor(layers: readonly string[], ignore: IgnoreMatcher) {
    super(layers);
    this.#ignore = ignore;
  }

  override lstat(path: string): UnionEntry | undefined {
    const entry = super.lstat(path);
    if (entry === undefined || path === "" || !this.#ignore.matches(entry.path)) return entry;
    return entry.stat.isDirectory() && this.#ignore.mayReinclude(entry.path) ? entry : undefined;
  }
}

function lookUp(union: Union, path: string, { layers }: SourceTree): UnionEntry | undefined {
  try {
    return union.resolve(path, { followLast: true }).entry;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENAMETOOLONG") return undefined;
    throw readFault(error, (error as NodeJS.ErrnoException).path ?? `${layers[0]}/${path}`);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw readFault(error, folder);
  }
}

function inspect(hostPath: string, name: string): BigIntStats | undefined {
  let stat: BigIntStats | undefined;
  try {
    stat = lstatSync(hostPath, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw readFault(error, hostPath);
  }
  // Node shows bytes that are no UTF-8 as U+FFFD, and the file cannot be found by that name.
  if (stat === undefined && name.includes("\ufffd")) throw fault("FILE_NAME_INVALID", { path: hostPath });
  return stat;
}
