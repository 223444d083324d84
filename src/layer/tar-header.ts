import type { EntryType } from "./entry.ts";

/** POSIX.1-1988 ustar header block; fields as `[offset, length]` (pax(1), Go's archive/tar/format.go). */
export const BLOCK = 512;

export const field = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [number, number]>;

export type Field = readonly [number, number];

/** Type flags of headers that describe the next entry or all of them instead of being one. */
export const flag = { longLink: 0x4b, longName: 0x4c, pax: 0x78, paxGlobal: 0x67 } as const;

export const typeFlags: Record<EntryType, number> = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  character: 0x33,
  block: 0x34,
  directory: 0x35,
  fifo: 0x36,
};

/** The unsigned sum of the block's bytes with the checksum field taken as spaces. */
export function headerChecksum(block: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at += 1) sum += block[at]!;
  for (let at = 156; at < BLOCK; at += 1) sum += block[at]!;
  return sum;
}

/** Zero bytes after `size` bytes of content up to the next block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
