import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobSource } from "./blobs.ts";
import { packArchive, packIndexArchive, type NamedImage, type NamedIndex, type PackOptions } from "./pack-archive.ts";

export interface WriteArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes that were written since the last call. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/**
 * Writes an OCI archive: an OCI image layout as a tar. The output is ended, standard output excepted.
 * @returns bytes written
 * @throws BLOB_MISSING, REFERENCE_INVALID, and what the output throws
 */
export function writeOciArchive(images: readonly NamedImage[], blobs: BlobSource, output: Writable, options: WriteArchiveOptions = {}): Promise<number> {
  return write(packArchive(images, blobs, { form: "oci", signal: options.signal }), output, options);
}

/**
 * Writes what `docker save` has written since version 25: an OCI layout with Docker's `manifest.json` beside it, which
 * every `docker load` reads; indexes are in the layout as they are, and in `manifest.json` by one image each.
 * @returns bytes written
 * @throws BLOB_MISSING, REFERENCE_INVALID, and what the output throws
 */
export function writeDockerArchive(
  images: readonly NamedImage[], blobs: BlobSource, output: Writable, options: WriteArchiveOptions & Pick<PackOptions, "indexes" | "platform"> = {},
): Promise<number> {
  const { indexes, platform, signal } = options;
  return write(packArchive(images, blobs, { form: "docker", indexes, platform, signal }), output, options);
}

/**
 * Writes an OCI archive of an index and all below it.
 * @returns bytes written
 * @throws BLOB_MISSING, REFERENCE_INVALID, and what the output throws
 */
export function writeIndexArchive(index: NamedIndex, blobs: BlobSource, output: Writable, options: WriteArchiveOptions = {}): Promise<number> {
  return write(packIndexArchive(index, blobs, { signal: options.signal }), output, options);
}

async function write(archive: AsyncIterable<Uint8Array>, output: Writable, { signal, onBytes }: WriteArchiveOptions): Promise<number> {
  let total = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive) {
      if (chunk.length === 0) continue;
      total += chunk.length;
      onBytes?.(chunk.length);
      yield chunk;
    }
  };
  await pipeline(counted, output, { end: output !== process.stdout, ...(signal ? { signal } : {}) });
  return total;
}
