import { createDigester, type Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import { freeBuffer } from "../std/free-buffer.ts";
import type { WorkerContext } from "../std/worker-pool.ts";
import { DEFAULT_LIMIT } from "./apply-layer.ts";
import { BlobFile } from "./blob-file.ts";
import { decompressed, freed, readPieces } from "./decompress.ts";
import { noYoungerThan } from "./entry-time.ts";
import { createTarReader } from "./read-tar.ts";
import { paddingOf } from "./tar-header.ts";
import { encodeTarHeader, TAR_END } from "./write-tar.ts";

export interface RewriteTimesOptions {
  /** The file of the blob. */
  readonly blob: string;
  /** How it is packed. */
  readonly from: Codec;
  /** What the tar in it has to be. */
  readonly diffId: Digest;
  /** In seconds; no entry is younger afterwards. */
  readonly epoch: number;
  /** How the new blob is packed. */
  readonly codec: Codec;
  /** 1–9 for gzip, 1–22 for zstd; see compress.ts for the defaults. */
  readonly level?: number;
  readonly output: string;
  /** Bytes that the tar archive may have; {@link DEFAULT_LIMIT} if not given. */
  readonly maxBytes?: number;
}

export interface RewrittenLayer {
  /** Of the new tar. */
  readonly diffId: Digest;
  /** Of the new blob. */
  readonly digest: Digest;
  /** Of the new blob. */
  readonly size: number;
}

/**
 * Packs a layer again with no time in it that is later than the epoch, as BuildKit does for `rewrite-timestamp`: each header
 * is read and written anew. A worker job; it reports how far the blob has come, as a `BlobReport`.
 * @throws ARCHIVE_DAMAGED, ARCHIVE_INVALID, ARCHIVE_TOO_LARGE, LAYER_DIFF_ID, DISK_FULL, READ_ONLY
 */
export async function rewriteTimes(options: RewriteTimesOptions, context?: WorkerContext): Promise<RewrittenLayer> {
  const archive = `layer ${options.blob.slice(options.blob.lastIndexOf("/") + 1)}`;
  const limit = options.maxBytes ?? DEFAULT_LIMIT;
  const [before, after] = [createDigester(), createDigester()];
  let total = 0;
  let pieces: Buffer[] = [];
  let padding = 0;
  const reader = createTarReader(archive, {
    entry(entry) {
      pieces.push(encodeTarHeader(noYoungerThan(entry, options.epoch)));
      padding = paddingOf(entry.size);
    },
    data: (chunk) => void pieces.push(chunk),
    end: () => void (padding > 0 && pieces.push(ZEROS.subarray(0, padding))),
  });
  await using file = new BlobFile(options.output, options, context);
  const write = async (bytes: Buffer): Promise<void> => {
    after.update(bytes);
    await file.write(bytes);
  };
  for await (const chunk of decompressed(freed(readPieces(options.blob)), options.from, archive)) {
    total += chunk.length;
    if (total > limit) throw fault("ARCHIVE_TOO_LARGE", { archive, limit });
    before.update(chunk);
    reader.write(chunk);
    await write(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
    pieces = [];
    // As long as its memory is not full, the decoder goes on to fill it.
    if (chunk.byteOffset + chunk.length === chunk.buffer.byteLength) freeBuffer(chunk);
  }
  reader.finish();
  const actual = before.digest();
  if (actual !== options.diffId) throw fault("LAYER_DIFF_ID", { layer: archive, expected: options.diffId, actual });
  await write(TAR_END);
  return { diffId: after.digest(), ...(await file.end()) };
}

const ZEROS = Buffer.alloc(512);
