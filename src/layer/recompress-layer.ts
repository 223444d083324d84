import { createDigester, type Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import { freeBuffer } from "../std/free-buffer.ts";
import type { WorkerContext } from "../std/worker-pool.ts";
import { DEFAULT_LIMIT } from "./apply-layer.ts";
import { BlobFile } from "./blob-file.ts";
import { decompressed, freed, readPieces } from "./decompress.ts";

export interface RecompressOptions {
  /** The file of the blob. */
  readonly blob: string;
  /** How it is packed. */
  readonly from: Codec;
  /** What the tar in it has to be. */
  readonly diffId: Digest;
  /** How it is to be packed. */
  readonly codec: Codec;
  /** 1–9 for gzip, 1–22 for zstd; see compress.ts for the defaults. */
  readonly level?: number;
  readonly output: string;
  /** Bytes that the tar archive may have; {@link DEFAULT_LIMIT} if not given. */
  readonly maxBytes?: number;
}

/**
 * Packs the tar of a layer blob in another way, piece by piece; a worker job. It reports how far the blob has come, as a
 * `BlobReport`. Equal tars give equal blobs, and the same ones as packing their folder does.
 * @throws ARCHIVE_DAMAGED, ARCHIVE_TOO_LARGE, LAYER_DIFF_ID, DISK_FULL, READ_ONLY
 */
export async function recompressLayer(options: RecompressOptions, context?: WorkerContext): Promise<{ digest: Digest; size: number }> {
  const archive = `layer ${options.blob.slice(options.blob.lastIndexOf("/") + 1)}`;
  const limit = options.maxBytes ?? DEFAULT_LIMIT;
  const tar = createDigester();
  let total = 0;
  await using file = new BlobFile(options.output, options, context);
  for await (const chunk of decompressed(freed(readPieces(options.blob)), options.from, archive)) {
    total += chunk.length;
    if (total > limit) throw fault("ARCHIVE_TOO_LARGE", { archive, limit });
    tar.update(chunk);
    await file.write(chunk);
    // As long as its memory is not full, the decoder goes on to fill it.
    if (chunk.byteOffset + chunk.length === chunk.buffer.byteLength) freeBuffer(chunk);
  }
  const actual = tar.digest();
  if (actual !== options.diffId) throw fault("LAYER_DIFF_ID", { layer: archive, expected: options.diffId, actual });
  return await file.end();
}
