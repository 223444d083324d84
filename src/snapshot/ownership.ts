import { lchownSync } from "node:fs";
import { getXattr, removeXattr, setXattr } from "../linux/xattr.ts";

/** Who a file belongs to, where the user namespace cannot say so: `uid:gid`, decimal. */
const OWNER = "user.sampan.owner";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes a path of a layer folder (symlinks are not followed) belong to somebody. With `record`, for user
 * namespaces that map one id only, the owner is written into an xattr of files and directories instead;
 * user xattrs cannot be put on symlinks and devices, which then belong to 0:0.
 */
export function setOwner(path: string, uid: number, gid: number, options: { record: boolean }): void {
  if (!options.record) return lchownSync(path, uid, gid);
  try {
    if (uid === 0 && gid === 0) removeXattr(path, OWNER);
    else setXattr(path, OWNER, Buffer.from(`${uid}:${gid}`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "ENOTSUP") throw error;
  }
}

/** Who a path of a layer folder belongs to: what {@link setOwner} recorded, else what `stat` says. */
export function ownerOf(path: string, stat: { readonly uid: number | bigint; readonly gid: number | bigint }): Owner {
  const recorded = getXattr(path, OWNER)?.toString("latin1");
  const match = recorded === undefined ? null : /^(\d{1,10}):(\d{1,10})$/.exec(recorded);
  if (match) return { uid: Number(match[1]), gid: Number(match[2]) };
  return { uid: Number(stat.uid), gid: Number(stat.gid) };
}
