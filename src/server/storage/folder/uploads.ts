import { createHash, randomUUID, type Hash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { digestAlgorithm, type Digest } from "../../../oci/digest.ts";
import { writeChunks } from "../../../std/write-chunks.ts";
import type { DigestAlgorithm, SocketBody, Upload, UploadStorage } from "../blob-storage.ts";
import type { Carrier, Carriers } from "../carrier/carriers.ts";

/** Bytes that are gathered before they are written; one such batch is on its way to the disk while the next one fills. */
const BATCH = 512 * 1024;

/** How long a request waits for one that still works on the same upload, in milliseconds. */
const PATIENCE = 1000;

export interface FolderUploads extends UploadStorage, AsyncDisposable {}

/** Takes a finished file over as the bytes of the digest, durably. */
export type AdoptFile = (handle: FileHandle, path: string, digest: Digest) => Promise<void>;

/**
 * Uploads as temporary files, each with its running hash in memory so that no byte is read twice. An upload that
 * nobody touched for `expiry` milliseconds is removed; while nobody works on one it holds no open file.
 */
export function createFolderUploads(options: { folder: string; expiry: number; limit: number; adopt: AdoptFile; carriers?: Carriers | undefined }): FolderUploads {
  const sessions = new Map<string, FolderUpload>();
  const owners = new Map<string, number>();
  const count = (owner: string | undefined, more: 1 | -1): void => {
    if (owner === undefined) return;
    const open = (owners.get(owner) ?? 0) + more;
    if (open === 0) owners.delete(owner);
    else owners.set(owner, open);
  };
  const sweep = setInterval(() => {
    const oldest = Date.now() - options.expiry;
    for (const session of sessions.values()) if (!session.busy && session.touched < oldest) void session.cancel();
  }, Math.max(100, Math.min(options.expiry / 4, 60_000)));
  sweep.unref();

  return {
    count: async () => sessions.size,
    countOf: async (owner) => owners.get(owner) ?? 0,
    async create(repository, algorithm, owner) {
      if (sessions.size >= options.limit) return undefined;
      const id = randomUUID();
      const forget = (): void => {
        if (sessions.delete(id)) count(owner, -1);
      };
      const upload = new FolderUpload({ id, repository, algorithm, path: join(options.folder, id), adopt: options.adopt, carriers: options.carriers, forget });
      sessions.set(id, upload);
      count(owner, 1);
      return upload;
    },
    async find(repository, id) {
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
  readonly algorithm: DigestAlgorithm;
  readonly adopt: AdoptFile;
  readonly carriers: Carriers | undefined;
  readonly forget: () => void;
}

class FolderUpload implements Upload {
  readonly id: string;
  readonly repository: string;
  size = 0;
  ended = false;
  touched = Date.now();
  readonly #parts: UploadParts;
  #algorithm: DigestAlgorithm;
  #hash: Hash;
  /** Who has the running hash, and what it is so far, since bytes came past this thread. */
  #carried: { readonly by: Carrier; readonly digest: string; readonly size: number } | undefined;
  #handle: FileHandle | undefined;
  #created = false;
  #written = 0;
  #gone = false;
  #working: Promise<void> | undefined;

  constructor(parts: UploadParts) {
    this.id = parts.id;
    this.repository = parts.repository;
    this.#parts = parts;
    this.#algorithm = parts.algorithm;
    this.#hash = createHash(parts.algorithm);
  }

  async exclusively(task: () => Promise<void>): Promise<"done" | "busy" | "gone"> {
    const deadline = Date.now() + PATIENCE;
    while (this.#working) {
      const left = deadline - Date.now();
      if (left <= 0) return "busy";
      await Promise.race([this.#working, wait(left, undefined, { ref: false })]);
    }
    if (this.#gone) return "gone";
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#working = promise;
    try {
      await task();
      return "done";
    } finally {
      await this.#close();
      this.touched = Date.now();
      this.#working = undefined;
      resolve();
    }
  }

  get busy(): boolean {
    return this.#working !== undefined;
  }

  async append(source: AsyncIterable<Uint8Array>, limit = Number.POSITIVE_INFINITY): Promise<boolean> {
    const end = this.size + limit;
    let batch: Uint8Array[] = [];
    let gathered = 0;
    let writing: Promise<void> = Promise.resolve();
    const flush = async (): Promise<void> => {
      const handle = await this.#open();
      await writing;
      if (gathered === 0) return;
      const chunks = batch;
      const end = this.size + gathered;
      writing = writeChunks(handle, chunks, this.size).then(() => void (this.#written = end));
      writing.catch(() => undefined); // seen by the next await
      this.size += gathered;
      for (const chunk of chunks) this.#hash.update(chunk); // while the write runs
      batch = [];
      gathered = 0;
    };
    try {
      try {
        for await (const chunk of source) {
          if (this.size + gathered + chunk.length > end) return false;
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
    }
    return true;
  }

  /** Possible from the beginning on, where the running hash is the carrier's too. */
  async receiver(length: number): Promise<((body: SocketBody) => Promise<boolean>) | undefined> {
    const carried = this.#carried;
    if (this.size !== (carried?.size ?? 0) || carried?.by.ended) return undefined;
    const carrier = carried?.by ?? (await this.#parts.carriers?.receiver(length));
    return carrier && ((body) => this.#receive(body, carrier));
  }

  async #receive({ socket, first, length }: SocketBody, by: Carrier): Promise<boolean> {
    const { fd } = await this.#open();
    try {
      const { moved, left, digest } = await by.carry(socket, { kind: "receive", file: fd, position: this.size, length, first, upload: this.id, algorithm: this.#algorithm });
      this.size += moved;
      this.#written = this.size;
      if (digest !== undefined) this.#carried = { by, digest, size: this.size };
      return left === undefined;
    } catch (error) {
      by.forget(this.id);
      await this.cancel(); // how much of it was written nobody knows
      throw error;
    }
  }

  async read(start: number, into: Uint8Array): Promise<number> {
    const count = Math.min(into.length, this.#written - start);
    if (count <= 0 || !this.#handle) return 0;
    return (await this.#handle.read(into, 0, count, start)).bytesRead;
  }

  async verify(digest: Digest): Promise<boolean> {
    const algorithm = digestAlgorithm(digest);
    const carried = this.#carried;
    if (carried?.size === this.size && algorithm === this.#algorithm) return `${algorithm}:${carried.digest}` === digest;
    // Bytes came both ways, so that no hash has seen them all.
    if (algorithm !== this.#algorithm || carried) await this.#hashAgain(await this.#open(), algorithm);
    return `${algorithm}:${this.#hash.copy().digest("hex")}` === digest;
  }

  async store(digest: Digest): Promise<void> {
    try {
      await this.#parts.adopt(await this.#open(), this.#parts.path, digest);
      this.#created = false; // the file has another name now
      this.#close().catch(() => undefined); // all of it is on the disk: nothing waits for this
    } finally {
      await this.cancel();
    }
  }

  async cancel(): Promise<void> {
    this.#gone = true;
    this.#parts.forget();
    this.#carried?.by.forget(this.id);
    this.#carried = undefined;
    await this.#close();
    if (!this.#created) return;
    this.#created = false;
    await rm(this.#parts.path, { force: true });
  }

  async #open(): Promise<FileHandle> {
    this.#handle ??= await open(this.#parts.path, this.#created ? "r+" : "wx+");
    this.#created = true;
    return this.#handle;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** When a client closes with another algorithm than it opened with, or its bytes came both ways: the file is read once more. */
  async #hashAgain(handle: FileHandle, algorithm: DigestAlgorithm): Promise<void> {
    this.#hash = createHash(algorithm);
    this.#algorithm = algorithm;
    this.#carried?.by.forget(this.id);
    this.#carried = undefined;
    const buffer = Buffer.allocUnsafe(Math.min(BATCH, this.size));
    for (let position = 0; position < this.size; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new Error("an upload's file is shorter than it was");
      this.#hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
  }
}

/** Whether the disk refused, as opposed to a client that left. */
function isWriteError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");
}
