import { getXattr, setXattr } from "../linux/xattr.ts";

/** Sampan mounts overlayfs with `userxattr`, as root too, so that the mark is the same everywhere. */
const OPAQUE = "user.overlay.opaque";

/**
 * Whether a directory of a layer folder hides what lower layers have at its place. The value `x` is another mark:
 * it says that the directory may hold whiteouts in the form of xattrs (Documentation/filesystems/overlayfs.rst).
 */
export function isOpaque(folder: string): boolean {
  const value = getXattr(folder, OPAQUE);
  return value !== undefined && value.length === 1 && value[0] === 0x79;
}

export function markOpaque(folder: string): void {
  setXattr(folder, OPAQUE, Buffer.from("y"));
}
