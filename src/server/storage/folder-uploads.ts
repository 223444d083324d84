import { createHash, randomUUID, type Hash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { digestAlgorithm, type Digest } from "../../oci/digest.ts";
import type { DigestAlgorithm, Upload, UploadStorage } from "./storage.ts";

/** Bytes that are gathered before they are written; one such batch is on its way to the disk while the next one fills. */
const BATCH = 1024 * 1024;

export interface FolderUploads extends UploadStorage, AsyncDisposable {}

/** Makes a finished file a blob of the repository; `sync` is to be awaited before the file is taken, and only then. */
export type CommitUpload = (repository: string, digest: Digest, file: string, sync: () => Promise<void>) => Promise<void>;

/**
 * Uploads as temporary files, each with its running hash in memory so that no byte is read twice. An upload that
 * nobody touched for `expiry` milliseconds is removed.
 */
export function createFolderUploads(options: {
  folder: string;
  expiry: number;
  readonly commit: CommitUpload;
}): FolderUploads {
  const sessions = new Map<string, FolderUpload>();
  const sweep = setInterval(() => {
    const oldest = Date.now() - options.expiry;
    for (const session of sessions.values()) if (!session.busy && session.touched < oldest) void session.cancel();
  }, Math.max(1000, Math.min(options.expiry / 4, 60_000)));
  sweep.unref();

  return {
    async create(repository, algorithm) {
      const id = randomUUID();
      const path = join(options.folder, id);
      const handle = await open(path, "wx+");
      const upload = new FolderUpload({
        id,
        repository,
        path,
        handle,
        algorithm,
        commit: options.commit,
        forget: () => void sessions.delete(id),
      });
      sessions.set(id, upload);
      return upload;
    },
    find(repository, id) {
      const upload = sessions.get(id);
      return upload?.repository === repository ? upload : undefined;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      await Promise.all([...sessions.values()].map((session) => session.cancel()));
    },
  };
}

interface UploadParts {
  readonly id: string;
  readonly repository: string;
  readonly path: string;
  readonly handle: FileHandle;
  readonly algorithm: DigestAlgorithm;
  readonly commit: CommitUpload;
  readonly forget: () => void;
}

class FolderUpload implements Upload {
  readonly id: string;
  readonly repository: string;
  size = 0;
  busy = false;
  touched = Date.now();
  readonly #parts: UploadParts;
  #hash: Hash;
  #algorithm: DigestAlgorithm;
  #closed: Promise<void> | undefined;

  constructor(parts: UploadParts) {
    this.id = parts.id;
    this.repository = parts.repository;
    this.#parts = parts;
    this.#algorithm = parts.algorithm;
    this.#hash = createHash(parts.algorithm);
  }

  async append(source: AsyncIterable<Uint8Array>, limit = Number.POSITIVE_INFINITY): Promise<boolean> {
    this.busy = true;
    const last = this.size + limit;
    let batch: Uint8Array[] = [];
    let gathered = 0;
    let writing: Promise<void> = Promise.resolve();
    const flush = async (): Promise<void> => {
      await writing;
      if (gathered === 0) return;
      const chunks = batch;
      writing = this.#write(chunks, this.size);
      writing.catch(() => undefined); // seen by the next await
      this.size += gathered;
      for (const chunk of chunks) this.#hash.update(chunk);
      batch = [];
      gathered = 0;
    };
    let complete = true;
    try {
      try {
        for await (const chunk of source) {
          if (this.size + gathered + chunk.length > last) {
            complete = false;
            break;
          }
          batch.push(chunk);
          gathered += chunk.length;
          if (gathered >= BATCH) await flush();
        }
      } finally {
        await flush();
        await writing;
      }
    } catch (error) {
      if (isWriteError(error)) await this.cancel();
      throw error;
    } finally {
      this.touched = Date.now();
      this.busy = false;
    }
    return complete;
  }

  async finish(digest: Digest): Promise<boolean> {
    this.busy = true;
    try {
      const algorithm = digestAlgorithm(digest);
      if (algorithm !== this.#algorithm) await this.#hashAgain(algorithm);
      if (`${algorithm}:${this.#hash.digest("hex")}` !== digest) return false;
      await this.#parts.commit(this.repository, digest, this.#parts.path, () => this.#parts.handle.datasync());
      return true;
    } finally {
      await this.cancel();
    }
  }

  cancel(): Promise<void> {
    this.#parts.forget();
    this.#closed ??= (async () => {
      await this.#parts.handle.close();
      await rm(this.#parts.path, { force: true });
    })();
    return this.#closed;
  }

  async #write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    let offset = position;
    let rest = chunks;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#parts.handle.writev(rest as Uint8Array[], offset);
      offset += bytesWritten;
      rest = dropBytes(rest, bytesWritten);
    }
  }

  /** Only when a client closes with another algorithm than it opened with: the file is read once more. */
  async #hashAgain(algorithm: DigestAlgorithm): Promise<void> {
    this.#hash = createHash(algorithm);
    this.#algorithm = algorithm;
    const buffer = Buffer.allocUnsafe(BATCH);
    for (let position = 0; position < this.size; ) {
      const { bytesRead } = await this.#parts.handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error("an upload's file is shorter than it was");
      this.#hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  }
}

function dropBytes(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let index = 0;
  let left = count;
  while (index < chunks.length && left >= chunks[index]!.length) left -= chunks[index++]!.length;
  const rest = chunks.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

/** Whether the disk refused, as opposed to a client that left. */
function isWriteError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");
}
