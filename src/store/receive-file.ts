import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pieceDigester } from "../linux/piece-digester.ts";
import { digestAlgorithm, type Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import { BackgroundFlush } from "../std/background-flush.ts";
import { begun } from "../std/begun.ts";
import { PieceWriter } from "../std/piece-writer.ts";
import { turn } from "../std/turn.ts";

/** Bytes of what is there already that are read at once. */
const READ = 1024 * 1024;

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
 * Writes what the source yields to a file and brings it to the disk, unless told not to wait for that, hashing on the way. The memory of a chunk may be used
 * again when the one after the next is asked for: it is written and hashed while the next one comes.
 * @param options.start how many bytes of the content the file has already, which `source` leaves out
 * @throws BLOB_MISMATCH, and what the source and the file system throw; then the file holds what was received.
 */
export async function receiveFile(
  path: string, source: AsyncIterable<Uint8Array>, options: WriteOptions & { readonly start?: number; readonly sync?: boolean },
): Promise<{ digest: Digest; size: number }> {
  const { signal, onBytes, start = 0, sync = true } = options;
  signal?.throwIfAborted();
  // It is answered while the file and what hashes are made ready. Where there is something to hash before, it would wait too long for its reader.
  using ahead = start === 0 ? begun(source) : undefined;
  await using file = await open(path, start > 0 ? "a" : "wx", 0o644);
  if (ahead) await turn();
  await using digester = pieceDigester(options.digest === undefined ? "sha256" : digestAlgorithm(options.digest), options.size);
  const writer = new PieceWriter(file);
  const flush = sync ? new BackgroundFlush(file.fd) : undefined;
  let size = start;
  try {
    signal?.throwIfAborted();
    if (start > 0) for await (const chunk of createReadStream(path, { end: start - 1, highWaterMark: READ })) await digester.take(chunk as Uint8Array);
    for await (const chunk of ahead ?? source) {
      signal?.throwIfAborted();
      size += chunk.length;
      if (options.size !== undefined && size > options.size) throw mismatch(options.size, `at least ${size}`);
      await writer.write(chunk);
      await digester.take(chunk);
      onBytes?.(chunk.length);
      flush?.written(size - chunk.length);
    }
    await writer.end();
  } catch (error) {
    // What has come is worth something to who goes on with it.
    await writer.end().catch(() => undefined);
    throw error;
  } finally {
    await flush?.settled();
  }
  if (options.size !== undefined && size !== options.size) throw mismatch(options.size, String(size));
  const digest = await digester.digest();
  if (options.digest !== undefined && digest !== options.digest) throw fault("BLOB_MISMATCH", { expected: options.digest, actual: digest });
  await flush?.end();
  return { digest, size };
}

function mismatch(expected: number, actual: string): Error {
  return fault("BLOB_MISMATCH", { expected: `${expected} bytes`, actual: `${actual} bytes` });
}
