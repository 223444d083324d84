import { closeSync, openSync, readSync } from "node:fs";
import { createDigester, type Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import type { WorkerContext } from "../std/worker-pool.ts";
import { BlobFile } from "./blob-file.ts";
import { diffLayer, type DiffEntry } from "./diff-layer.ts";
import { paddingOf } from "./tar-header.ts";
import { encodeTarHeader, TAR_END } from "./write-tar.ts";

export interface PackOptions {
  /** The layer folder, in overlayfs' form. */
  readonly upper: string;
  /** Folders of the layers below, top first. */
  readonly lowers: readonly string[];
  readonly codec: Codec;
  /** 1–9 for gzip, 1–22 for zstd; see compress.ts for the defaults. */
  readonly level?: number;
  /** The file that the blob is written to; without it only the tar is hashed. */
  readonly output?: string;
}

export interface PackedLayer {
  readonly diffId: Digest;
  readonly tarSize: number;
  /** Bytes of file content. */
  readonly size: number;
  /** Of the blob, when one was written. */
  readonly digest?: Digest;
  readonly blobSize?: number;
}

/**
 * Makes the layer blob of a layer folder, reading every file once, and brings it to the disk; a worker job. It reports
 * how far the blob has come, as a `BlobReport`.
 * @throws FILE_CHANGED, FILE_NAME_INVALID, DISK_FULL, READ_ONLY
 */
export async function packLayer(options: PackOptions, context?: WorkerContext): Promise<PackedLayer> {
  return packEntries(diffLayer(options.upper, options.lowers), options, context);
}

/** Writes entries as a tar archive; see {@link packLayer}. */
export async function packEntries(
  entries: Iterable<DiffEntry>,
  options: { codec: Codec; level?: number; output?: string },
  context?: WorkerContext,
): Promise<PackedLayer> {
  const tar = createDigester();
  let tarSize = 0;
  let size = 0;
  await using file = options.output === undefined ? undefined : new BlobFile(options.output, options, context);
  for (const piece of tarPieces(entries, { onContent: (bytes) => { size += bytes; } })) {
    tar.update(piece);
    tarSize += piece.length;
    await file?.write(piece);
  }
  const blob = await file?.end();
  const packed = { diffId: tar.digest(), tarSize, size };
  return blob === undefined ? packed : { ...packed, digest: blob.digest, blobSize: blob.size };
}

/** Small things are gathered, so that hashing and compressing get large pieces. */
const PIECE = 256 * 1024;

/**
 * The bytes of a tar archive; a piece is valid until the next one is asked for.
 * @param options.growing whether files may get longer meanwhile, like logs: what they had when they were met is packed
 * @throws FILE_CHANGED
 */
export function* tarPieces(entries: Iterable<DiffEntry>, { onContent = () => undefined, growing = false }: { onContent?: (bytes: number) => void; growing?: boolean } = {}): Generator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(PIECE);
  let filled = 0;
  for (const entry of entries) {
    const header = encodeTarHeader(entry);
    for (let at = 0; at < header.length; ) {
      if (filled === PIECE) {
        yield buffer;
        filled = 0;
      }
      const count = header.copy(buffer, filled, at);
      filled += count;
      at += count;
    }
    if (entry.size === 0 || entry.type !== "file" || entry.hostPath === undefined) continue;
    onContent(entry.size);
    const file = openSync(entry.hostPath, "r");
    try {
      for (let left = entry.size; left > 0; ) {
        if (filled === PIECE) {
          yield buffer;
          filled = 0;
        }
        const count = readSync(file, buffer, filled, Math.min(left, PIECE - filled), null);
        if (count === 0) throw fault("FILE_CHANGED", { path: `/${entry.path}` });
        filled += count;
        left -= count;
      }
      if (!growing && readSync(file, ONE, 0, 1, null) !== 0) throw fault("FILE_CHANGED", { path: `/${entry.path}` });
    } finally {
      closeSync(file);
    }
    for (let left = paddingOf(entry.size); left > 0; ) {
      if (filled === PIECE) {
        yield buffer;
        filled = 0;
      }
      const count = Math.min(left, PIECE - filled);
      buffer.fill(0, filled, filled + count);
      filled += count;
      left -= count;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
  yield TAR_END;
}

const ONE = Buffer.alloc(1);
