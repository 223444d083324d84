import { createHash, type Hash } from "node:crypto";
import type { DigestAlgorithm } from "../blob-storage.ts";

/** How far the hash of an upload's bytes has come. */
export interface RunningHash {
  readonly algorithm: DigestAlgorithm;
  readonly hash: Hash;
  size: number;
}

/** Uploads whose hash is remembered. */
const MOST = 10_000;

/**
 * Hashes of uploads that this process has received from their first byte on. They are a saving and nothing else: where another server has
 * received some bytes, or memory was short, the bytes are read again.
 */
export class RunningHashes {
  readonly #hashes = new Map<string, RunningHash>();

  /** The hash of the first `size` bytes, begun where there are none yet; undefined, and forgotten, where it is that of others. */
  of(id: string, size: number, algorithm: DigestAlgorithm): RunningHash | undefined {
    let known = this.#hashes.get(id);
    if (!known && size === 0) {
      if (this.#hashes.size >= MOST) this.#hashes.delete(this.#hashes.keys().next().value!);
      this.#hashes.set(id, (known = { algorithm, hash: createHash(algorithm), size: 0 }));
    }
    if (known?.size === size) return known;
    this.forget(id);
    return undefined;
  }

  forget(id: string): void {
    this.#hashes.delete(id);
  }
}
