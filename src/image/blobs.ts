import type { Digest } from "../oci/digest.ts";

/** Where the blobs of an image are read from; the store's blobs are one. */
export interface BlobSource {
  /** Size in bytes; undefined where there is no such blob. */
  size(digest: Digest): number | undefined;
  read(digest: Digest, options?: { start?: number | undefined; signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
}

/** Where the blobs of an image are written to; the store's blobs are one. */
export interface BlobTarget {
  has(digest: Digest): boolean;
  /** Fails, and keeps nothing, where the content has not the given digest and size. Chunks' memory is not used again by the source. */
  write(
    content: AsyncIterable<Uint8Array>,
    options?: { digest?: Digest | undefined; size?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** All bytes of a small blob; fails where it is missing or larger than the limit. */
  readBytes(digest: Digest, limit: number): Uint8Array;
}
