import type { Document, Sink } from "../../carry/place.ts";
import { digestAlgorithm } from "../../oci/digest.ts";
import { checkManifest } from "../check-manifest.ts";
import { describeManifest } from "../storage/describe-manifest.ts";
import type { Actor } from "../storage/records.ts";
import type { RegistryStorage } from "../storage/storage.ts";
import type { ImmutableTags } from "../terms/immutable-tags.ts";
import { refusal } from "../terms/refusals.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** A tag of this registry that something is copied to. */
export function storageSink(storage: RegistryStorage, repository: string, options: { tag: string; immutable: ImmutableTags; actor: Actor }): Sink {
  const { metadata, blobs } = storage;
  const { immutable, actor } = options;
  const put = async ({ bytes, mediaType, digest }: Document, tag: string | undefined): Promise<void> => {
    const references = checkManifest(Buffer.from(bytes), mediaType);
    const onMove = (moved: string): void => {
      if (immutable(repository, moved)) throw refusal("immutableMoved", { tag: moved, repository }, { as: "DENIED" });
    };
    const missing = await metadata.putManifest(repository, { ...describeManifest(bytes, digest), bytes: Buffer.from(bytes) }, { tags: tag === undefined ? [] : [tag], references, sparse: "nothing", actor, onMove });
    if (missing.length > 0) throw new RegistryError("MANIFEST_BLOB_UNKNOWN", `${digest} names content that was not copied: ${missing[0]!}`);
  };
  return {
    name: `${repository}:${options.tag}`,
    holds: "anything",
    verifies: true,
    async manifestHas(digest) {
      if (!(await metadata.hasManifest(repository, digest))) return false;
      await metadata.leaseManifest(repository, digest);
      return true;
    },
    blobHas: async ({ digest, size }) => (await metadata.leaseBlob(repository, digest)) === size && (await blobs.size(digest)) === size,
    async blobPut({ digest, size }, open, { onBytes }) {
      if ((await blobs.size(digest)) === size && (await metadata.mountBlob(repository, digest, { actor }))) return;
      const upload = await blobs.uploads.create(repository, digestAlgorithm(digest));
      if (!upload) throw new RegistryError("TOOMANYREQUESTS", "too many uploads are open");
      const outcome = await upload.exclusively(async () => {
        try {
          const whole = await upload.append(open(0), size);
          if (!whole || upload.size !== size || !(await upload.verify(digest))) throw new RegistryError("DIGEST_INVALID", `the other registry sent other bytes than those of ${digest}`);
          await storage.keepBlob(upload, digest, actor);
          onBytes(size);
        } finally {
          await upload.cancel();
        }
      });
      if (outcome !== "done") throw new Error(`the copy of ${digest} was ended`);
    },
    manifestPut: (document, { tag }) => put(document, tag),
    finish: (root) => put(root, options.tag),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
