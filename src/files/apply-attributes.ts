import { chmodSync } from "node:fs";
import { haveLibc } from "../linux/libc.ts";
import { setTimes } from "../linux/times.ts";
import { getXattr, listXattrs, setXattr } from "../linux/xattr.ts";
import { setOwner, type Owner } from "../snapshot/ownership.ts";

export interface Attributes {
  readonly owner: Owner;
  /** 0–07777; absent for symlinks. */
  readonly mode?: number;
  /** Nanoseconds since the epoch; absent = left as they are. */
  readonly times?: { readonly accessed: bigint; readonly modified: bigint };
}

/** Gives a path (symlinks are not followed) owner, mode and times, in the order in which none undoes another. */
export function applyAttributes(hostPath: string, attributes: Attributes, recordOwners: boolean): void {
  const { owner, mode, times } = attributes;
  setOwner(hostPath, owner.uid, owner.gid, { record: recordOwners });
  if (mode !== undefined) chmodSync(hostPath, mode);
  if (times) setTimes(hostPath, times.accessed, times.modified);
}

/** Copies extended attributes except those that belong to the layer folders themselves; what is refused is left out. */
export function copyXattrs(from: string, to: string): void {
  for (const name of listXattrs(from)) {
    if (/^(?:user|trusted)\.overlay\.|^user\.sampan\.|^security\.selinux$/.test(name)) continue;
    const value = getXattr(from, name);
    if (value === undefined) continue;
    try {
      setXattr(to, name, value);
    } catch (error) {
      if (!haveLibc() || (error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }
}
