import { statfsSync } from "node:fs";
import { fault } from "../../std/fault.ts";
import { parseSize } from "../../std/parse-size.ts";

/** Limits of `builder prune`, in bytes. */
export interface SpaceLimits {
  /** The cache may take no more. */
  readonly maxUsed?: number | undefined;
  /** So much of the cache stays in any case. */
  readonly reserved?: number | undefined;
  /** So much of the disk is to be free afterwards. */
  readonly minFree?: number | undefined;
}

/**
 * How much cache may stay, by BuildKit's rule: no more than `maxUsed`, less where the disk needs room, and never
 * less than `reserved`. With `reserved` alone the rest goes; without any limit nothing stays.
 */
export function keepBytes({ maxUsed, reserved, minFree }: SpaceLimits, now: { readonly cache: number; readonly free: number }): number {
  if (maxUsed === undefined && minFree === undefined) return reserved ?? 0;
  const missing = Math.max(0, (minFree ?? 0) - now.free);
  return Math.max(reserved ?? 0, Math.min(maxUsed ?? Infinity, missing > 0 ? Math.max(0, now.cache - missing) : Infinity));
}

/** Bytes of a flag's value; 0 counts as not given, as with docker. @throws USAGE */
export function sizeFlag(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseSize(text);
  if (bytes === undefined) throw fault("USAGE", { problem: `invalid argument ${JSON.stringify(text)} for ${flag}`, hint: "it is a size: 10GB, 512MiB" });
  return bytes === 0 ? undefined : bytes;
}

/** Bytes that are free on the disk of a folder. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
