import { closeSync, constants, copyFileSync, linkSync, lstatSync, openSync, rmSync, symlinkSync, writeSync, type BigIntStats } from "node:fs";
import { deviceMajor, deviceMinor, makeNode } from "../linux/mknod.ts";
import { setTimes } from "../linux/times.ts";
import type { Owner } from "../snapshot/ownership.ts";
import { fault, isFault } from "../std/fault.ts";
import { applyAttributes, copyXattrs } from "./apply-attributes.ts";
import { entryType } from "./entry-type.ts";
import type { ModeChange } from "../dockerfile/parse-chmod.ts";
import { readContent, statAgain } from "./read-content.ts";
import { readLink } from "./read-link.ts";
import { readFault } from "./read-fault.ts";
import type { SourceEntry, SourceView } from "./source-view.ts";

/** How the entries of one COPY or ADD are changed on the way. */
export interface CopyRules {
  readonly owner: Owner | undefined;
  readonly mode: ModeChange | undefined;
  readonly recordOwners: boolean;
  readonly mounted?: boolean | undefined;
  readonly writable?: boolean | undefined;
  /** Entries of a context with a later ctime (nanoseconds) have changed since their digest was made. */
  readonly newest?: bigint;
  /** An earlier copy to share files with. */
  readonly earlier?: EarlierCopy | undefined;
}

/** A committed layer that the same instruction made before: what has not changed since is linked instead of copied. */
export interface EarlierCopy {
  /** The layer's folder, and the one that is being filled. */
  readonly folder: string;
  readonly upper: string;
  /** Paths in the context of regular files whose content is the same as it was then. */
  readonly unchanged: ReadonlySet<string>;
}

/** Beyond this many bytes the kernel copies, by reflink where the file system can. */
const LARGE = 512n * 1024n;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Puts files, symlinks and devices of source trees at free places of a layer folder. Remembers inodes, so
 * that hard links stay hard links within one directory source, and only there.
 */
export class EntryCopier {
  readonly #rules: CopyRules;
  /** By inode of a source: for which source it was put somewhere last, and where first for each of the layers that hold it. */
  readonly #placed = new Map<string, { readonly source: number; readonly places: { readonly layer: number; readonly hostPath: string }[] }>();
  bytes = 0;

  constructor(rules: CopyRules) {
    this.#rules = rules;
  }

  /** @param source which directory source the entry belongs to: hard links do not reach beyond it. */
  copy(view: SourceView, entry: SourceEntry, source: number, to: string): void {
    const type = entryType(entry.stat);
    if (type === "file" && !entry.stat.isSocket()) this.#copyFile(view, entry, source, to);
    else this.#copySpecial(view, entry, to);
  }

  /**
   * Owner and mode that the copy of an entry gets.
   * @throws FILE_CHANGED if it is newer than the digest that the copy will be cached by
   */
  attributes(view: SourceView, entry: SourceEntry): { owner: Owner; mode: number } {
    this.#checkAge(view, entry.hostPath, entry.stat);
    const mode = Number(entry.stat.mode & 0o7777n);
    return {
      owner: this.#rules.owner ?? view.owner(entry),
      mode: this.#rules.mode ? this.#rules.mode.apply(mode, entry.stat.isDirectory()) : mode,
    };
  }

  #checkAge(view: SourceView, path: string, stat: BigIntStats): void {
    const { newest } = this.#rules;
    if (newest !== undefined && view.tree.zeroOwner && stat.ctimeNs > newest) throw fault("FILE_CHANGED", { path });
  }

  #copySpecial(view: SourceView, entry: SourceEntry, to: string): void {
    const { stat, hostPath } = entry;
    const { owner, mode } = this.attributes(view, entry);
    const times = { accessed: stat.atimeNs, modified: stat.mtimeNs };
    if (stat.isSymbolicLink()) {
      symlinkSync(readLink(hostPath), to);
      return applyAttributes(to, { owner, times }, this.#rules.recordOwners);
    }
    if (stat.isSocket()) closeSync(openSync(to, CREATE, 0o600));
    else makeDevice(stat, hostPath, to);
    applyAttributes(to, { owner, mode, times }, this.#rules.recordOwners);
  }

  #copyFile(view: SourceView, entry: SourceEntry, source: number, to: string): void {
    const { stat, hostPath } = entry;
    const attributes = this.attributes(view, entry);
    this.bytes += Number(stat.size);
    const linkable = !this.#rules.writable && !view.tree.zeroOwner && this.#isUnchanged(view, entry, attributes);
    if (linkable || stat.nlink > 1n) {
      const inode = `${stat.dev}:${stat.ino}`;
      const known = this.#placed.get(inode);
      const places = known?.source === source ? known.places : [];
      const twin = places.find(({ layer }) => layer === entry.layer);
      if (twin !== undefined && tryLink(twin.hostPath, to)) return;
      if (twin === undefined) places.push({ layer: entry.layer, hostPath: to });
      if (known?.source !== source) this.#placed.set(inode, { source, places });
      // One inode in two places of the layer would be a hard link.
      if (known === undefined && linkable && tryLink(hostPath, to)) return;
    } else if (this.#linkEarlier(entry, attributes, to)) return;
    this.#copyContent(view, entry, attributes, to);
  }

  /** Whether the copy is the same file to the bit, so that both layers may share one inode: layers never change. */
  #isUnchanged(view: SourceView, entry: SourceEntry, { owner, mode }: { owner: Owner; mode: number }): boolean {
    const own = view.owner(entry);
    return own.uid === owner.uid && own.gid === owner.gid && mode === Number(entry.stat.mode & 0o7777n);
  }

  /** Layers never change, so a file may lie in several of them as one inode; then it has to be the same to the bit and the nanosecond. */
  #linkEarlier({ path, stat }: SourceEntry, { owner, mode }: { owner: Owner; mode: number }, to: string): boolean {
    const { earlier } = this.#rules;
    if (earlier === undefined || !earlier.unchanged.has(path)) return false;
    const from = earlier.folder + to.slice(earlier.upper.length);
    const known = lstatSync(from, { bigint: true, throwIfNoEntry: false });
    if (known === undefined || !known.isFile() || known.size !== stat.size || known.mtimeNs !== stat.mtimeNs) return false;
    if (Number(known.uid) !== owner.uid || Number(known.gid) !== owner.gid || Number(known.mode & 0o7777n) !== mode) return false;
    return tryLink(from, to);
  }

  #copyContent(view: SourceView, entry: SourceEntry, attributes: { owner: Owner; mode: number }, to: string): void {
    let { stat } = entry;
    try {
      this.#write(view, entry.hostPath, stat, attributes, to);
    } catch (error) {
      if (!isFault(error, "FILE_CHANGED")) throw error;
      rmSync(to, { force: true });
      stat = statAgain(entry.hostPath);
      this.#checkAge(view, entry.hostPath, stat);
      this.#write(view, entry.hostPath, stat, attributes, to);
    }
  }

  #write(view: SourceView, from: string, stat: BigIntStats, { owner, mode }: { owner: Owner; mode: number }, to: string): void {
    if (stat.size > LARGE) copyLarge(from, stat, to);
    else copySmall(from, stat, to);
    applyAttributes(to, { owner, mode }, this.#rules.recordOwners);
    if (!view.tree.zeroOwner) copyXattrs(from, to);
    setTimes(to, stat.atimeNs, stat.mtimeNs);
  }
}

function copySmall(from: string, stat: BigIntStats, to: string): void {
  const descriptor = openSync(to, CREATE, 0o600);
  try {
    readContent(from, stat, (piece) => {
      for (let done = 0; done < piece.length;) done += writeSync(descriptor, piece, done, piece.length - done);
    });
  } finally {
    closeSync(descriptor);
  }
}

function copyLarge(from: string, stat: BigIntStats, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? error : readFault(error, from);
  }
  const now = lstatSync(from, { bigint: true });
  const copied = lstatSync(to, { bigint: true });
  if (now.ino !== stat.ino || now.size !== stat.size || now.mtimeNs !== stat.mtimeNs || copied.size !== stat.size) {
    throw fault("FILE_CHANGED", { path: from });
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another file system, too many links, or a file system without any: a copy does as well.
    if (code === "EXDEV" || code === "EMLINK" || code === "EPERM" || code === "ENOTSUP") return false;
    throw error;
  }
}

function makeDevice(stat: BigIntStats, from: string, to: string): void {
  const type = stat.isFIFO() ? "fifo" : stat.isBlockDevice() ? "block" : "character";
  try {
    makeNode(to, type, 0o600, type === "fifo" ? 0 : deviceMajor(stat.rdev), type === "fifo" ? 0 : deviceMinor(stat.rdev));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    throw fault("DEVICE_REFUSED", { path: from }, { cause: error });
  }
}
