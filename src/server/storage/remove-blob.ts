import type { Digest } from "../../oci/digest.ts";
import type { BlobStorage } from "./blob-storage.ts";
import type { Metadata } from "./metadata.ts";

/**
 * Ends a blob that is "deleting", whoever has made it so: its bytes are taken away in the very transaction that finds it so and
 * forgets it. Therefore nobody needs to wait for anybody: a push ends the removal itself and stores its bytes, and a collector
 * that slept meanwhile finds a blob that lives, and leaves it. A claim with a time limit cannot promise that, since a process may stop between
 * its last look and the removal. Only the renaming is in the transaction; the disk is freed afterwards.
 * @returns false when it was not "deleting" any more
 */
export async function removeBlob({ blobs, metadata }: { readonly blobs: Pick<BlobStorage, "removal">; readonly metadata: Pick<Metadata, "forgetBlob"> }, digest: Digest): Promise<boolean> {
  const removal = blobs.removal(digest);
  try {
    return await metadata.forgetBlob(digest, removal.takeAway);
  } finally {
    await removal.free();
  }
}
