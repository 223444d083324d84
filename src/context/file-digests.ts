import type { BigIntStats } from "node:fs";
import type { Digest } from "../oci/digest.ts";

/**
 * What tells one state of a file from every other: `device:inode:size:mtime:ctime`, times in nanoseconds,
 * all decimal. A file that is written to gets another ctime, so a known key need not be read again.
 */
export type FileKey = string;

export function fileKey(stat: BigIntStats): FileKey {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/**
 * The key of a file in a committed layer folder. Its content never changes, but hard links to it from other
 * layers change its ctime: the time of its birth takes that place, marked `b` so that it equals no other key.
 */
export function layerFileKey(stat: BigIntStats): FileKey {
  if (stat.birthtimeNs === 0n) return fileKey(stat);
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:b${stat.birthtimeNs}`;
}

/** Content digests of files that were read before; the store keeps them between builds. */
export interface FileDigestCache {
  get(key: FileKey): Digest | undefined;
  put(key: FileKey, digest: Digest): void;
}
