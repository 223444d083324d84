import { createReadStream, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createDigester, digestAlgorithm, digestHex, sha256, type Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import { writeChunks } from "../std/write-chunks.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import { guarded, storageFault } from "./storage-fault.ts";

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
 * Content by its digest, in the folders of an OCI layout. A blob is there as a whole or not at all: it is written to
 * a temporary file, synced (images have to survive a power cut), and renamed in one transaction with its row, so that
 * a collection by another process happens before or after, never between. What is found or written is held by the lease.
 */
export class BlobStore {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #folder: string;

  /** @param folder the layout's `blobs`; its folder `sha256` exists. */
  constructor(database: Database, lease: Lease, folder: string) {
    this.#database = database;
    this.#lease = lease;
    this.#folder = folder;
  }

  has(digest: Digest): boolean {
    return this.size(digest) !== undefined;
  }

  /** Size in bytes; undefined where there is no such blob. */
  size(digest: Digest): number | undefined {
    return this.#lease.lookup("blob", () => presentBlob(this.#database, digest), () => digest)?.size;
  }

  /** Where the blob's bytes lie, whether it is there or not. Never write to it. */
  path(digest: Digest): string {
    return join(this.#folder, digestAlgorithm(digest), digestHex(digest));
  }

  /** The bytes, from the given offset on. @throws BLOB_MISSING */
  async *read(digest: Digest, options: { start?: number | undefined; signal?: AbortSignal | undefined } = {}): AsyncGenerator<Uint8Array> {
    const size = this.#require(digest);
    const start = options.start ?? 0;
    if (start >= size) return;
    const { signal } = options;
    yield* createReadStream(this.path(digest), { start, highWaterMark: BATCH / 2, ...(signal ? { signal } : {}) }) as AsyncIterable<Uint8Array>;
  }

  /** All bytes of a small blob. @throws BLOB_MISSING, BLOB_TOO_LARGE */
  readBytes(digest: Digest, limit: number): Uint8Array {
    const size = this.#require(digest);
    if (size > limit) throw fault("BLOB_TOO_LARGE", { digest, size, limit });
    return readFileSync(this.path(digest));
  }

  /**
   * Stores what the source yields, hashing while it writes. The chunks are kept until they are written,
   * so the source must not use their memory again.
   * @throws BLOB_MISMATCH, DISK_FULL, READ_ONLY; then nothing is left of it.
   */
  async write(source: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<{ digest: Digest; size: number }> {
    const temporary = this.#lease.temporaryPath("blob");
    try {
      const written = await writeFile(temporary, source, options);
      this.#rename(temporary, written.digest, written.size);
      return written;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw storageFault(error, this.#folder);
    }
  }

  /** Stores bytes that are in memory. */
  writeBytes(bytes: Uint8Array): Digest {
    const digest = sha256(bytes);
    if (this.has(digest)) return digest;
    const temporary = this.#lease.temporaryPath("blob");
    return guarded(this.#folder, () => {
      try {
        writeFileSync(temporary, bytes, { flag: "wx", mode: 0o644, flush: true });
        this.#rename(temporary, digest, bytes.length);
        return digest;
      } catch (error) {
        rmSync(temporary, { force: true });
        throw error;
      }
    });
  }

  /**
   * Takes over a finished file, which must lie on the store's file system (in its `temporary` folder) and have been
   * synced. Digest and size are believed.
   */
  adopt(file: string, digest: Digest, size: number): void {
    guarded(this.#folder, () => this.#rename(file, digest, size));
  }

  /** Removes a blob, whoever needs it. */
  delete(digest: Digest): void {
    guarded(this.#folder, () => this.#database.transaction(() => {
      this.#database.run("DELETE FROM layer_blob WHERE digest = ?", digest);
      this.#database.run("DELETE FROM blob WHERE digest = ?", digest);
      rmSync(this.path(digest), { force: true });
    }));
  }

  #require(digest: Digest): number {
    const size = this.size(digest);
    if (size === undefined) throw fault("BLOB_MISSING", { digest });
    return size;
  }

  #rename(temporary: string, digest: Digest, size: number): void {
    this.#database.transaction(() => {
      renameSync(temporary, this.path(digest));
      this.#database.run(
        `INSERT INTO blob (digest, size, state, created_at) VALUES (?, ?, 1, ?)
         ON CONFLICT (digest) DO UPDATE SET size = excluded.size, state = 1, owner = NULL`,
        digest, size, Date.now(),
      );
      this.#lease.hold("blob", digest);
    });
  }
}

/** The row of a blob that is present, not one that is being removed. */
function presentBlob(database: Database, digest: Digest): { size: number } | undefined {
  return database.get<{ size: number }>("SELECT size FROM blob WHERE digest = ? AND state = 1", digest);
}

async function writeFile(path: string, source: AsyncIterable<Uint8Array>, options: WriteOptions): Promise<{ digest: Digest; size: number }> {
  const { signal, onBytes } = options;
  const digester = createDigester(options.digest === undefined ? "sha256" : digestAlgorithm(options.digest));
  await using file = await open(path, "wx", 0o644);
  let size = 0;
  let batch: Uint8Array[] = [];
  let gathered = 0;
  let writing: Promise<void> = Promise.resolve();
  try {
    signal?.throwIfAborted();
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
