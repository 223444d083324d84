import { lchownSync } from "node:fs";
import { getXattr, removeXattr, setXattr } from "../linux/xattr.ts";
import { fault } from "../std/fault.ts";

/** Where the owner is written down when the files themselves cannot have it: `uid:gid`, decimal. */
const OWNER = "user.sampan.owner";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Gives a file, directory or symlink (not what it leads to) an owner. With `record`, in a user namespace that maps
 * one id only, the owner is written into an xattr instead; symlinks and special files, which can have none, stay 0:0.
 * @throws OWNER_REFUSED
 */
export function setOwner(path: string, uid: number, gid: number, options: { record: boolean }): void {
  try {
    if (!options.record) lchownSync(path, uid, gid);
    else if (uid === 0 && gid === 0) removeXattr(path, OWNER);
    else setXattr(path, OWNER, Buffer.from(`${uid}:${gid}`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Only files and directories can have xattrs of users (xattr(7)).
    if (options.record && code === "EPERM") return;
    if (code !== "EPERM" && code !== "EINVAL" && code !== "ENOTSUP") throw error;
    throw fault("OWNER_REFUSED", { path, uid, gid, recorded: options.record }, { cause: error });
  }
}

/**
 * Whom a file belongs to: as recorded, else as the file system says. Where owners are recorded, all files are this
 * process's own. A record on another's file was written in a container, by a user who would like to be root.
 */
export function ownerOf(path: string, stat: { readonly uid: number | bigint; readonly gid: number | bigint }): Owner {
  const owner = { uid: Number(stat.uid), gid: Number(stat.gid) };
  return owner.uid === process.geteuid!() ? (recordedOwner(path) ?? owner) : owner;
}

export function recordedOwner(path: string): Owner | undefined {
  const value = getXattr(path, OWNER);
  const match = value === undefined ? null : /^(\d{1,10}):(\d{1,10})$/.exec(value.toString("latin1"));
  return match === null ? undefined : { uid: Number(match[1]), gid: Number(match[2]) };
}
