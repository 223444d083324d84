import type { Digest } from "../../oci/digest.ts";
import type { BlobStorage, Upload } from "./blob-storage.ts";
import { createKeyedLock } from "./keyed-lock.ts";
import type { Limit } from "./limits.ts";
import type { Metadata, Refuse } from "./metadata.ts";
import type { Actor } from "./records.ts";
import { removeBlob } from "./remove-blob.ts";
import { RegistryError } from "../terms/registry-error.ts";

/** Where the registry keeps everything. Any driver of one port works with any of the other. */
export interface RegistryStorage {
  readonly blobs: BlobStorage;
  readonly metadata: Metadata;
  /** Blobs whose bytes are being stored: they may lie there without a row yet. Undefined where other servers store some too. */
  readonly arriving: ReadonlySet<Digest> | undefined;
  /** Ends a verified upload: its bytes are durable and a blob of its repository, or it is gone. Throws what a limit does, and nothing is kept then. */
  keepBlob(upload: Upload, digest: Digest, actor: Actor, limits?: readonly Limit[]): Promise<void>;
  /** Takes a blob from a repository, and from the disk when no other has it; false when the repository has no such blob. */
  dropBlob(repository: string, digest: Digest, actor: Actor, onLoss?: Refuse): Promise<boolean>;
}

/**
 * Joins two drivers. Bytes come before their row and go with it, so that a row that lives always has its bytes; what a crash
 * leaves between are bytes without a row. Changes of one blob happen one at a time in this process; those of others are seen by the
 * blob's state.
 * @param options `shared`: other servers have the same storage
 */
export function joinStorage(blobs: BlobStorage, metadata: Metadata, { shared = false } = {}): RegistryStorage {
  const lock = createKeyedLock();
  const arriving = new Set<Digest>();

  const storage = { blobs, metadata };

  return {
    ...storage,
    arriving: shared ? undefined : arriving,

    keepBlob: (upload, digest, actor, limits = []) =>
      lock(digest, async () => {
        const { repository, size } = upload;
        const whole = async (): Promise<boolean> => (await blobs.size(digest, { fresh: true })) === size;
        let stored = false;
        arriving.add(digest);
        try {
          for (;;) {
            const state = await metadata.blobState(digest);
            if (state === "deleting") {
              await removeBlob(storage, digest);
              continue;
            }
            if (state === "unknown" || !(await whole())) {
              if (stored) throw new Error(`${digest} was removed while it was stored`);
              await upload.store(digest);
              stored = true;
            }
            // A collection may have run from its beginning to its end since the bytes were seen; from the row on none can.
            if ((await metadata.addBlob(repository, { digest, size }, actor, limits)) === "added" && (await whole())) return;
          }
        } catch (error) {
          // What another server may be storing too, the collector takes.
          if (stored && !shared && error instanceof RegistryError && (await metadata.claimLeftover(digest))) await removeBlob(storage, digest);
          throw error;
        } finally {
          arriving.delete(digest);
          await upload.cancel();
        }
      }),

    dropBlob: (repository, digest, actor, onLoss) =>
      lock(digest, async () => {
        const outcome = await metadata.unlinkBlob(repository, digest, actor, onLoss);
        if (outcome === "last") await removeBlob(storage, digest);
        return outcome !== "unknown";
      }),
  };
}
