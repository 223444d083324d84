import { createDigester, type Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { fault } from "../std/fault.ts";
import type { WorkerContext } from "../std/worker-pool.ts";
import { decompress, readPieces } from "./decompress.ts";
import { createTarReader } from "./read-tar.ts";
import { createUnpacker, type Unpacked } from "./unpack-entries.ts";
import { UnpackFolder } from "./unpack-folder.ts";

export interface ApplyOptions {
  /** The file of the blob. */
  readonly blob: string;
  readonly codec: Codec;
  /** An empty folder to fill, in overlayfs' form. */
  readonly target: string;
  /** Folders of the layers below, top first. */
  readonly lowers: readonly string[];
  readonly recordOwners: boolean;
  readonly expectedDiffId?: Digest;
  /** Bytes that the tar archive may have; {@link DEFAULT_LIMIT} if not given. */
  readonly maxBytes?: number;
  /** What messages call the layer; its file name if not given. */
  readonly name?: string;
}

export interface AppliedLayer {
  readonly diffId: Digest;
  /** Bytes of file content. */
  readonly size: number;
  readonly entries: number;
  readonly skipped: Unpacked["skipped"];
}

/** No image layer is known that comes near it; a gzip bomb is stopped here if the disk has room for so much. */
export const DEFAULT_LIMIT = 128 * 1024 ** 3;

/** Compressed bytes between two reports. */
const REPORT_EVERY = 4 * 1024 * 1024;

/**
 * Unpacks a layer blob into an empty layer folder; a worker job. It reports `{ current }`, compressed bytes so far.
 * After a fault the folder holds a part of the layer and has to be thrown away.
 * @throws ARCHIVE_INVALID, ARCHIVE_DAMAGED, ARCHIVE_TOO_LARGE, LAYER_DIFF_ID, WHITEOUT_REFUSED, OWNER_REFUSED, DISK_FULL, SYMLINK_LOOP
 */
export async function applyLayer(options: ApplyOptions, context?: WorkerContext): Promise<AppliedLayer> {
  const archive = `layer ${options.name ?? options.blob.slice(options.blob.lastIndexOf("/") + 1)}`;
  const limit = options.maxBytes ?? DEFAULT_LIMIT;
  const folder = new UnpackFolder(options.target, options.lowers, { archive, layerRoot: true, followLower: false });
  const unpacker = createUnpacker(folder, { archive, recordOwners: options.recordOwners });
  const reader = createTarReader(archive, unpacker);
  const digester = createDigester();
  let current = 0;
  let reported = 0;
  const pieces = readPieces(options.blob, (count) => {
    current += count;
    if (current - reported < REPORT_EVERY) return;
    reported = current;
    context?.report({ current });
  });
  let total = 0;
  await decompress(pieces, options.codec, archive, (chunk) => {
    total += chunk.length;
    if (total > limit) throw fault("ARCHIVE_TOO_LARGE", { archive, limit });
    digester.update(chunk);
    reader.write(chunk);
  });
  reader.finish();
  const diffId = digester.digest();
  if (options.expectedDiffId !== undefined && diffId !== options.expectedDiffId) {
    throw fault("LAYER_DIFF_ID", { layer: archive, expected: options.expectedDiffId, actual: diffId });
  }
  const { entries, bytes, skipped } = unpacker.finish();
  context?.report({ current });
  return { diffId, size: bytes, entries, skipped };
}
