import { digestAlgorithm, digestBytes } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { together } from "../registry/transfer/together.ts";
import { reportBlob } from "../registry/transfer/transfer-progress.ts";
import { fault, isFault } from "../std/fault.ts";
import type { OnProgress } from "../std/progress.ts";
import { Semaphore } from "../std/semaphore.ts";
import type { Sink, Source } from "./place.ts";
import { verified } from "./verified.ts";

export interface BlobTotals {
  readonly bytesSent: number;
  /** Bytes of blobs that were there already or were mounted. */
  readonly bytesSaved: number;
}

/**
 * Brings blobs from a source to a sink, several at once: what is there is left out, what a sister repository has is
 * mounted, the rest streams through memory and is checked on its way.
 * @param options.mounts whether the sink may take blobs from sister repositories; `onMounted` is told when it says to have done so
 */
export async function carryBlobs(
  source: Source, sink: Sink, blobs: Iterable<Descriptor>,
  options: { step: string; budget: Semaphore; mounts: boolean; onMounted: () => void; onProgress?: OnProgress; signal: AbortSignal },
): Promise<BlobTotals> {
  const { budget, mounts, step, onProgress } = options;
  const lanes = sink.lanes === undefined ? budget : new Semaphore(sink.lanes);
  let bytesSent = 0;
  let bytesSaved = 0;
  const carryBlob = async (blob: Descriptor, signal: AbortSignal): Promise<void> => {
    const progress = reportBlob(onProgress, step, "transferring", blob);
    const saved = (how: "exists" | "mounted"): void => {
      bytesSaved += blob.size;
      if (how === "mounted") options.onMounted();
      progress.done(how);
    };
    // A mount finds out in one request whether the blob is in either repository.
    if (mounts && source.repository && sink.blobMount && (await sink.blobMount(blob, source.repository, signal))) return saved("mounted");
    if (await sink.blobHas(blob, signal)) return saved("exists");
    if (mounts && (await sink.blobReuse?.(blob, signal))) return saved("mounted");
    // What has no bytes is read by nobody.
    if (blob.size === 0 && blob.digest !== digestBytes("", digestAlgorithm(blob.digest))) throw fault("CONTENT_MISMATCH", { place: source.name, digest: blob.digest, received: "it is said to have no bytes" });
    const deliver = (afresh: boolean): Promise<void> => {
      const open = (start: number): AsyncIterable<Uint8Array> => {
        const bytes = source.blobOpen(blob, { start, afresh, lend: sink.borrows === true, signal });
        return start > 0 || sink.verifies ? bytes : verified(bytes, blob, source.name);
      };
      return sink.blobPut(blob, open, { onBytes: progress.advance, signal });
    };
    try {
      await deliver(false);
    } catch (error) {
      // A mirror or a proxy may have spoilt it.
      if (!isDamage(error) || signal.aborted) throw error;
      await deliver(true);
    }
    bytesSent += blob.size;
    progress.done();
  };
  const largestFirst = [...blobs].sort((a, b) => b.size - a.size);
  await together(largestFirst.map((blob) => (signal: AbortSignal) => lanes.run(() => carryBlob(blob, signal), signal)), options.signal);
  return { bytesSent, bytesSaved };
}

function isDamage(error: unknown): boolean {
  return isFault(error, "CONTENT_MISMATCH") || isFault(error, "BLOB_MISMATCH") || isFault(error, "BLOB_TRUNCATED");
}
