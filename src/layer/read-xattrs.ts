import { getXattr, listXattrs } from "../linux/xattr.ts";

/** All xattrs of the path itself that can be read; undefined where there are none. */
export function readXattrs(hostPath: string): ReadonlyMap<string, Uint8Array> | undefined {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const name of listXattrs(hostPath)) {
    const value = getXattr(hostPath, name);
    if (value !== undefined) (xattrs ??= new Map()).set(name, value);
  }
  return xattrs;
}
