import { type Stats, closeSync, constants, copyFileSync, fchmodSync, fchownSync, chmodSync, futimesSync, linkSync, lstatSync, openSync, readdirSync, readlinkSync, statSync, symlinkSync, writeSync } from "node:fs";
import { setTimes } from "../linux/times.ts";
import { makeNode } from "../linux/mknod.ts";
import { setXattr } from "../linux/xattr.ts";
import { ownerOf, setOwner } from "../snapshot/ownership.ts";
import { isWhiteout } from "../snapshot/whiteout.ts";
import { fault } from "../std/fault.ts";
import { explainUnpack } from "./explain-unpack.ts";
import type { LayerEntry } from "./entry.ts";
import type { TarSink } from "./read-tar.ts";
import { readXattrs } from "./read-xattrs.ts";
import type { UnpackFolder } from "./unpack-folder.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

export interface UnpackOptions {
  /** What messages call it. */
  readonly archive: string;
  /** Owners go into xattrs, since chown is refused here. */
  readonly recordOwners: boolean;
  /** The owner of everything, instead of the entries' own. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Whether names that begin with `.wh.` are names like any other: the archive is no layer. */
  readonly plainNames?: boolean;
}

export interface Unpacked {
  /** Entries of the archive that were applied, whiteouts included. */
  entries: number;
  /** Bytes of file content that is there in the end. */
  bytes: number;
  /** Entries that cannot be made without root: device nodes, and capabilities of files. At most {@link SKIPPED_LIMIT} are named. */
  skipped: { path: string; what: "device" | "capability" }[];
}

const SKIPPED_LIMIT = 100;

export interface Unpacker extends TarSink {
  /** Gives the directories their attributes. To be called once, behind the last entry. */
  finish(): Unpacked;
}

/**
 * Makes files of tar entries in a layer folder, by the rules of image-spec's layer.md § Applying Changesets.
 * Whiteouts become overlayfs' own, but only where lower layers have something to hide. An entry replaces whatever
 * had its place before, except a directory a directory: then the attributes alone are replaced.
 */
export function createUnpacker(folder: UnpackFolder, options: UnpackOptions): Unpacker {
  const result: Unpacked = { entries: 0, bytes: 0, skipped: [] };
  const { archive, recordOwners } = options;
  const umask = process.umask();
  const self = { uid: process.geteuid!(), gid: process.getegid!() };
  // In a setgid directory, which may be here already, a new file gets the directory's group.
  const mayInherit = (statSync(folder.root).mode & 0o2000) !== 0 || readdirSync(folder.root).length > 0;
  let file = -1;
  let filePath = "";
  let fileMode = 0;
  let fileEntry: LayerEntry | undefined;

  const invalid = (entry: LayerEntry, problem: string): Error =>
    fault("ARCHIVE_INVALID", { archive, entry: entry.path, problem });

  const ownerFor = (entry: { uid: number; gid: number }): { uid: number; gid: number } => options.owner ?? entry;

  const skip = (path: string, what: "device" | "capability"): void => {
    if (result.skipped.length < SKIPPED_LIMIT) result.skipped.push({ path, what });
  };

  /** Owner, xattrs, mode and times, in the order in which none undoes or forbids another. */
  const dress = (entry: LayerEntry, hostPath: string, bits: number | undefined): void => {
    const { uid, gid } = ownerFor(entry);
    if (mayInherit || uid !== self.uid || gid !== self.gid) setOwner(hostPath, uid, gid, { record: recordOwners });
    putXattrs(entry, hostPath, entry.path);
    if (bits !== undefined) chmodSync(hostPath, bits);
    setTimes(hostPath, timeOf(entry), timeOf(entry));
  };

  const putXattrs = (from: { capability?: Uint8Array; xattrs?: ReadonlyMap<string, Uint8Array> }, hostPath: string, path: string): void => {
    if (from.xattrs !== undefined) for (const [name, value] of from.xattrs) if (isWelcome(name)) setXattrIfAllowed(hostPath, name, value);
    const capability = from.capability ?? from.xattrs?.get("security.capability");
    if (capability !== undefined && !setXattrIfAllowed(hostPath, "security.capability", capability)) skip(path, "capability");
  };

  /** Runs what makes a new name; whatever has the place already goes away first. */
  const replacing = <T>(path: string, make: (hostPath: string) => T): T => {
    const hostPath = folder.hostPath(path);
    try {
      return make(hostPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      folder.remove(path);
      return make(hostPath);
    }
  };

  const placeOf = (entry: LayerEntry): { parent: string; name: string; path: string } => {
    const cut = entry.path.lastIndexOf("/");
    const parent = cut < 0 ? "" : folder.enter(entry.path.slice(0, cut), entry.path);
    const name = entry.path.slice(cut + 1);
    return { parent, name, path: parent === "" ? name : `${parent}/${name}` };
  };

  const whiteout = (entry: LayerEntry, parent: string, name: string): void => {
    if (name === ".wh..wh..opq") return folder.hide(parent);
    // AUFS' own bookkeeping, `.wh..wh.plnk` and the like, means nothing elsewhere.
    if (name.startsWith(".wh..wh.")) return;
    const hidden = name.slice(".wh.".length);
    if (hidden === "" || hidden === "." || hidden === "..") throw invalid(entry, "a whiteout must name a file");
    const path = parent === "" ? hidden : `${parent}/${hidden}`;
    if (folder.below(path) === undefined) return;
    const there = lstatSync(folder.hostPath(path), { throwIfNoEntry: false });
    // A whiteout hides lower layers only (layer.md § Whiteouts): what this layer has put there stays.
    if (there?.isDirectory()) return folder.hide(path);
    if (there !== undefined) return;
    folder.whiteOut(path);
  };

  const hardLink = (entry: LayerEntry, path: string): void => {
    const target = entry.linkTarget!;
    const here = folder.locate(target);
    const source = here === undefined ? undefined : lstatSync(folder.hostPath(here), { throwIfNoEntry: false });
    if (source !== undefined && !isWhiteout(source)) {
      if (source.isDirectory()) throw invalid(entry, `it is a hard link to the directory ${target}`);
      if (here === path) return;
      if (here!.startsWith(`${path}/`)) throw invalid(entry, `it is a hard link to ${target}, which lies in what it replaces`);
      replacing(path, (hostPath) => linkSync(folder.hostPath(here!), hostPath));
      return dressAgain(entry, folder.hostPath(path), source);
    }
    const below = source === undefined ? folder.below(target, { follow: true }) : undefined;
    if (below === undefined) throw invalid(entry, `it is a hard link to ${target || "/"}, which does not exist`);
    copyBelow(entry, below.hostPath, path);
  };

  /** As in every runtime, the last entry that names a file says whose it is; links seldom say other than the file itself. */
  const dressAgain = (entry: LayerEntry, hostPath: string, there: Stats): void => {
    const [{ uid, gid }, has] = [ownerFor(entry), recordOwners ? ownerOf(hostPath, there) : there];
    if (has.uid === uid && has.gid === gid && (there.isSymbolicLink() || (there.mode & 0o7777) === entry.mode)) return;
    // Not by the shorter way of new files, whose owner is already this process.
    setOwner(hostPath, uid, gid, { record: recordOwners });
    dress(entry, hostPath, there.isSymbolicLink() ? undefined : entry.mode);
  };

  /** A hard link to a file of a lower layer is a full copy, since layers are separate folders. */
  const copyBelow = (entry: LayerEntry, source: string, path: string): void => {
    const stat = lstatSync(source, { bigint: true });
    const xattrs = readXattrs(source);
    const original: LayerEntry = {
      path: entry.path, type: "file", mode: entry.mode, uid: entry.uid, gid: entry.gid, size: 0,
      mtime: { seconds: Number(stat.mtimeNs / 1_000_000_000n), nanoseconds: Number(stat.mtimeNs % 1_000_000_000n) },
      ...(xattrs ? { xattrs } : {}),
    };
    if (stat.isSymbolicLink()) {
      replacing(path, (hostPath) => symlinkSync(readlinkSync(source), hostPath));
      return dress(original, folder.hostPath(path), undefined);
    }
    if (!stat.isFile()) throw invalid(entry, `it is a hard link to ${entry.linkTarget}, which is no file`);
    replacing(path, (hostPath) => copyFileSync(source, hostPath, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
    chmodSync(folder.hostPath(path), 0o600);
    dress(original, folder.hostPath(path), original.mode);
    result.bytes += Number(stat.size);
  };

  const node = (entry: LayerEntry, path: string): void => {
    try {
      replacing(path, (hostPath) => makeNode(hostPath, entry.type as "character" | "block" | "fifo", 0o600, entry.major, entry.minor));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPERM" && (error as NodeJS.ErrnoException).code !== "ENOSYS") throw error;
      return skip(entry.path, "device");
    }
    dress(entry, folder.hostPath(path), entry.mode);
  };

  const place = (entry: LayerEntry): void => {
    // The root is never part of a layer.
    if (entry.path === "") {
      if (entry.size > 0) throw invalid(entry, "the root is a file");
      return;
    }
    const { parent, name, path } = placeOf(entry);
    if (name.startsWith(".wh.") && !options.plainNames) return whiteout(entry, parent, name);
    switch (entry.type) {
      case "directory":
        folder.makeDirectory(path);
        folder.directories.set(path, { mode: entry.mode, ...ownerFor(entry), mtime: timeOf(entry), ...(entry.capability ? { capability: entry.capability } : {}), ...(entry.xattrs ? { xattrs: entry.xattrs } : {}) });
        return;
      case "file":
        filePath = folder.hostPath(path);
        // Users' xattrs need a file that may be written.
        fileMode = recordOwners || entry.xattrs !== undefined ? 0o600 : entry.mode & 0o777;
        file = replacing(path, (hostPath) => openSync(hostPath, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, fileMode));
        fileEntry = entry;
        return;
      case "symlink":
        if (entry.linkTarget === "") throw invalid(entry, "it is a symlink without a target");
        replacing(path, (hostPath) => symlinkSync(entry.linkTarget!, hostPath));
        return dress(entry, folder.hostPath(path), undefined);
      case "hardlink":
        return hardLink(entry, path);
      default:
        return node(entry, path);
    }
  };

  const guarded = (entry: LayerEntry | undefined, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (file >= 0) closeSync(file);
      file = -1;
      throw explainUnpack(error, archive, entry?.path ?? "", folder.root);
    }
  };

  return {
    entry(entry) {
      result.entries += 1;
      guarded(entry, () => place(entry));
    },
    data(chunk) {
      if (file < 0) return;
      guarded(fileEntry, () => {
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
        result.bytes += chunk.length;
      });
    },
    end() {
      const entry = fileEntry;
      if (entry === undefined) return;
      guarded(entry, () => {
        const { uid, gid } = ownerFor(entry);
        if (mayInherit || uid !== self.uid || gid !== self.gid) {
          if (recordOwners) setOwner(filePath, uid, gid, { record: true });
          else giveFile(file, filePath, uid, gid);
        }
        if (entry.xattrs !== undefined || entry.capability !== undefined) putXattrs(entry, filePath, entry.path);
        if ((fileMode & ~umask) !== entry.mode) fchmodSync(file, entry.mode);
        if (entry.mtime.nanoseconds === 0 && entry.mtime.seconds >= 0) futimesSync(file, entry.mtime.seconds, entry.mtime.seconds);
        else setTimes(filePath, timeOf(entry), timeOf(entry));
        closeSync(file);
        file = -1;
        fileEntry = undefined;
      });
    },
    finish() {
      guarded(undefined, () => folder.finish());
      // Children before parents: a parent's mode may lock its owner out.
      for (const [path, attributes] of [...folder.directories].reverse()) {
        guarded(undefined, () => {
          const hostPath = folder.hostPath(path);
          if (mayInherit || attributes.uid !== self.uid || attributes.gid !== self.gid) setOwner(hostPath, attributes.uid, attributes.gid, { record: recordOwners });
          putXattrs(attributes, hostPath, path);
          if ((attributes.mode & 0o7777) !== (0o755 & ~umask)) chmodSync(hostPath, attributes.mode);
          setTimes(hostPath, attributes.mtime, attributes.mtime);
        });
      }
      result.bytes = Math.max(0, result.bytes - folder.removedBytes);
      return result;
    },
  };
}

function giveFile(file: number, path: string, uid: number, gid: number): void {
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "EINVAL") throw error;
    throw fault("OWNER_REFUSED", { path, uid, gid, recorded: false }, { cause: error });
  }
}

function timeOf(entry: LayerEntry): bigint {
  return BigInt(entry.mtime.seconds) * 1_000_000_000n + BigInt(entry.mtime.nanoseconds);
}

/** Users' xattrs, but none that overlayfs or Sampan would obey. */
function isWelcome(name: string): boolean {
  return name.startsWith("user.") && !name.startsWith("user.overlay.") && !name.startsWith("user.sampan.");
}

function setXattrIfAllowed(path: string, name: string, value: Uint8Array): boolean {
  try {
    setXattr(path, name, value);
    return true;
  } catch (error) {
    // Refused by the file system, by missing rights, by its limits or, for symlinks, by xattr(7); or there is no koffi.
    if (["ENOTSUP", "EOPNOTSUPP", "EPERM", "EACCES", "E2BIG", "ENOSPC", "EINVAL", undefined].includes((error as NodeJS.ErrnoException).code)) return false;
    throw error;
  }
}
