import { closeSync, openSync, writeSync } from "node:fs";
import { createDigester, type Digest } from "../oci/digest.ts";
import type { Codec } from "../oci/media-type.ts";
import { BackgroundFlush } from "../std/background-flush.ts";
import { diskFault } from "../std/disk-fault.ts";
import type { WorkerContext } from "../std/worker-pool.ts";
import { createCompressor, type Compressor } from "./compress.ts";

export interface BlobReport {
  /** Bytes of the blob that are in its file. */
  readonly written: number;
  /** When that is all of it; it is brought to the disk after that. */
  readonly digest?: Digest;
}

/** A layer blob on its way into a file: compressed, hashed, and reported as far as it has come. */
export class BlobFile implements AsyncDisposable {
  readonly #path: string;
  readonly #file: number;
  readonly #flush: BackgroundFlush;
  readonly #digester = createDigester();
  readonly #compressor: Compressor;
  readonly #context: WorkerContext | undefined;
  #size = 0;

  /** @throws DISK_FULL, READ_ONLY */
  constructor(path: string, packing: { readonly codec: Codec; readonly level?: number }, context: WorkerContext | undefined) {
    this.#path = path;
    this.#context = context;
    this.#file = writing(path, () => openSync(path, "w", 0o644));
    this.#flush = new BackgroundFlush(this.#file);
    this.#compressor = createCompressor(packing.codec, (piece) => this.#take(piece), packing);
  }

  /** Takes bytes of the tar; they may be overwritten when the promise is fulfilled. @throws DISK_FULL, READ_ONLY */
  write(chunk: Buffer): Promise<void> {
    return this.#compressor.write(chunk);
  }

  /** When the whole blob is on the disk. @throws DISK_FULL, READ_ONLY */
  async end(): Promise<{ digest: Digest; size: number }> {
    await this.#compressor.end();
    const digest = this.#digester.digest();
    this.#context?.report({ written: this.#size, digest } satisfies BlobReport);
    try {
      await this.#flush.end();
    } catch (error) {
      throw diskFault(error, this.#path) ?? error;
    }
    return { digest, size: this.#size };
  }

  /** Closes the file, which stays as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flush.settled();
    closeSync(this.#file);
  }

  #take(piece: Buffer): void {
    this.#digester.update(piece);
    this.#size += piece.length;
    writing(this.#path, () => {
      for (let at = 0; at < piece.length; ) at += writeSync(this.#file, piece, at);
    });
    this.#flush.written(this.#size);
    this.#context?.report({ written: this.#size } satisfies BlobReport);
  }
}

function writing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskFault(error, path) ?? error;
  }
}
