import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createDigester, digestAlgorithm, type Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import { writeChunks } from "../std/write-chunks.ts";

/** Bytes that are gathered before they are handed to the file system while the next ones arrive. */
const BATCH = 1024 * 1024;

export interface WriteOptions {
  /** What the content has to be; BLOB_MISMATCH otherwise. */
  readonly digest?: Digest | undefined;
  /** Size in bytes that the content has to have; BLOB_MISMATCH as soon as there is more. */
  readonly size?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that came since the last call. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Writes what the source yields to a file and brings it to the disk, hashing on the way. The chunks are kept until they
 * are written, so the source must not use their memory again.
 * @param options.start how many bytes of the content the file has already, which `source` leaves out
 * @throws BLOB_MISMATCH, and what the source and the file system throw; then the file holds what was received.
 */
export async function receiveFile(
  path: string, source: AsyncIterable<Uint8Array>, options: WriteOptions & { readonly start?: number },
): Promise<{ digest: Digest; size: number }> {
  const { signal, onBytes, start = 0 } = options;
  const digester = createDigester(options.digest === undefined ? "sha256" : digestAlgorithm(options.digest));
  await using file = await open(path, start > 0 ? "a" : "wx", 0o644);
  let size = start;
  let batch: Uint8Array[] = [];
  let gathered = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    signal?.throwIfAborted();
    if (start > 0) for await (const chunk of createReadStream(path, { end: start - 1, highWaterMark: BATCH })) digester.update(chunk as Uint8Array);
    for await (const chunk of source) {
      signal?.throwIfAborted();
      size += chunk.length;
      if (options.size !== undefined && size > options.size) throw mismatch(options.size, `at least ${size}`);
      digester.update(chunk);
      onBytes?.(chunk.length);
      batch.push(chunk);
      gathered += chunk.length;
      if (gathered < BATCH) continue;
      await writing;
      writing = writeChunks(file, batch);
      // A failure shows at the next await; until then it must not count as unhandled.
      writing.catch(() => {});
      batch = [];
      gathered = 0;
    }
  } finally {
    await writing;
  }
  await writeChunks(file, batch);
  if (options.size !== undefined && size !== options.size) throw mismatch(options.size, String(size));
  const digest = digester.digest();
  if (options.digest !== undefined && digest !== options.digest) throw fault("BLOB_MISMATCH", { expected: options.digest, actual: digest });
  await file.datasync();
  return { digest, size };
}

function mismatch(expected: number, actual: string): Error {
  return fault("BLOB_MISMATCH", { expected: `${expected} bytes`, actual: `${actual} bytes` });
}
