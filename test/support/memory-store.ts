import { sha256, type Digest } from "../../src/oci/digest.ts";
import type { Descriptor } from "../../src/oci/manifest.ts";
import { mediaType } from "../../src/oci/media-type.ts";
import type { BlobSource, BlobTarget, PushableImage } from "../../src/registry/index.ts";
import { fault } from "../../src/std/fault.ts";

/** Blobs in memory, for both ends of a transfer. */
export interface MemoryStore extends BlobSource, BlobTarget {
  readonly blobs: Map<Digest, Uint8Array>;
  add(content: Uint8Array | string, mediaType?: string): Descriptor;
}

export function createMemoryStore(): MemoryStore {
  const blobs = new Map<Digest, Uint8Array>();
  return {
    blobs,
    add(content, type = mediaType.ociLayer) {
      const bytes = Buffer.from(content);
      const digest = sha256(bytes);
      blobs.set(digest, bytes);
      return { mediaType: type, digest, size: bytes.length };
    },
    has: (digest) => blobs.has(digest),
    async write(source, options) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of source) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const digest = sha256(bytes);
      if (options.digest && options.digest !== digest) throw fault("BLOB_MISMATCH", { expected: options.digest, actual: digest });
      blobs.set(digest, bytes);
      return { digest };
    },
    async *read(digest, { start = 0 } = {}) {
      const bytes = blobs.get(digest);
      if (!bytes) throw fault("BLOB_MISSING", { digest });
      for (let at = start; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
  };
}

/** An image of these layers, whose config and layers lie in the store. */
export function addImage(store: MemoryStore, layers: readonly (Uint8Array | string)[], platform: { os: string; architecture: string } = { os: "linux", architecture: "amd64" }): PushableImage & { readonly digest: Digest } {
  const descriptors = layers.map((layer) => store.add(layer));
  const config = store.add(JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: descriptors.map(({ digest }) => digest) } }), mediaType.ociConfig);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociManifest, config, layers: descriptors }));
  return { manifest: { bytes, mediaType: mediaType.ociManifest }, config, layers: descriptors, digest: sha256(bytes) };
}
