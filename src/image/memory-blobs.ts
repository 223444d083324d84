import { createDigester, digestAlgorithm, type Digest } from "../oci/digest.ts";
import { fault } from "../std/fault.ts";
import type { BlobSource, BlobTarget } from "./blobs.ts";

/** Blobs in memory, for small images and tests: both a source and a target. */
export function createMemoryBlobs(): BlobSource & BlobTarget & { readonly digests: Iterable<Digest> } {
  const blobs = new Map<Digest, Uint8Array>();
  const require = (digest: Digest): Uint8Array => {
    const bytes = blobs.get(digest);
    if (bytes === undefined) throw fault("BLOB_MISSING", { digest });
    return bytes;
  };
  return {
    get digests() {
      return blobs.keys();
    },
    has: (digest) => blobs.has(digest),
    size: (digest) => blobs.get(digest)?.length,
    async *read(digest, { start = 0 } = {}) {
      yield require(digest).subarray(start);
    },
    readBytes(digest, limit) {
      const bytes = require(digest);
      if (bytes.length > limit) throw fault("BLOB_TOO_LARGE", { digest, size: bytes.length, limit });
      return bytes;
    },
    async write(content, options = {}) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) {
        options.signal?.throwIfAborted();
        chunks.push(chunk);
      }
      const bytes = Buffer.concat(chunks);
      const digester = createDigester(options.digest === undefined ? "sha256" : digestAlgorithm(options.digest));
      digester.update(bytes);
      const digest = digester.digest();
      const expected = options.digest ?? digest;
      if (digest !== expected) throw fault("BLOB_MISMATCH", { expected, actual: digest });
      if (options.size !== undefined && options.size !== bytes.length) {
        throw fault("BLOB_MISMATCH", { expected: `${options.size} bytes`, actual: `${bytes.length} bytes` });
      }
      blobs.set(digest, bytes);
      return { digest, size: bytes.length };
    },
  };
}
