import { lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, unlinkSync, type Stats } from "node:fs";
import { makeNode } from "../linux/mknod.ts";
import { markOpaque } from "../snapshot/opaque.ts";
import { ownerOf } from "../snapshot/ownership.ts";
import { Union } from "../snapshot/union.ts";
import { isWhiteout } from "../snapshot/whiteout.ts";
import { fault } from "../std/fault.ts";
import { readXattrs } from "./read-xattrs.ts";

/** What a directory gets when everything in it has been made: until then it stays writable, and its own times do not count. */
export interface DirectoryAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  readonly capability?: Uint8Array;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

const LINK_LIMIT = 255;

/**
 * The folder that an archive is unpacked into: the top of a stack of layer folders, in overlayfs' form.
 * Every path goes through here, so that no entry can leave the folder: symlinks are followed as if the folder were
 * the root of the file system, as containerd's `fs.RootPath` does.
 */
export class UnpackFolder {
  readonly root: string;
  /** Directories made or met, by their path free of symlinks, in the order they were made; parents come first. */
  readonly directories = new Map<string, DirectoryAttributes>();
  /** Bytes of files that were there and have been replaced or removed since. */
  removedBytes = 0;
  readonly #lower: Union;
  readonly #archive: string;
  readonly #followLower: boolean;
  /** Paths as archives write them → paths free of symlinks of directories that exist in the folder. */
  readonly #resolved = new Map<string, string>([["", ""]]);
  readonly #real = new Set<string>([""]);
  readonly #opaque = new Set<string>();
  readonly #lowers: readonly string[];
  readonly #layerRoot: boolean;

  /**
   * @param root an existing folder on the host
   * @param lowers what lies below it, top first
   * @param options.layerRoot whether the folder is a whole layer, whose root overlayfs never takes for opaque
   * @param options.followLower whether a symlink of a lower layer is followed, as in a mounted root; a layer's
   *   implied parent takes its place instead, as in containerd and Docker
   */
  constructor(root: string, lowers: readonly string[], options: { archive: string; layerRoot: boolean; followLower: boolean }) {
    this.root = root;
    this.#lowers = lowers;
    this.#lower = new Union(lowers);
    this.#layerRoot = options.layerRoot;
    this.#archive = options.archive;
    this.#followLower = options.followLower;
  }

  hostPath(path: string): string {
    return path === "" ? this.root : `${this.root}/${path}`;
  }

  /**
   * The path free of symlinks of a directory of the folder; it is made, with its parents, where it is missing.
   * @throws ARCHIVE_INVALID where a parent is a file, SYMLINK_LOOP
   */
  enter(directory: string, entry: string): string {
    const known = this.#resolved.get(directory);
    if (known !== undefined) return known;
    const real = this.#walk(directory, entry, true)!;
    this.#resolved.set(directory, real);
    return real;
  }

  /** The path free of symlinks of an entry's place, its last component not followed; undefined where its parent does not exist here. */
  locate(path: string): string | undefined {
    const cut = path.lastIndexOf("/");
    const parent = this.#walk(path.slice(0, Math.max(cut, 0)), path, false);
    return parent === undefined ? undefined : join(parent, path.slice(cut + 1));
  }

  /** What lower layers have at a place, as far as this folder does not hide it; `follow` goes through symlinks in its parents. */
  below(path: string, options: { follow?: boolean } = {}): { hostPath: string; stat: Stats } | undefined {
    if (this.#lowers.length === 0) return undefined;
    if (this.#isHidden(path)) return undefined;
    return options.follow ? this.#lower.resolve(path).entry : this.#lower.lstat(path);
  }

  /** Makes a directory, or keeps the one that is there; one that takes the place of something else is opaque. */
  makeDirectory(path: string): void {
    if (this.#real.has(path)) return;
    const hostPath = this.hostPath(path);
    try {
      mkdirSync(hostPath, 0o755);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const stat = lstatSync(hostPath);
      if (!stat.isDirectory()) {
        this.#unlink(hostPath, stat);
        mkdirSync(hostPath, 0o755);
        this.hide(path);
      }
    }
    this.#real.add(path);
  }

  /** Hides what lower layers have in a directory of this folder. */
  hide(path: string): void {
    if (this.#lowers.length === 0) return;
    if (path !== "" || !this.#layerRoot) markOpaque(this.hostPath(path));
    this.#opaque.add(path);
  }

  /** Hides what lower layers have at a place, where this folder has nothing itself. @throws WHITEOUT_REFUSED */
  whiteOut(path: string): void {
    try {
      makeNode(this.hostPath(path), "character", 0);
    } catch (error) {
      throw fault("WHITEOUT_REFUSED", { path, reason: (error as Error).message }, { cause: error });
    }
  }

  /** Hides, when all entries are there, what lower layers have beside them if the root was hidden. */
  finish(): void {
    if (!this.#layerRoot || !this.#opaque.has("")) return;
    for (const name of this.#lower.readdir("")) {
      const stat = lstatSync(this.hostPath(name), { throwIfNoEntry: false });
      if (stat === undefined) this.whiteOut(name);
      else if (stat.isDirectory()) markOpaque(this.hostPath(name));
    }
  }

  /** Removes whatever is at a place of this folder. */
  remove(path: string): void {
    const hostPath = this.hostPath(path);
    const stat = lstatSync(hostPath, { throwIfNoEntry: false });
    if (stat === undefined) return;
    if (stat.isDirectory()) {
      this.#forget(path);
      rmSync(hostPath, { recursive: true });
    } else this.#unlink(hostPath, stat);
  }

  #unlink(hostPath: string, stat: Stats): void {
    unlinkSync(hostPath);
    this.#count(stat);
    if (stat.isSymbolicLink()) this.#forgetWays();
  }

  /** Whether a directory of this folder above the path hides what lower layers have there. */
  #isHidden(path: string): boolean {
    if (this.#opaque.has("")) return true;
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) if (this.#opaque.has(path.slice(0, at))) return true;
    return false;
  }

  /** Goes through what is on the disk, not through all that is known: archives may replace a hundred thousand directories. */
  #forget(path: string): void {
    this.#forgetWays();
    for (const known of [this.#real, this.#opaque, this.directories]) known.delete(path);
    for (const item of readdirSync(this.hostPath(path), { withFileTypes: true })) {
      if (item.isDirectory()) this.#forget(join(path, item.name));
      else this.#count(lstatSync(this.hostPath(join(path, item.name))));
    }
  }

  /** A file with another name is still there. */
  #count(stat: Stats): void {
    if (stat.isFile() && stat.nlink === 1) this.removedBytes += stat.size;
  }

  #forgetWays(): void {
    this.#resolved.clear();
    this.#resolved.set("", "");
  }

  #walk(directory: string, entry: string, make: boolean): string | undefined {
    const pending = directory.split("/").reverse();
    let here = "";
    let links = 0;
    while (pending.length > 0) {
      const part = pending.pop()!;
      if (part === "" || part === ".") continue;
      if (part === "..") {
        here = here.slice(0, Math.max(here.lastIndexOf("/"), 0));
        continue;
      }
      const next = join(here, part);
      if (this.#real.has(next)) {
        here = next;
        continue;
      }
      const link = this.#step(next, entry, make);
      if (link === false) return undefined;
      if (link === true) {
        here = next;
        continue;
      }
      links += 1;
      if (links > LINK_LIMIT) throw fault("SYMLINK_LOOP", { path: entry });
      if (link.startsWith("/")) here = "";
      pending.push(...link.split("/").reverse());
    }
    return here;
  }

  /** Goes to one component: true, it is a directory here; a text, it is a symlink to there; false, it is missing and not made. */
  #step(path: string, entry: string, make: boolean): true | false | string {
    const hostPath = this.hostPath(path);
    const stat = lstatSync(hostPath, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      this.#real.add(path);
      return true;
    }
    if (stat?.isSymbolicLink()) return readlinkSync(hostPath);
    if (stat !== undefined && !isWhiteout(stat)) {
      if (!make) return false;
      throw fault("ARCHIVE_INVALID", { archive: this.#archive, entry, problem: `its parent ${path} is not a directory` });
    }
    const below = stat === undefined ? this.below(path) : undefined;
    if (below?.stat.isSymbolicLink() && this.#followLower) return readlinkSync(below.hostPath);
    if (!make) return false;
    this.makeDirectory(path);
    this.directories.set(path, this.#impliedAttributes(path, stat === undefined));
    return true;
  }

  /** A parent that the archive does not list looks as it does in the lower layers (containerd, `mkparent`). */
  #impliedAttributes(path: string, visible: boolean): DirectoryAttributes {
    const directory = visible && this.below(path, { follow: true }) !== undefined ? this.#lower.resolve(path, { followLast: true }).entry : undefined;
    if (directory === undefined || !directory.stat.isDirectory()) {
      return { mode: 0o755, uid: 0, gid: 0, mtime: BigInt(Date.now()) * 1_000_000n };
    }
    const { hostPath } = directory;
    const stat = lstatSync(hostPath, { bigint: true });
    const xattrs = readXattrs(hostPath);
    return { mode: Number(stat.mode) & 0o7777, ...ownerOf(hostPath, stat), mtime: stat.mtimeNs, ...(xattrs ? { xattrs } : {}) };
  }
}

function join(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}
