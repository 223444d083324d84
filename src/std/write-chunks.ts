import type { FileHandle } from "node:fs/promises";

/**
 * Writes all of the chunks to a file, from a position on or where it stands. One writev(2) may take less than all,
 * as on a disk that is nearly full.
 */
export async function writeChunks(file: FileHandle, chunks: readonly Uint8Array[], position?: number): Promise<void> {
  let rest = chunks;
  let written = 0;
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest as Uint8Array[], position === undefined ? undefined : position + written);
    written += bytesWritten;
    rest = unwritten(rest, bytesWritten);
  }
}

function unwritten(chunks: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let index = 0;
  let left = written;
  while (index < chunks.length && left >= chunks[index]!.length) left -= chunks[index++]!.length;
  const rest = chunks.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}
