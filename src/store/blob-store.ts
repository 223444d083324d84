import { createReadStream, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestAlgorithm, digestHex, sha256, type Digest } from "../oci/digest.ts";
import { fault, isFault, type FaultCode } from "../std/fault.ts";
import type { Database } from "./database.ts";
import type { Lease } from "./lease.ts";
import type { PartialBlobs } from "./partial-blobs.ts";
import { ownIdentity } from "./process-identity.ts";
import { guarded, storageFault } from "./storage-fault.ts";
import type { WriteOptions } from "./receive-file.ts";

export type { WriteOptions } from "./receive-file.ts";

/** Bytes that are read at once. */
const PIECE = 512 * 1024;

/** After this time the kernel has written back what was dirty (dirty_expire_centisecs is 30 s), in milliseconds. */
export const SETTLED_AFTER = 60_000;

/** Most builds receive nothing. */
const receiving = (): Promise<typeof import("./receive-file.ts")> => import("./receive-file.ts");

/** What comes of bytes that are not those of the blob. */
const WRONG: readonly FaultCode[] = ["BLOB_MISMATCH", "BLOB_DIGEST_MISMATCH", "RESPONSE_INVALID", "REGISTRY_REFUSED"];
/** When what was received is in the way. */
const FULL: readonly FaultCode[] = ["DISK_FULL", "READ_ONLY"];

/**
 * Content by its digest, in the folders of an OCI layout. A blob is there as a whole or not at all: it is written to
 * a temporary file, synced (images have to survive a power cut), and renamed in one transaction with its row, so that
 * a collection by another process happens before or after, never between. What is found or written is held by the lease.
 * What can be had again from afar is not waited for until it is on the disk, and read after a power cut (unsettled-blobs.ts).
 */
export class BlobStore {
  readonly #database: Database;
  readonly #lease: Lease;
  readonly #partial: PartialBlobs;
  readonly #folder: string;
  /** See `BlobTarget` of the registry's transfers. */
  readonly borrows = true;

  /** @param folder the layout's `blobs`; its folder `sha256` exists. */
  constructor(database: Database, lease: Lease, partial: PartialBlobs, folder: string) {
    this.#database = database;
    this.#lease = lease;
    this.#partial = partial;
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
    if (size <= PIECE) {
      signal?.throwIfAborted();
      return yield readFileSync(this.path(digest)).subarray(start);
    }
    yield* createReadStream(this.path(digest), { start, highWaterMark: PIECE, ...(signal ? { signal } : {}) }) as AsyncIterable<Uint8Array>;
  }

  /** All bytes of a small blob. @throws BLOB_MISSING, BLOB_TOO_LARGE */
  readBytes(digest: Digest, limit: number): Uint8Array {
    const size = this.#require(digest);
    if (size > limit) throw fault("BLOB_TOO_LARGE", { digest, size, limit });
    return readFileSync(this.path(digest));
  }

  /**
   * Stores what the source yields, hashing while it writes. The memory of a chunk may be used again when the one after
   * the next is asked for.
   * @throws BLOB_MISMATCH, DISK_FULL, READ_ONLY; then nothing is left of it.
   */
  async write(source: AsyncIterable<Uint8Array>, options: WriteOptions = {}): Promise<{ digest: Digest; size: number }> {
    const { receiveFile } = await receiving();
    const temporary = this.#lease.temporaryPath("blob");
    try {
      const written = await receiveFile(temporary, source, options);
      this.#rename(temporary, written.digest, written.size);
      return written;
    } catch (error) {
      rmSync(temporary, { force: true });
      throw storageFault(error, this.#folder);
    }
  }

  /**
   * Stores a blob that comes from far: when its way is interrupted, even by a kill, what has arrived is kept, and the next
   * call goes on behind it. It need not be on the disk yet when this ends. Where that leads to a wrong blob, or the source has no such offset, it begins anew.
   * @param open gives the bytes from that offset on
   * @returns with `start`, how many bytes were there already
   * @throws what `open` throws, BLOB_MISMATCH, DISK_FULL, READ_ONLY; after these last three nothing is left of it.
   */
  async resume(
    open: (start: number) => AsyncIterable<Uint8Array>, options: WriteOptions & { readonly digest: Digest; readonly size: number },
  ): Promise<{ digest: Digest; size: number; start: number }> {
    const { receiveFile } = await receiving();
    const { path, size: left } = guarded(this.#folder, () => this.#partial.claim(options.digest));
    const start = left > options.size ? 0 : left;
    try {
      if (start < left) rmSync(path, { force: true });
      const written = await receiveFile(path, open(start), { ...options, start, sync: false });
      this.#rename(path, written.digest, written.size, ownIdentity().boot);
      return { ...written, start };
    } catch (error) {
      const thrown = storageFault(error, this.#folder);
      if (!isOneOf(thrown, [...WRONG, ...FULL])) this.#partial.keep(path, options.digest);
      else rmSync(path, { force: true });
      options.signal?.throwIfAborted();
      if (start > 0 && isOneOf(thrown, WRONG)) return this.resume(open, options);
      throw thrown;
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

  /** @param unsettled this boot, for a file that was not synced */
  #rename(temporary: string, digest: Digest, size: number, unsettled: string | null = null): void {
    this.#database.transaction(() => {
      renameSync(temporary, this.path(digest));
      this.#database.run(
        `INSERT INTO blob (digest, size, state, created_at, unsettled) VALUES (?, ?, 1, ?, ?)
         ON CONFLICT (digest) DO UPDATE SET size = excluded.size, state = 1, owner = NULL, created_at = excluded.created_at, unsettled = excluded.unsettled`,
        digest, size, Date.now(), unsettled,
      );
      this.#lease.hold("blob", digest);
    });
  }
}

/** The row of a blob that is present, not one that is being removed. */
function presentBlob(database: Database, digest: Digest): { size: number } | undefined {
  return database.get<{ size: number }>("SELECT size FROM blob WHERE digest = ? AND state = 1", digest);
}

function isOneOf(error: unknown, codes: readonly FaultCode[]): boolean {
  return codes.some((code) => isFault(error, code));
}
