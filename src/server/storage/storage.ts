import { setTimeout as wait } from "node:timers/promises";
import type { Digest } from "../../oci/digest.ts";
import type { BlobStorage, Upload } from "./blob-storage.ts";
import { createKeyedLock } from "./keyed-lock.ts";
import type { Metadata, Refuse } from "./metadata.ts";
import type { Actor } from "./records.ts";

/** How long a push waits for the removal of the same blob by another process, in milliseconds. */
const PATIENCE = 40_000;
/** A removal that takes longer was left by a process that died. */
const ABANDONED = 30_000;

/** Where the registry keeps everything. Any driver of one port works with any of the other. */
export interface RegistryStorage {
  readonly blobs: BlobStorage;
  readonly metadata: Metadata;
  /** Blobs whose bytes are being stored: they may lie there without a row yet. */
  readonly arriving: ReadonlySet<Digest>;
  /** Ends a verified upload: its bytes are durable and a blob of its repository, or it is gone. */
  keepBlob(upload: Upload, digest: Digest, actor: Actor): Promise<void>;
  /** Takes a blob from a repository, and from the disk when no other has it; false when the repository has no such blob. */
  dropBlob(repository: string, digest: Digest, actor: Actor, onLoss?: Refuse): Promise<boolean>;
  /** Removes the bytes of a blob that is "deleting", and then its row. For who has made it so, or has outlived who did. */
  removeBlob(digest: Digest): Promise<void>;
}

/**
 * Joins two drivers. Bytes come before their row and go after it, so that a row always has its bytes; what a crash
 * leaves between are bytes without a row. Changes of one blob happen one at a time in this process; those of others are seen by the
 * blob's state.
 */
export function joinStorage(blobs: BlobStorage, metadata: Metadata): RegistryStorage {
  const lock = createKeyedLock();
  const arriving = new Set<Digest>();

  const removeBlob = async (digest: Digest): Promise<void> => {
    await blobs.delete(digest);
    await metadata.forgetBlob(digest);
  };

  const waitForRemoval = async (digest: Digest, deadline: number): Promise<void> => {
    if ((await metadata.abandonedBlobs(Date.now() - ABANDONED)).includes(digest)) return removeBlob(digest);
    if (Date.now() > deadline) throw new Error(`another process does not finish the removal of ${digest}`);
    await wait(20);
  };

  return {
    blobs,
    metadata,
    removeBlob,
    arriving,

    keepBlob: (upload, digest, actor) =>
      lock(digest, async () => {
        const { repository, size } = upload;
        const deadline = Date.now() + PATIENCE;
        let stored = false;
        arriving.add(digest);
        try {
          for (;;) {
            const state = await metadata.blobState(digest);
            if (state === "deleting") {
              await waitForRemoval(digest, deadline);
              continue;
            }
            if (state === "unknown" || (await blobs.size(digest, { fresh: true })) !== size) {
              if (stored) throw new Error(`${digest} was removed while it was stored`);
              await upload.store(digest);
              stored = true;
            }
            if ((await metadata.addBlob(repository, { digest, size }, actor)) === "added") return;
          }
        } finally {
          arriving.delete(digest);
          await upload.cancel();
        }
      }),

    dropBlob: (repository, digest, actor, onLoss) =>
      lock(digest, async () => {
        const outcome = await metadata.unlinkBlob(repository, digest, actor, onLoss);
        if (outcome === "last") await removeBlob(digest);
        return outcome !== "unknown";
      }),
  };
}
